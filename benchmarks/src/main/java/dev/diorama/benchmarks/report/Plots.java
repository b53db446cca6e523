package dev.diorama.benchmarks.report;

import dev.diorama.benchmarks.Measurement;
import java.awt.Color;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.internal.chartpart.IChart;
import org.knowm.xchart.style.Styler;

/** A report as pictures: times beside the rival's, shares of the floor, growth. */
public final class Plots {
  private static final Color OURS = new Color(0x2a6f97);
  private static final Color RIVAL = new Color(0xc9ada7);
  private static final Color FLOOR = new Color(0x9a9a9a);

  private Plots() {}

  /**
   * Writes time.png, share.png, growth.png and splat-growth.png, each where the report has
   * something to show.
   *
   * @return the files written
   */
  public static List<Path> write(Report report, Path folder) throws IOException {
    List<Path> written = new ArrayList<>();
    List<Measurement> beside =
        report.results().stream().filter(m -> m.rivalMedianMs() != null).toList();
    if (!beside.isEmpty()) {
      written.add(save(times(beside), folder.resolve("time.png")));
    }
    List<Measurement> floored = report.results().stream().filter(m -> m.floorMs() > 0).toList();
    if (!floored.isEmpty()) {
      written.add(save(shares(floored), folder.resolve("share.png")));
    }
    List<Measurement> sequences = of(report.growth(), "attention");
    if (!sequences.isEmpty()) {
      written.add(save(growth(sequences), folder.resolve("growth.png")));
    }
    List<Measurement> scenes = of(report.growth(), "splat");
    if (!scenes.isEmpty()) {
      written.add(save(SplatPlot.of(scenes), folder.resolve("splat-growth.png")));
    }
    return written;
  }

  private static List<Measurement> of(List<Measurement> cases, String operation) {
    return cases.stream().filter(m -> m.operation().equals(operation)).toList();
  }

  private static CategoryChart times(List<Measurement> cases) {
    CategoryChart chart =
        bars("Time relative to the rival's (lower is better)", "rival = 1", cases.size());
    List<String> names = cases.stream().map(Plots::label).toList();
    chart.addSeries("Diorama", names, cases.stream().map(m -> 1 / m.speedup()).toList());
    chart.addSeries(cases.getFirst().rival(), names, cases.stream().map(m -> 1.0).toList());
    return chart;
  }

  private static CategoryChart shares(List<Measurement> cases) {
    CategoryChart chart = bars("Share of the machine's measured limit", "%", cases.size());
    List<String> names = cases.stream().map(Plots::label).toList();
    chart.addSeries("Diorama", names, cases.stream().map(m -> 100 * m.share()).toList());
    return chart;
  }

  private static XYChart growth(List<Measurement> cases) {
    XYChart chart =
        new XYChartBuilder()
            .width(900)
            .height(560)
            .title("How attention grows with the sequence")
            .xAxisTitle("tokens")
            .yAxisTitle("ms")
            .build();
    chart.getStyler().setXAxisLogarithmic(true).setYAxisLogarithmic(true);
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    chart.getStyler().setLegendPosition(Styler.LegendPosition.InsideNW);
    List<Double> tokens = cases.stream().map(m -> Math.sqrt(m.flops() / (4 * 128))).toList();
    chart.getStyler().setSeriesColors(new Color[] {OURS, FLOOR, RIVAL});
    chart.addSeries("Diorama", tokens, cases.stream().map(Measurement::medianMs).toList());
    chart.addSeries("floor", tokens, cases.stream().map(Measurement::floorMs).toList());
    List<Measurement> rivals = cases.stream().filter(m -> m.rivalMedianMs() != null).toList();
    if (!rivals.isEmpty()) {
      chart.addSeries(
          rivals.getFirst().rival(),
          rivals.stream().map(m -> Math.sqrt(m.flops() / (4 * 128))).toList(),
          rivals.stream().map(Measurement::rivalMedianMs).toList());
    }
    return chart;
  }

  private static CategoryChart bars(String title, String axis, int bars) {
    CategoryChart chart =
        new CategoryChartBuilder()
            .width(1100)
            .height(120 + 50 * bars)
            .title(title)
            .yAxisTitle(axis)
            .build();
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    chart.getStyler().setLegendPosition(Styler.LegendPosition.OutsideS);
    chart.getStyler().setLegendLayout(Styler.LegendLayout.Horizontal);
    chart.getStyler().setXAxisLabelRotation(60);
    chart.getStyler().setXAxisMaxLabelCount(Math.max(bars, 2));
    chart.getStyler().setXAxisTickMarkSpacingHint(10);
    chart.getStyler().setAvailableSpaceFill(0.8);
    chart.getStyler().setSeriesColors(new Color[] {OURS, RIVAL});
    chart.getStyler().setYAxisMin(0.0);
    return chart;
  }

  private static String label(Measurement m) {
    String name = m.key().replace(" f32", "");
    return name.length() > 44 ? name.substring(0, 43) + "…" : name;
  }

  private static Path save(IChart chart, Path file) throws IOException {
    ImageIO.write(BitmapEncoder.getBufferedImage(chart), "png", file.toFile());
    return file;
  }
}

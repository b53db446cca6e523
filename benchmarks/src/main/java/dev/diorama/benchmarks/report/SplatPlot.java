package dev.diorama.benchmarks.report;

import dev.diorama.benchmarks.Measurement;
import java.awt.Color;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler;

/** How a frame's time grows with the number of Gaussians. */
final class SplatPlot {
  private static final Pattern COUNT = Pattern.compile("^procedural n(\\d+) ");

  private SplatPlot() {}

  static XYChart of(List<Measurement> cases) {
    XYChart chart =
        new XYChartBuilder()
            .width(900)
            .height(560)
            .title("How a frame of 648x420 grows with the scene")
            .xAxisTitle("Gaussians")
            .yAxisTitle("ms")
            .build();
    chart.getStyler().setXAxisLogarithmic(true).setYAxisLogarithmic(true);
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    chart.getStyler().setLegendPosition(Styler.LegendPosition.InsideNW);
    List<Measurement> counted =
        cases.stream()
            .filter(m -> m.name().endsWith(" 648x420") && count(m) > 0)
            .sorted(Comparator.comparingDouble(SplatPlot::count))
            .toList();
    List<Double> counts = counted.stream().map(SplatPlot::count).toList();
    chart.addSeries("Diorama", counts, counted.stream().map(Measurement::medianMs).toList());
    chart.addSeries("floor", counts, counted.stream().map(Measurement::floorMs).toList());
    return chart;
  }

  private static double count(Measurement m) {
    Matcher matcher = COUNT.matcher(m.name());
    return matcher.find() ? Double.parseDouble(matcher.group(1)) : 0;
  }
}

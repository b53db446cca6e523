package dev.diorama.cli;

import dev.diorama.media.Partial;
import dev.diorama.splat.fit.Evaluation;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import javax.imageio.ImageIO;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** How PSNR and SSIM of held-out views grew, as a PNG. */
final class FitPlot {
  private static final int WIDTH = 760;
  private static final int HEIGHT = 420;

  private FitPlot() {}

  /** Replaces the file when the picture is whole. */
  static void write(List<Evaluation> history, String title, Path file) throws IOException {
    write(draw(history, title), file);
  }

  static void write(BufferedImage image, Path file) throws IOException {
    try (Partial partial = Partial.file(file)) {
      if (!ImageIO.write(image, "png", partial.path().toFile())) {
        throw new IOException("cannot write %s: no PNG encoder".formatted(file));
      }
      partial.commit();
    }
  }

  private static BufferedImage draw(List<Evaluation> history, String title) {
    Evaluation last = history.getLast();
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(
                String.format(
                    Locale.ROOT,
                    "%s: %.2f dB, SSIM %.4f, %d Gaussians, %.1f minutes",
                    title,
                    last.psnr(),
                    last.ssim(),
                    last.gaussians(),
                    last.seconds() / 60))
            .xAxisTitle("iterations")
            .build();
    chart.setYAxisGroupTitle(0, "PSNR of " + last.views() + " views in dB");
    chart.setYAxisGroupTitle(1, "SSIM");
    chart
        .getStyler()
        .setYAxisGroupPosition(1, org.knowm.xchart.style.Styler.YAxisPosition.Right)
        .setLegendPosition(LegendPosition.InsideSE)
        .setChartBackgroundColor(Color.WHITE);
    double[] iterations = history.stream().mapToDouble(Evaluation::iteration).toArray();
    double[] psnr = history.stream().mapToDouble(Evaluation::psnr).toArray();
    double[] ssim = history.stream().mapToDouble(Evaluation::ssim).toArray();
    XYSeries first = chart.addSeries("PSNR", iterations, psnr);
    first.setMarker(SeriesMarkers.CIRCLE).setYAxisGroup(0);
    XYSeries second = chart.addSeries("SSIM", iterations, ssim);
    second.setMarker(SeriesMarkers.DIAMOND).setYAxisGroup(1);
    return BitmapEncoder.getBufferedImage(chart);
  }
}

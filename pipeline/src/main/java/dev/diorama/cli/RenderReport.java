package dev.diorama.cli;

import dev.diorama.SplatStats;
import dev.diorama.media.Output;
import dev.diorama.splat.Camera;
import dev.diorama.splat.CameraPath;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** The result of {@code diorama render}. */
final class RenderReport {
  private final Output output;
  private final CameraPath path;
  private final int gaussians;
  private final List<SplatStats> stats = new ArrayList<>();

  RenderReport(Output output, CameraPath path, int gaussians) {
    this.output = output;
    this.path = path;
    this.gaussians = gaussians;
  }

  /** Takes the figures of one frame. */
  void add(SplatStats frame) {
    stats.add(frame);
  }

  /** One line for people. */
  String line(Map<String, Double> seconds) {
    Camera camera = path.cameras().getFirst();
    return "%s: %d %s of %dx%d, %d Gaussians, %.1f ms of drawing for each, made in %.1f s"
        .formatted(
            output.path(),
            stats.size(),
            stats.size() == 1 ? "frame" : "frames",
            camera.width(),
            camera.height(),
            gaussians,
            milliseconds().values().stream().mapToDouble(Double::doubleValue).sum(),
            seconds.values().stream().mapToDouble(Double::doubleValue).sum());
  }

  /** The same for machines. */
  Map<String, Object> values(Map<String, Double> seconds) {
    Camera camera = path.cameras().getFirst();
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("output", output.path().toAbsolutePath().normalize().toString());
    values.put("format", output.format().name().toLowerCase(Locale.ROOT));
    values.put("frames", stats.size());
    values.put("width", camera.width());
    values.put("height", camera.height());
    values.put("fps", path.fps());
    values.put("gaussians", gaussians);
    values.put("visible", (long) median(SplatStats::visible));
    values.put("intersections", (long) median(SplatStats::intersections));
    values.put("milliseconds", milliseconds());
    values.put("seconds", seconds);
    return values;
  }

  /** The medians of a frame's parts. */
  private Map<String, Double> milliseconds() {
    Map<String, Double> parts = new LinkedHashMap<>();
    parts.put("project", rounded(median(SplatStats::projectMs)));
    parts.put("bin", rounded(median(SplatStats::binMs)));
    parts.put("sort", rounded(median(SplatStats::sortMs)));
    parts.put("raster", rounded(median(SplatStats::rasterMs)));
    return parts;
  }

  private double median(ToDoubleFunction<SplatStats> value) {
    double[] sorted = stats.stream().mapToDouble(value).sorted().toArray();
    return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
  }

  private static double rounded(double milliseconds) {
    return Math.round(milliseconds * 1e3) / 1e3;
  }
}

package dev.diorama.cli;

import dev.diorama.media.Clip;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * The result of {@code diorama video}.
 *
 * @param writer the finished output
 * @param latents the file of latents that is there, or null
 */
record Report(VideoWriter writer, Path latents) {

  /** One line for people. */
  String line(Progress progress) {
    Clip clip = writer.clip();
    int scale = writer.scale();
    String enlarged =
        scale == 1
            ? ""
            : " (%dx%d enlarged %d times for viewing)"
                .formatted(clip.width(), clip.height(), scale);
    double total = progress.times().values().stream().mapToDouble(Double::doubleValue).sum();
    String line =
        "%s: %d frames of %dx%d%s, %s a second%s, made in %.1f s"
            .formatted(
                writer.output().path(),
                writer.frames(),
                clip.width() * scale,
                clip.height() * scale,
                enlarged,
                number(clip.fps()),
                clip.metadata().containsKey("seed") ? ", seed " + clip.metadata().get("seed") : "",
                total);
    return latents == null ? line : line + "; latents: " + latents;
  }

  private static String number(double value) {
    return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
  }

  /** The same for machines. */
  Map<String, Object> values(Progress progress) {
    Clip clip = writer.clip();
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("output", writer.output().path().toAbsolutePath().normalize().toString());
    values.put("format", writer.output().format().name().toLowerCase(Locale.ROOT));
    values.put("frames", writer.frames());
    values.put("width", clip.width() * writer.scale());
    values.put("height", clip.height() * writer.scale());
    values.put("scale", writer.scale());
    values.put("fps", clip.fps());
    values.put("metadata", clip.metadata());
    values.put("latents", latents == null ? null : latents.toString());
    values.put("seconds", progress.times());
    return values;
  }
}

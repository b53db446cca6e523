package dev.diorama.media;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * What a video file says of itself besides its frames.
 *
 * @param width pixels in a row
 * @param height rows
 * @param fps frames a second
 * @param metadata what is written into the file's metadata, in this order; {@code prompt} also
 *     becomes the description where a format has one
 */
public record Clip(int width, int height, double fps, Map<String, String> metadata) {

  /** Checks the sizes and copies the metadata. */
  public Clip {
    if (width < 1 || height < 1 || width > 65535 || height > 65535) {
      throw new IllegalArgumentException(
          "a video of %dx%d pixels is not possible".formatted(width, height));
    }
    if (!(fps > 0) || fps > 1000) {
      throw new IllegalArgumentException(
          "a video of %s frames a second is not possible".formatted(fps));
    }
    metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
    metadata.forEach((k, v) -> Objects.requireNonNull(v, () -> "metadata without a value: " + k));
  }

  /** The same video with every side {@code scale} times as long. */
  public Clip enlarged(int scale) {
    return new Clip(
        Math.multiplyExact(width, scale), Math.multiplyExact(height, scale), fps, metadata);
  }

  int samples() {
    return Math.multiplyExact(Math.multiplyExact(width, height), 3);
  }

  void check(int length) {
    if (length != samples()) {
      throw new IllegalArgumentException(
          "a frame of %dx%d has %d samples, got %d".formatted(width, height, samples(), length));
    }
  }
}

package dev.diorama.media;

import java.io.IOException;

/** Enlarges frames by a whole factor with Lanczos, for viewing; hands them on to another sink. */
public final class Upscale implements FrameSink {
  private final Clip clip;
  private final int scale;
  private final FrameSink next;

  private Upscale(Clip clip, int scale, FrameSink next) {
    this.clip = clip;
    this.scale = scale;
    this.next = next;
  }

  /**
   * Opens an output for frames of {@code clip}'s size that are written {@code scale} times as
   * large.
   *
   * @throws MediaException with a sentence for the user when the place or the size is not possible
   */
  public static FrameSink open(Output output, Clip clip, int scale) throws MediaException {
    if (scale < 1) {
      throw new IllegalArgumentException("the scale must be at least 1, got " + scale);
    }
    if (scale == 1) {
      return output.open(clip);
    }
    if (!output.format().isForViewing()) {
      throw new MediaException(
          "cannot write %s: safetensors hold the model's own frames, never enlarged"
              .formatted(output.path()));
    }
    return new Upscale(clip, scale, output.open(clip.enlarged(scale)));
  }

  @Override
  public void add(float[] rgb) throws IOException {
    add(Samples.toBytes(rgb));
  }

  @Override
  public void add(byte[] rgb) throws IOException {
    clip.check(rgb.length);
    next.add(
        Resample.resize(
            rgb,
            clip.width(),
            clip.height(),
            3,
            clip.width() * scale,
            clip.height() * scale,
            Resample.Filter.LANCZOS));
  }

  @Override
  public void commit() throws IOException {
    next.commit();
  }

  @Override
  public void close() {
    next.close();
  }
}

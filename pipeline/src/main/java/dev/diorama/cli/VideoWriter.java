package dev.diorama.cli;

import dev.diorama.media.Clip;
import dev.diorama.media.FrameSink;
import dev.diorama.media.Output;
import dev.diorama.media.Upscale;
import dev.diorama.video.FrameConsumer;
import dev.diorama.video.VideoFrame;
import java.io.IOException;
import java.util.Map;

/** Hands a video's frames to its output, enlarged for viewing where that is wanted. */
final class VideoWriter implements FrameConsumer, AutoCloseable {
  private static final int PLEASANT_SIDE = 256;

  private final Output output;
  private final Integer wantedScale;
  private double fps;
  private Map<String, String> metadata;
  private Clip clip;
  private int scale;
  private FrameSink sink;
  private int frames;

  /**
   * Prepares writing.
   *
   * @param scale how many times to enlarge, or null for a pleasant size
   */
  VideoWriter(Output output, Integer scale) {
    this.output = output;
    this.wantedScale = scale;
  }

  /** Opens the output, before the long work, for frames whose size is known. */
  void open(int width, int height, double framesPerSecond, Map<String, String> tags)
      throws IOException {
    fps = framesPerSecond;
    metadata = tags;
    open(width, height);
  }

  /** Lets the first frame say how large the video is. */
  void openAtFirstFrame(double framesPerSecond, Map<String, String> tags) {
    fps = framesPerSecond;
    metadata = tags;
  }

  private void open(int width, int height) throws IOException {
    try {
      clip = new Clip(width, height, fps, metadata);
      scale = wantedScale != null ? wantedScale : pleasantScale(width, height);
      sink = Upscale.open(output, clip, scale);
    } catch (IllegalArgumentException e) {
      throw new UsageException(e);
    }
  }

  private int pleasantScale(int width, int height) {
    int side = Math.min(width, height);
    return output.format().isForViewing() ? Math.max(1, PLEASANT_SIDE / side) : 1;
  }

  @Override
  public void accept(VideoFrame frame) throws IOException {
    if (sink == null) {
      open(frame.width(), frame.height());
    }
    if (output.format().isForViewing()) {
      sink.add(frame.rgb8());
    } else {
      sink.add(frame.rgb());
    }
    frames++;
  }

  void commit() throws IOException {
    sink.commit();
  }

  Output output() {
    return output;
  }

  Clip clip() {
    return clip;
  }

  int scale() {
    return scale;
  }

  int frames() {
    return frames;
  }

  @Override
  public void close() {
    if (sink != null) {
      sink.close();
    }
  }
}

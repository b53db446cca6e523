package dev.diorama.video;

import dev.diorama.Backend;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A video model: a directory in the diffusers layout, opened on a backend. The weights are mapped once
 * and shared by every {@link VideoGenerator}; safe from many threads.
 */
public final class VideoModel implements AutoCloseable {

  private VideoModel() {}

  /**
   * Opens a model directory. Reads configurations only; weights are mapped when they are first used.
   *
   * @param directory the folder that holds {@code model_index.json}
   * @param backend where the model runs; must stay open longer than the model
   * @return the model
   * @throws IOException when a file cannot be read, with a sentence that names it
   */
  public static VideoModel open(Path directory, Backend backend) throws IOException {
    throw new UnsupportedOperationException();
  }

  /**
   * The model's own values for everything but the prompt.
   *
   * @return a request with an empty prompt
   */
  public VideoRequest defaults() {
    throw new UnsupportedOperationException();
  }

  /**
   * Checks a request against this model, cheaply: no weights are read.
   *
   * @param request the request
   * @throws IllegalArgumentException with one sentence that says what is wrong and what would be right
   */
  public void check(VideoRequest request) {
    throw new UnsupportedOperationException();
  }

  /**
   * A worker on this model, for one thread at a time.
   *
   * @return a new generator, to be closed before the model
   */
  public VideoGenerator newGenerator() {
    throw new UnsupportedOperationException();
  }

  /**
   * The name of the model's folder.
   *
   * @return for example {@code nano}
   */
  public String name() {
    throw new UnsupportedOperationException();
  }

  /**
   * What width and height must be multiples of.
   *
   * @return pixels
   */
  public int sizeMultiple() {
    throw new UnsupportedOperationException();
  }

  /**
   * Frames of video that one latent frame after the first stands for: a video has {@code 1 + n * stride}
   * frames.
   *
   * @return frames
   */
  public int frameStride() {
    throw new UnsupportedOperationException();
  }

  /**
   * Whether a request may, must or must not bring a first frame.
   *
   * @return the rule
   */
  public ImageUse imageUse() {
    throw new UnsupportedOperationException();
  }

  /** What a model does with a first frame. */
  public enum ImageUse {
    /** Text only. */
    NONE,
    /** With or without. */
    OPTIONAL,
    /** Image to video only. */
    REQUIRED
  }

  @Override
  public void close() {}
}

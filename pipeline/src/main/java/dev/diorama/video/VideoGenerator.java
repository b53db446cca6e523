package dev.diorama.video;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CancellationException;

/**
 * Runs requests on a {@link VideoModel}, one after the other, with a context of its own. Used by one
 * thread at a time; a second one gets an {@link IllegalStateException}. Many generators work side by
 * side on one model.
 */
public final class VideoGenerator implements AutoCloseable {

  VideoGenerator() {}

  /**
   * Makes a video. The request is checked first; its latents are written, where it asks for that, before
   * they are decoded.
   *
   * @param request what to make
   * @param consumer receives each frame when it is decoded
   * @param listener hears about the progress
   * @param token may cancel the work from another thread
   * @throws IllegalArgumentException when the request does not fit the model
   * @throws CancellationException when the token was cancelled
   * @throws IOException when weights cannot be read, or latents or frames not written
   */
  public void generate(
      VideoRequest request,
      FrameConsumer consumer,
      ProgressListener listener,
      CancellationToken token)
      throws IOException {
    throw new UnsupportedOperationException();
  }

  /**
   * Decodes latents that an earlier request kept.
   *
   * @param latents the file
   * @param consumer receives each frame when it is decoded
   * @param listener hears about the progress
   * @param token may cancel the work from another thread
   * @throws CancellationException when the token was cancelled
   * @throws IOException when the file is not one of this model's latents, or frames cannot be written
   */
  public void decode(
      Path latents, FrameConsumer consumer, ProgressListener listener, CancellationToken token)
      throws IOException {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {}
}

package dev.diorama.model.vae;

import dev.diorama.Context;
import dev.diorama.Tensor;
import java.io.IOException;

/**
 * Turns video into latents and latents into video. Holds weights only; safe from many threads, each
 * with a context of its own.
 */
public interface VideoCodec extends AutoCloseable {

  /**
   * Channels of a latent.
   *
   * @return for example 16
   */
  int latentChannels();

  /**
   * Pixels of height or width that one latent stands for.
   *
   * @return for example 8
   */
  int spatialStride();

  /**
   * Frames that one latent frame after the first stands for: 1 + n * stride frames become 1 + n.
   *
   * @return for example 4
   */
  int temporalStride();

  /**
   * Encodes a video.
   *
   * @param context where to compute
   * @param video where the pixels come from
   * @param size of the video
   * @param latents receives the latents as a denoiser sees them, [channels, frames, height, width]
   *     in any strides
   * @param checkpoint called between layers; what it throws ends the work
   */
  void encode(Context context, FrameSource video, Size size, Tensor latents, Runnable checkpoint);

  /**
   * Decodes latents, a latent frame at a time.
   *
   * @param context where to compute
   * @param latents what a denoiser made, [channels, frames, height, width] in any strides
   * @param sink receives the frames in order
   * @param checkpoint called between layers; what it throws ends the work
   * @throws IOException when the sink fails
   */
  void decode(Context context, Tensor latents, PixelSink sink, Runnable checkpoint)
      throws IOException;

  @Override
  void close();

  /**
   * The size of a video.
   *
   * @param frames number of frames
   * @param height rows
   * @param width pixels in a row
   */
  record Size(int frames, int height, int width) {}

  /** Gives the pixels of a video. */
  @FunctionalInterface
  interface FrameSource {

    /**
     * Fills consecutive frames.
     *
     * @param first number of the first one
     * @param pixels [1, frames, height, width, 3], to be filled with -1 to 1
     */
    void read(int first, Tensor pixels);
  }

  /** Takes the pixels of a video. */
  @FunctionalInterface
  interface PixelSink {

    /**
     * Takes consecutive frames.
     *
     * @param first number of the first one
     * @param pixels [1, frames, height, width, 3] in 0 to 1, valid until this returns
     * @throws IOException when they cannot be passed on
     */
    void write(int first, Tensor pixels) throws IOException;
  }
}

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
   * Encodes a video as a whole.
   *
   * @param context where to compute
   * @param video where the pixels come from
   * @param size of the video
   * @param latents receives the latents as a denoiser sees them, [channels, frames, height, width]
   *     in any strides
   * @param checkpoint called between layers; what it throws ends the work
   */
  default void encode(
      Context context, FrameSource video, Size size, Tensor latents, Runnable checkpoint) {
    encode(context, video, size, Tiles.NONE, latents, checkpoint);
  }

  /**
   * About the memory that encoding takes beside the weights, for whoever has little.
   *
   * @param size of the video
   * @param tiles how frames are cut
   * @return bytes
   */
  long encodeBytes(Size size, Tiles tiles);

  /**
   * Whether tiles spare memory when encoding; without, frames are encoded whole in any case.
   *
   * @return true for Wan's, unless a layer in front of the middle sees the whole picture
   */
  boolean encodesInTiles();

  /**
   * Encodes a video. In tiles it takes less memory and gives the same latents: tiles overlap by as
   * much as the layers can see.
   *
   * @param context where to compute
   * @param video where the pixels come from
   * @param size of the video
   * @param tiles how frames are cut
   * @param latents receives the latents as a denoiser sees them, [channels, frames, height, width]
   *     in any strides
   * @param checkpoint called between layers; what it throws ends the work
   */
  void encode(
      Context context,
      FrameSource video,
      Size size,
      Tiles tiles,
      Tensor latents,
      Runnable checkpoint);

  /**
   * Decodes latents, a latent frame at a time, as a whole.
   *
   * @param context where to compute
   * @param latents what a denoiser made, [channels, frames, height, width] in any strides
   * @param sink receives the frames in order
   * @param checkpoint called between layers; what it throws ends the work
   * @throws IOException when the sink fails
   */
  default void decode(Context context, Tensor latents, PixelSink sink, Runnable checkpoint)
      throws IOException {
    decode(context, latents, Tiles.NONE, sink, checkpoint);
  }

  /**
   * About the memory that decoding takes beside the weights, for whoever has little.
   *
   * @param latents the shape of the latents, [channels, frames, height, width]
   * @param tiles how frames are cut
   * @return bytes
   */
  long decodeBytes(long[] latents, Tiles tiles);

  /**
   * Whether tiles spare memory; a codec that takes little decodes whole frames in any case.
   *
   * @return true for Wan's
   */
  boolean decodesInTiles();

  /**
   * Decodes latents, a latent frame at a time. In tiles it takes less memory and gives the same
   * pixels: tiles overlap by as much as the layers can see.
   *
   * @param context where to compute
   * @param latents what a denoiser made, [channels, frames, height, width] in any strides
   * @param tiles how frames are cut
   * @param sink receives the frames in order
   * @param checkpoint called between layers; what it throws ends the work
   * @throws IOException when the sink fails
   */
  void decode(Context context, Tensor latents, Tiles tiles, PixelSink sink, Runnable checkpoint)
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

  /**
   * How frames are cut.
   *
   * @param rows tiles from top to bottom
   * @param columns tiles from left to right
   */
  record Tiles(int rows, int columns) {
    /** Whole frames. */
    public static final Tiles NONE = new Tiles(1, 1);

    /** A quarter of a frame each. */
    public static final Tiles FOUR = new Tiles(2, 2);

    /** Below this, tiles are mostly margin. */
    private static final int SMALLEST = 8;

    /**
     * Whether smaller tiles make sense.
     *
     * @param latents the shape of the latents, [channels, frames, height, width]
     * @return false when they would be smaller than what they depend on
     */
    public boolean canBeSmaller(long[] latents) {
      Tiles next = smaller(latents);
      return latents[2] / next.rows >= SMALLEST && latents[3] / next.columns >= SMALLEST;
    }

    /**
     * More tiles, cut where they are longest.
     *
     * @param latents the shape of the latents, [channels, frames, height, width]
     * @return the next finer cut
     */
    public Tiles smaller(long[] latents) {
      boolean tall = latents[2] / rows > latents[3] / columns;
      return tall ? new Tiles(rows + 1, columns) : new Tiles(rows, columns + 1);
    }
  }

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

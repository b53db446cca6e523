package dev.diorama.video;

import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.Scope;
import dev.diorama.Tensor;
import dev.diorama.model.vae.VideoCodec;

/**
 * What the transformer sees of the first frame, and where the latents lie in what it reads.
 *
 * @param input what it reads, [input channels, frames, height, width]
 * @param latents what the sampler moves, [latent channels, frames, height, width]; may be a part of
 *     input
 * @param firstFrame the encoded first frame [latent channels, 1, height, width] that replaces the
 *     first latent frame in every input, or null
 */
record Conditioning(Tensor input, Tensor latents, Tensor firstFrame) {

  /** From text alone: the model reads the latents. */
  static Conditioning none(Scope scope, long[] shape) {
    Tensor latents = scope.tensor(DType.F32, shape);
    return new Conditioning(latents, latents, null);
  }

  /** As in Wan 2.2 TI2V: the first latent frame is the picture's. */
  static Conditioning fixedFirstFrame(Scope scope, long[] shape) {
    return new Conditioning(
        scope.tensor(DType.F32, shape),
        scope.tensor(DType.F32, shape),
        scope.tensor(DType.F32, shape[0], 1, shape[2], shape[3]));
  }

  /**
   * As in Wan 2.1 I2V: behind the latents the model reads a mask of the known frames, one channel
   * for each frame of a group, and the encoded video of the picture and nothing.
   */
  static Conditioning besideLatents(Context context, Scope scope, long[] shape, int groupSize) {
    long channels = shape[0];
    Tensor input = scope.zeros(DType.F32, 2 * channels + groupSize, shape[1], shape[2], shape[3]);
    Tensor known = input.slice(0, channels, channels + groupSize).slice(1, 0, 1);
    try (Tensor one = context.of(new float[] {1}, 1, 1, 1, 1)) {
      context.kernels().copy(one.expand(known.shape()), known);
      context.synchronize();
    }
    return new Conditioning(input, input.slice(0, 0, channels), null);
  }

  /** Where the encoded video belongs for {@link #besideLatents}. */
  Tensor encodedVideo() {
    return input.slice(0, input.size(0) - latents.size(0), input.size(0));
  }

  /** The first frame and, after it, grey. */
  static VideoCodec.FrameSource pictureThenGrey(float[] picture) {
    return (first, pixels) -> {
      if (first == 0) {
        pixels.set(picture);
      } else {
        pixels.set(new float[(int) pixels.elements()]);
      }
    };
  }
}

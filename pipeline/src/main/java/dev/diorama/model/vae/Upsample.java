package dev.diorama.model.vae;

import dev.diorama.Conv3d;
import dev.diorama.PaddingMode;
import dev.diorama.Tensor;
import dev.diorama.model.ModelException;

/**
 * Doubles height and width, and the frames too where it has a convolution over time: that one makes
 * two frames side by side in the channels. The first frame of a video stays alone.
 */
final class Upsample implements Layer {
  private static final Conv3d SPACE = new Conv3d(1, 1, 1, 0, 1, 1, 1, 1, PaddingMode.ZERO, 2);

  private final Tensor weight;
  private final Tensor bias;
  private final CausalConv time;

  Upsample(VaeWeights weights, String name, int in, int out, boolean overTime)
      throws ModelException {
    weight = weights.kernel(name + ".resample.1.weight", out, in, 3, 3);
    bias = weights.vector(name + ".resample.1.bias", out);
    time = overTime ? weights.conv(name + ".time_conv", 2 * in, in, 3, 1, 1) : null;
  }

  @Override
  public Tensor apply(Pass pass, Tensor x) {
    long frames = x.size(1);
    long height = x.size(2);
    long width = x.size(3);
    long channels = x.size(4);
    long copies = time == null || pass.first() ? 1 : 2;
    Tensor narrow = pass.narrowed(x);
    Tensor pairs = copies == 1 ? narrow : time.inner(pass, narrow);
    Tensor out = pass.tensor(1, frames * copies, 2 * height, 2 * width, weight.size(0));
    for (long frame = 0; frame < frames; frame++) {
      // One frame of `copies * channels` channels, seen as `copies` frames.
      Tensor twins =
          pairs
              .slice(1, frame, frame + 1)
              .view(1, height, width, copies, channels)
              .permute(0, 3, 1, 2, 4);
      Tensor target = out.slice(1, frame * copies, (frame + 1) * copies);
      pass.kernels().conv3d(twins, null, weight, bias, null, SPACE, target);
    }
    pairs.close();
    return out;
  }
}

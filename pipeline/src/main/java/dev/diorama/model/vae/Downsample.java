package dev.diorama.model.vae;

import dev.diorama.Conv3d;
import dev.diorama.PaddingMode;
import dev.diorama.Tensor;
import dev.diorama.model.ModelException;

/**
 * Halves height and width, and the frames too where it has a convolution over time: each pair of
 * frames then becomes one, with the last frame of the chunk before as a third tap. The first frame
 * of a video stays alone.
 */
final class Downsample implements Layer {
  private static final Conv3d SPACE = new Conv3d(1, 2, 2, 0, 0, 1, 0, 1, PaddingMode.ZERO, 1);
  private static final Conv3d TIME = new Conv3d(2, 1, 1, 1, 0, 0, 0, 0, PaddingMode.ZERO, 1);

  private final Tensor weight;
  private final Tensor bias;
  private final Tensor timeWeight;
  private final Tensor timeBias;

  Downsample(VaeWeights weights, String name, int channels, boolean overTime)
      throws ModelException {
    weight = weights.kernel(name + ".resample.1.weight", channels, channels, 3, 3);
    bias = weights.vector(name + ".resample.1.bias", channels);
    timeWeight =
        overTime ? weights.kernel(name + ".time_conv.weight", channels, channels, 3, 1, 1) : null;
    timeBias = overTime ? weights.vector(name + ".time_conv.bias", channels) : null;
  }

  @Override
  public Tensor apply(Pass pass, Tensor x) {
    return apply(pass, x, null);
  }

  /** With a residual added that has the result's shape; closes x, leaves residual open. */
  Tensor apply(Pass pass, Tensor x, Tensor residual) {
    long height = x.size(2) / 2;
    long width = x.size(3) / 2;
    Tensor input = pass.narrowed(x);
    Tensor small = pass.tensor(1, input.size(1), height, width, weight.size(0));
    pass.kernels()
        .conv3d(input, null, weight, bias, timeWeight == null ? residual : null, SPACE, small);
    input.close();
    return timeWeight == null ? small : overTime(pass, small, residual);
  }

  private Tensor overTime(Pass pass, Tensor x, Tensor residual) {
    Tensor carry = pass.carry(this, x, 1);
    if (pass.first()) {
      pass.kernels().carryUpdate(x, carry);
      if (residual != null) {
        pass.kernels().combine(new Tensor[] {x, residual}, new Tensor[] {x}, new double[] {1, 1});
      }
      return x;
    }
    Tensor out = pass.tensor(1, x.size(1) / 2, x.size(2), x.size(3), timeWeight.size(0));
    pass.kernels().conv3d(x, carry, timeWeight, timeBias, residual, TIME, out);
    pass.kernels().carryUpdate(x, carry);
    x.close();
    return out;
  }
}

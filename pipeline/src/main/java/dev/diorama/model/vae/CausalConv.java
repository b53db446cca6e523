package dev.diorama.model.vae;

import dev.diorama.Conv3d;
import dev.diorama.Tensor;

/**
 * A 3D convolution that sees no later frame: with a kernel of t frames it carries the latest t - 1
 * from chunk to chunk. Height and width keep their size.
 */
final class CausalConv implements Layer {
  private final Tensor weight;
  private final Tensor bias;
  private final int frames;

  /** Weight [out, frames, height, width, in]. */
  CausalConv(Tensor weight, Tensor bias) {
    this.weight = weight;
    this.bias = bias;
    frames = (int) weight.size(1);
  }

  @Override
  public Tensor apply(Pass pass, Tensor x) {
    Tensor out = apply(pass, x, null);
    x.close();
    return out;
  }

  /** With residual added, in F32; leaves x and residual open. */
  Tensor apply(Pass pass, Tensor x, Tensor residual) {
    Tensor out = pass.tensor(1, x.size(1), x.size(2), x.size(3), weight.size(0));
    return into(pass, x, residual, out);
  }

  /** For another convolution or attention to read; closes x. */
  Tensor inner(Pass pass, Tensor x) {
    Tensor out = pass.input(1, x.size(1), x.size(2), x.size(3), weight.size(0));
    into(pass, x, null, out);
    x.close();
    return out;
  }

  private Tensor into(Pass pass, Tensor x, Tensor residual, Tensor out) {
    Conv3d params = Conv3d.causal(frames, (int) weight.size(2), (int) weight.size(3));
    if (frames == 1) {
      pass.kernels().conv3d(x, null, weight, bias, residual, params, out);
      return out;
    }
    Tensor carry = pass.carry(this, x, frames - 1);
    pass.kernels().conv3d(x, carry, weight, bias, residual, params, out);
    pass.kernels().carryUpdate(x, carry);
    return out;
  }
}

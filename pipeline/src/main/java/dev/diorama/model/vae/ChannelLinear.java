package dev.diorama.model.vae;

import dev.diorama.Activation;
import dev.diorama.Tensor;

/** A convolution of one pixel: a matrix product over the channels. */
final class ChannelLinear implements Layer {
  private final Tensor weight;
  private final Tensor bias;

  /** Weight [out, in]. */
  ChannelLinear(Tensor weight, Tensor bias) {
    this.weight = weight;
    this.bias = bias;
  }

  @Override
  public Tensor apply(Pass pass, Tensor x) {
    Tensor out = apply(pass, x, null);
    x.close();
    return out;
  }

  /** With residual added; leaves x and residual open. */
  Tensor apply(Pass pass, Tensor x, Tensor residual) {
    Tensor out = pass.tensor(1, x.size(1), x.size(2), x.size(3), weight.size(0));
    into(pass, x, residual, out);
    return out;
  }

  /** Into a contiguous tensor of the caller. */
  void into(Pass pass, Tensor x, Tensor residual, Tensor out) {
    pass.kernels()
        .linear(
            rows(x),
            weight,
            bias,
            Activation.NONE,
            null,
            null,
            residual == null ? null : rows(residual),
            rows(out));
  }

  private static Tensor rows(Tensor x) {
    return x.view(-1, x.size(-1));
  }
}

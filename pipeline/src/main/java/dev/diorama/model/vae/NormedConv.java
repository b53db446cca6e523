package dev.diorama.model.vae;

import dev.diorama.Activation;
import dev.diorama.Tensor;

/** The end of a network: channel norm, SiLU, a causal convolution. */
final class NormedConv implements Layer {
  private final Tensor norm;
  private final CausalConv conv;

  NormedConv(Tensor norm, CausalConv conv) {
    this.norm = norm;
    this.conv = conv;
  }

  @Override
  public Tensor apply(Pass pass, Tensor x) {
    Tensor normed = pass.narrows(x) ? pass.input(x.shape()) : x;
    pass.kernels().channelNorm(x, norm, null, Activation.SILU, normed);
    if (normed != x) {
      x.close();
    }
    return conv.apply(pass, normed);
  }
}

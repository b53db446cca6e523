package dev.diorama.model.vae;

import dev.diorama.Activation;
import dev.diorama.Tensor;
import dev.diorama.model.ModelException;

/** Twice channel norm, SiLU and a causal convolution, beside a shortcut. */
final class ResidualBlock implements Layer {
  private final Tensor norm1;
  private final CausalConv conv1;
  private final Tensor norm2;
  private final CausalConv conv2;
  private final ChannelLinear shortcut;

  ResidualBlock(VaeWeights weights, String name, int in, int out) throws ModelException {
    norm1 = weights.norm(name + ".norm1", in, 3);
    conv1 = weights.conv(name + ".conv1", out, in, 3, 3, 3);
    norm2 = weights.norm(name + ".norm2", out, 3);
    conv2 = weights.conv(name + ".conv2", out, out, 3, 3, 3);
    shortcut = in == out ? null : weights.linear(name + ".conv_shortcut", out, in, 3);
  }

  @Override
  public Tensor apply(Pass pass, Tensor x) {
    Tensor normed = pass.input(x.shape());
    pass.kernels().channelNorm(x, norm1, null, Activation.SILU, normed);
    Tensor hidden = conv1.inner(pass, normed);
    pass.kernels().channelNorm(hidden, norm2, null, Activation.SILU, hidden);
    Tensor residual = x;
    if (shortcut != null) {
      residual = shortcut.apply(pass, x);
    }
    Tensor out = conv2.apply(pass, hidden, residual);
    hidden.close();
    residual.close();
    return out;
  }
}

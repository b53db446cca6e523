package dev.diorama.model.vae;

import dev.diorama.Activation;
import dev.diorama.Tensor;
import dev.diorama.model.ModelException;

/** Self-attention with one head among the pixels of each frame. */
final class SpatialAttention implements Layer {
  private final Tensor norm;
  private final ChannelLinear input;
  private final ChannelLinear output;
  private final int channels;

  SpatialAttention(VaeWeights weights, String name, int channels) throws ModelException {
    this.channels = channels;
    norm = weights.norm(name + ".norm", channels, 2);
    input = weights.linear(name + ".to_qkv", 3 * channels, channels, 2);
    output = weights.linear(name + ".proj", channels, channels, 2);
  }

  @Override
  public Tensor apply(Pass pass, Tensor x) {
    Tensor normed = pass.input(x.shape());
    pass.kernels().channelNorm(x, norm, null, Activation.NONE, normed);
    Tensor qkv = pass.input(1, x.size(1), x.size(2), x.size(3), 3L * channels);
    input.into(pass, normed, null, qkv);
    long pixels = x.size(2) * x.size(3);
    Tensor heads = qkv.view(x.size(1), pixels, 1, 3L * channels);
    Tensor q = heads.slice(3, 0, channels);
    Tensor k = heads.slice(3, channels, 2L * channels);
    Tensor v = heads.slice(3, 2L * channels, 3L * channels);
    Tensor mixed = normed.view(x.size(1), pixels, 1, channels);
    pass.kernels().attention(q, k, v, null, null, 0, mixed);
    qkv.close();
    Tensor out = output.apply(pass, normed, x);
    normed.close();
    x.close();
    return out;
  }
}

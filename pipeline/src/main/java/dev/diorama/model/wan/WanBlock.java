package dev.diorama.model.wan;

import dev.diorama.Activation;
import dev.diorama.Kernels;
import dev.diorama.Tensor;
import dev.diorama.model.Linear;
import dev.diorama.model.ModelException;
import dev.diorama.model.Weights;

/**
 * One block: self-attention, cross-attention to text (and image), feed-forward, each added to the
 * states.
 */
final class WanBlock {

  private final WanConfig config;
  private final WanAttention self;
  private final WanAttention cross;
  private final Tensor crossNormWeight;
  private final Tensor crossNormBias;
  private final Linear ffnIn;
  private final Linear ffnOut;

  WanBlock(Weights weights, WanConfig config) throws ModelException {
    this.config = config;
    int width = config.width();
    self = WanAttention.of(weights.under("attn1"), config, false);
    cross = WanAttention.of(weights.under("attn2"), config, config.imageWidth().isPresent());
    crossNormWeight = config.crossNorm() ? weights.get("norm2.weight", width) : null;
    crossNormBias = config.crossNorm() ? weights.get("norm2.bias", width) : null;
    ffnIn = weights.linear("ffn.net.0.proj", config.ffnWidth(), width);
    ffnOut = weights.linear("ffn.net.2", width, config.ffnWidth());
  }

  WanAttention cross() {
    return cross;
  }

  /**
   * Runs the block on {@code buffers.states}.
   *
   * @param modulation [groups, 6, width]: shift, scale and gate of self-attention, then of
   *     feed-forward
   * @param index [tokens], the group of each token, or null when there is one
   * @param context keys and values of this block's cross-attention
   */
  void run(
      Kernels kernels, WanBuffers buffers, Tensor modulation, Tensor index, CrossKeys context) {
    selfAttention(kernels, buffers, modulation, index);
    crossAttention(kernels, buffers, context);
    feedForward(kernels, buffers, modulation, index);
  }

  private void selfAttention(Kernels kernels, WanBuffers b, Tensor modulation, Tensor index) {
    Tensor shift = modulation.select(1, 0);
    Tensor scale = modulation.select(1, 1);
    Tensor gate = modulation.select(1, 2);
    kernels.layerNorm(b.states, null, null, scale, shift, index, config.eps(), b.normed);
    self.query().apply(kernels, b.normed, b.query);
    self.key().apply(kernels, b.normed, b.key);
    self.value().apply(kernels, b.normed, b.value);
    Tensor q = heads(b.query);
    Tensor k = heads(b.key);
    kernels.qkNormRope(q, self.queryNorm(), config.eps(), b.cosine, b.sine, q);
    kernels.qkNormRope(k, self.keyNorm(), config.eps(), b.cosine, b.sine, k);
    kernels.attention(q, k, heads(b.value), null, null, 0, heads(b.normed));
    self.out().addTo(kernels, b.normed, gate, index, b.states);
  }

  private void crossAttention(Kernels kernels, WanBuffers b, CrossKeys context) {
    Tensor input = b.states;
    if (crossNormWeight != null) {
      kernels.layerNorm(
          b.states, crossNormWeight, crossNormBias, null, null, null, config.eps(), b.normed);
      input = b.normed;
    }
    cross.query().apply(kernels, input, b.query);
    Tensor q = heads(b.query);
    kernels.qkNormRope(q, cross.queryNorm(), config.eps(), null, null, q);
    Tensor bias = context.textBias();
    if (bias != null) {
      bias = bias.expand(1, 1, b.tokens, bias.size(-1));
    }
    kernels.attention(
        q, heads(context.textKeys()), heads(context.textValues()), bias, null, 0, heads(b.normed));
    if (context.imageKeys() != null) {
      kernels.attention(
          q,
          heads(context.imageKeys()),
          heads(context.imageValues()),
          null,
          null,
          0,
          heads(b.value));
      kernels.gatedResidual(b.value, b.normed, b.ones, null, b.normed);
    }
    cross.out().addTo(kernels, b.normed, b.states);
  }

  private void feedForward(Kernels kernels, WanBuffers b, Tensor modulation, Tensor index) {
    Tensor shift = modulation.select(1, 3);
    Tensor scale = modulation.select(1, 4);
    Tensor gate = modulation.select(1, 5);
    kernels.layerNorm(b.states, null, null, scale, shift, index, config.eps(), b.normed);
    long rows = b.ffn.size(0);
    for (long from = 0; from < b.tokens; from += rows) {
      long to = Math.min(b.tokens, from + rows);
      Tensor hidden = b.ffn.slice(0, 0, to - from);
      ffnIn.apply(kernels, b.normed.slice(0, from, to), Activation.GELU_TANH, hidden);
      ffnOut.addTo(
          kernels,
          hidden,
          gate,
          index == null ? null : index.slice(0, from, to),
          b.states.slice(0, from, to));
    }
  }

  /** [tokens, width] as [1, tokens, heads, head size]. */
  private Tensor heads(Tensor states) {
    return states.view(1, states.size(0), config.heads(), config.headSize());
  }
}

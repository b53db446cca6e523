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
   * Runs the block on {@code buffers.states}. On entry {@code buffers.normed} holds their norm,
   * modulated for this block; on return the norm of the new states, modulated for what follows.
   *
   * @param modulation [groups, 6, width]: shift, scale and gate of self-attention, then of
   *     feed-forward
   * @param index [tokens], the group of each token, or null when there is one
   * @param context keys and values of this block's cross-attention
   * @param next [groups, 2 or more, width]: shift and scale of the block or head that follows
   */
  void run(
      Kernels kernels,
      WanBuffers buffers,
      Tensor modulation,
      Tensor index,
      CrossKeys context,
      Tensor next) {
    selfAttention(kernels, buffers, modulation, index);
    crossAttention(kernels, buffers, modulation, index, context);
    feedForward(kernels, buffers, modulation, index, next);
  }

  private void selfAttention(Kernels kernels, WanBuffers b, Tensor modulation, Tensor index) {
    Tensor gate = modulation.select(1, 2);
    self.query().apply(kernels, b.normed, b.query);
    self.key().apply(kernels, b.normed, b.key);
    self.value().apply(kernels, b.normed, b.value);
    Tensor q = heads(b.query);
    Tensor k = heads(b.key);
    kernels.qkNormRope(q, self.queryNorm(), config.eps(), b.cosine, b.sine, q);
    kernels.qkNormRope(k, self.keyNorm(), config.eps(), b.cosine, b.sine, k);
    kernels.attention(q, k, heads(b.value), null, null, 0, heads(b.normed));
    if (crossNormWeight == null) {
      self.out().addTo(kernels, b.normed, gate, index, b.states);
      return;
    }
    addTo(kernels, b, self.out(), b.normed, gate, index, 0, b.tokens);
    norm(kernels, b, gate, crossNormWeight, crossNormBias, null, null, index);
  }

  private void crossAttention(
      Kernels kernels, WanBuffers b, Tensor modulation, Tensor index, CrossKeys context) {
    Tensor input = crossNormWeight == null ? b.states : b.normed;
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
    addTo(kernels, b, cross.out(), b.normed, null, null, 0, b.tokens);
    Tensor shift = modulation.select(1, 3);
    Tensor scale = modulation.select(1, 4);
    norm(kernels, b, null, null, null, scale, shift, index);
  }

  private void feedForward(
      Kernels kernels, WanBuffers b, Tensor modulation, Tensor index, Tensor next) {
    Tensor gate = modulation.select(1, 5);
    long rows = b.ffn.size(0);
    for (long from = 0; from < b.tokens; from += rows) {
      long to = Math.min(b.tokens, from + rows);
      Tensor hidden = b.ffn.slice(0, 0, to - from);
      ffnIn.apply(kernels, b.normed.slice(0, from, to), Activation.GELU_TANH, hidden);
      addTo(kernels, b, ffnOut, hidden, gate, index, from, to);
    }
    norm(kernels, b, gate, null, null, next.select(1, 1), next.select(1, 0), index);
  }

  /**
   * states += gate * layer(x) for tokens {@code from} to {@code to}; where there is a branch, it
   * takes layer(x), and the norm that follows adds it.
   */
  private static void addTo(
      Kernels kernels,
      WanBuffers b,
      Linear layer,
      Tensor x,
      Tensor gate,
      Tensor index,
      long from,
      long to) {
    if (b.branch != null) {
      layer.apply(kernels, x, b.branch.slice(0, from, to));
      return;
    }
    Tensor states = b.states.slice(0, from, to);
    if (gate == null) {
      layer.addTo(kernels, x, states);
    } else {
      layer.addTo(kernels, x, gate, index == null ? null : index.slice(0, from, to), states);
    }
  }

  /** normed = the norm of the states, after gate * branch, where there is one, is added to them. */
  private void norm(
      Kernels kernels,
      WanBuffers b,
      Tensor gate,
      Tensor weight,
      Tensor bias,
      Tensor scale,
      Tensor shift,
      Tensor index) {
    float eps = config.eps();
    if (b.branch == null) {
      Tensor chosen = scale == null ? null : index;
      kernels.layerNorm(b.states, weight, bias, scale, shift, chosen, eps, b.normed);
    } else {
      kernels.gatedResidualNorm(
          b.branch, b.states, gate, weight, bias, scale, shift, index, eps, b.states, b.normed);
    }
  }

  /** [tokens, width] as [1, tokens, heads, head size]. */
  private Tensor heads(Tensor states) {
    return states.view(1, states.size(0), config.heads(), config.headSize());
  }
}

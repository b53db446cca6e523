package dev.diorama.model.text;

import dev.diorama.Activation;
import dev.diorama.Kernels;
import dev.diorama.Tensor;
import dev.diorama.model.Linear;
import dev.diorama.model.ModelException;
import dev.diorama.model.Weights;

/**
 * One block of UMT5: self-attention with a position bias of its own, then a gated feed-forward
 * layer.
 */
final class Umt5Block {

  private final Umt5Config config;
  private final Tensor attentionNorm;
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Linear out;
  private final Tensor biasTable;
  private final Tensor ffnNorm;
  private final Linear ffnGelu;
  private final Linear ffnGate;
  private final Linear ffnOut;

  Umt5Block(Weights weights, Umt5Config config) throws ModelException {
    this.config = config;
    int width = config.width();
    int inner = config.innerWidth();
    Weights attention = weights.under("layer.0.SelfAttention");
    attentionNorm = weights.get("layer.0.layer_norm.weight", width);
    query = attention.linearNoBias("q", inner, width);
    key = attention.linearNoBias("k", inner, width);
    value = attention.linearNoBias("v", inner, width);
    out = attention.linearNoBias("o", width, inner);
    biasTable = attention.get("relative_attention_bias.weight", config.buckets(), config.heads());
    Weights ffn = weights.under("layer.1.DenseReluDense");
    ffnNorm = weights.get("layer.1.layer_norm.weight", width);
    ffnGelu = ffn.linearNoBias("wi_0", config.ffnWidth(), width);
    ffnGate = ffn.linearNoBias("wi_1", config.ffnWidth(), width);
    ffnOut = ffn.linearNoBias("wo", width, config.ffnWidth());
  }

  /** Runs the block on {@code buffers.states}. */
  void run(Kernels kernels, Umt5Buffers b) {
    kernels.rmsNorm(b.states(), attentionNorm, null, null, null, config.eps(), b.normed());
    query.apply(kernels, b.normed(), b.query());
    key.apply(kernels, b.normed(), b.key());
    value.apply(kernels, b.normed(), b.value());
    kernels.t5RelativeBias(biasTable, config.maxDistance(), b.bias());
    kernels.attention(
        heads(b.query()),
        heads(b.key()),
        heads(b.value()),
        b.biasByQueryAndKey(),
        null,
        1,
        heads(b.attended()));
    out.addTo(kernels, b.attended(), b.states());
    kernels.rmsNorm(b.states(), ffnNorm, null, null, null, config.eps(), b.normed());
    ffnGate.apply(kernels, b.normed(), b.gate());
    // The gate is a factor of its own in every row: gelu(x w0^T) * (x w1^T) in one pass.
    kernels.linear(
        b.normed(), ffnGelu.weight(), null, Activation.GELU_TANH, b.gate(), null, null, b.hidden());
    ffnOut.addTo(kernels, b.hidden(), b.states());
  }

  /** [tokens, inner width] as [1, tokens, heads, head size]. */
  private Tensor heads(Tensor states) {
    return states.view(1, states.size(0), config.heads(), config.headSize());
  }
}

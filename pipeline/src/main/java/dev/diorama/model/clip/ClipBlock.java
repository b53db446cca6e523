package dev.diorama.model.clip;

import dev.diorama.Kernels;
import dev.diorama.Tensor;
import dev.diorama.model.Linear;
import dev.diorama.model.ModelException;
import dev.diorama.model.Weights;

/**
 * One block: self-attention and a feed-forward layer, each behind a layer norm and added to the
 * states.
 */
final class ClipBlock {

  private final ClipConfig config;
  private final Tensor attentionNorm;
  private final Tensor attentionNormBias;
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Linear out;
  private final Tensor ffnNorm;
  private final Tensor ffnNormBias;
  private final Linear ffnIn;
  private final Linear ffnOut;

  ClipBlock(Weights weights, ClipConfig config) throws ModelException {
    this.config = config;
    int width = config.width();
    attentionNorm = weights.get("layer_norm1.weight", width);
    attentionNormBias = weights.get("layer_norm1.bias", width);
    query = weights.linear("self_attn.q_proj", width, width);
    key = weights.linear("self_attn.k_proj", width, width);
    value = weights.linear("self_attn.v_proj", width, width);
    out = weights.linear("self_attn.out_proj", width, width);
    ffnNorm = weights.get("layer_norm2.weight", width);
    ffnNormBias = weights.get("layer_norm2.bias", width);
    ffnIn = weights.linear("mlp.fc1", config.ffnWidth(), width);
    ffnOut = weights.linear("mlp.fc2", width, config.ffnWidth());
  }

  /** Runs the block on {@code b.states}. */
  void run(Kernels kernels, ClipBuffers b) {
    float eps = config.eps();
    kernels.layerNorm(
        b.states(), attentionNorm, attentionNormBias, null, null, null, eps, b.normed());
    query.apply(kernels, b.normed(), b.query());
    key.apply(kernels, b.normed(), b.key());
    value.apply(kernels, b.normed(), b.value());
    kernels.attention(
        heads(b.query()), heads(b.key()), heads(b.value()), null, null, 0, heads(b.normed()));
    out.addTo(kernels, b.normed(), b.states());
    kernels.layerNorm(b.states(), ffnNorm, ffnNormBias, null, null, null, eps, b.normed());
    ffnIn.apply(kernels, b.normed(), config.activation(), b.hidden());
    ffnOut.addTo(kernels, b.hidden(), b.states());
  }

  /** [tokens, width] as [1, tokens, heads, head size]. */
  private Tensor heads(Tensor states) {
    return states.view(1, states.size(0), config.heads(), config.headSize());
  }
}

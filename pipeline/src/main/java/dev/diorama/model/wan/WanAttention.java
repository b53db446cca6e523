package dev.diorama.model.wan;

import dev.diorama.Tensor;
import dev.diorama.model.Linear;
import dev.diorama.model.ModelException;
import dev.diorama.model.Weights;

/**
 * The weights of one attention layer. The image's are null where the model reads no image states.
 */
record WanAttention(
    Linear query,
    Linear key,
    Linear value,
    Linear out,
    Tensor queryNorm,
    Tensor keyNorm,
    Linear imageKey,
    Linear imageValue,
    Tensor imageKeyNorm) {

  static WanAttention of(Weights weights, WanConfig config, boolean image) throws ModelException {
    int width = config.width();
    return new WanAttention(
        weights.linear("to_q", width, width),
        weights.linear("to_k", width, width),
        weights.linear("to_v", width, width),
        weights.linear("to_out.0", width, width),
        weights.get("norm_q.weight", width),
        weights.get("norm_k.weight", width),
        image ? weights.linear("add_k_proj", width, width) : null,
        image ? weights.linear("add_v_proj", width, width) : null,
        image ? weights.get("norm_added_k.weight", width) : null);
  }
}

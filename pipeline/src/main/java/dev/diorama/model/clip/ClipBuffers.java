package dev.diorama.model.clip;

import dev.diorama.DType;
import dev.diorama.Scope;
import dev.diorama.Tensor;

/** What the blocks write to. */
record ClipBuffers(
    Tensor states, Tensor normed, Tensor query, Tensor key, Tensor value, Tensor hidden) {

  /** With the type of what products and attention read; the states are F32. */
  static ClipBuffers of(Scope scope, ClipConfig config, Tensor states, DType dtype) {
    long tokens = states.size(0);
    return new ClipBuffers(
        states,
        scope.tensor(dtype, tokens, config.width()),
        scope.tensor(dtype, tokens, config.width()),
        scope.tensor(dtype, tokens, config.width()),
        scope.tensor(dtype, tokens, config.width()),
        scope.tensor(dtype, tokens, config.ffnWidth()));
  }
}

package dev.diorama.model.clip;

import dev.diorama.DType;
import dev.diorama.Scope;
import dev.diorama.Tensor;

/** What the blocks write to. */
record ClipBuffers(
    Tensor states, Tensor normed, Tensor query, Tensor key, Tensor value, Tensor hidden) {

  static ClipBuffers of(Scope scope, ClipConfig config, Tensor states) {
    long tokens = states.size(0);
    return new ClipBuffers(
        states,
        scope.tensor(DType.F32, tokens, config.width()),
        scope.tensor(DType.F32, tokens, config.width()),
        scope.tensor(DType.F32, tokens, config.width()),
        scope.tensor(DType.F32, tokens, config.width()),
        scope.tensor(DType.F32, tokens, config.ffnWidth()));
  }
}

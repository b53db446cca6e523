package dev.diorama.model.text;

import dev.diorama.DType;
import dev.diorama.Scope;
import dev.diorama.Tensor;

/** What the blocks write to, for a prompt of some tokens. */
record Umt5Buffers(
    Tensor states,
    Tensor normed,
    Tensor query,
    Tensor key,
    Tensor value,
    Tensor attended,
    Tensor gate,
    Tensor hidden,
    Tensor bias) {

  /** With the type of what products and attention read; sums and gates are F32. */
  static Umt5Buffers of(Scope scope, Umt5Config config, long tokens, DType dtype) {
    long inner = config.innerWidth();
    return new Umt5Buffers(
        scope.tensor(DType.F32, tokens, config.width()),
        scope.tensor(dtype, tokens, config.width()),
        scope.tensor(dtype, tokens, inner),
        scope.tensor(dtype, tokens, inner),
        scope.tensor(dtype, tokens, inner),
        scope.tensor(dtype, tokens, inner),
        scope.tensor(DType.F32, tokens, config.ffnWidth()),
        scope.tensor(dtype, tokens, config.ffnWidth()),
        scope.tensor(DType.F32, config.heads(), 2 * tokens - 1));
  }

  /**
   * The bias depends on key - query alone, so the matrix [1, heads, tokens, tokens] is a view of
   * one row a head.
   */
  Tensor biasByQueryAndKey() {
    long heads = bias.size(0);
    long distances = bias.size(1);
    long tokens = (distances + 1) / 2;
    return bias.strided(
        tokens - 1,
        new long[] {1, heads, tokens, tokens},
        new long[] {heads * distances, distances, -1, 1});
  }
}

package dev.diorama.model;

import dev.diorama.DType;

/**
 * How a part of a model lies on a device. On the host weights stay where their file is mapped.
 *
 * @param dtype the type that activations have where the wide products read them: F32, or BF16 for
 *     tensor cores; sums and residual streams are F32 in any case
 * @param streamed whether the weights of repeated blocks are uploaded again and again, one block
 *     ahead of the one that computes, instead of staying
 */
public record Placement(DType dtype, boolean streamed) {
  /** Everything in F32, on the device as a whole. */
  public static final Placement PLAIN = new Placement(DType.F32, false);

  /** Checks the type. */
  public Placement {
    if (dtype != DType.F32 && dtype != DType.BF16) {
      throw new IllegalArgumentException("activations can be F32 or BF16, not " + dtype);
    }
  }
}

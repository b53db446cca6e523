package dev.diorama.video;

import dev.diorama.DType;

/**
 * How a model runs: what stays in memory, in which precision it computes, how much of a graphics
 * card it may take. What is not said is chosen.
 *
 * @param residency which parts stay loaded; null for all of them where the model is small beside
 *     the memory
 * @param dtype F32, or BF16 for tensor cores, in which products and attention read their inputs;
 *     null for BF16 on cuda and F32 elsewhere
 * @param maxDeviceBytes most memory to take of the device; 0 for what is free when the model opens.
 *     Where a part does not fit, its blocks' weights are uploaded one after the other in each step
 * @param tiles whether frames are encoded and decoded in tiles even where memory suffices for whole
 *     ones
 */
public record Execution(Residency residency, DType dtype, long maxDeviceBytes, boolean tiles) {
  /** Everything chosen. */
  public static final Execution AUTOMATIC = new Execution(null, null, 0, false);

  /** Checks the values. */
  public Execution {
    if (dtype != null && dtype != DType.F32 && dtype != DType.BF16) {
      throw new IllegalArgumentException("a model computes in F32 or BF16, not in " + dtype);
    }
    if (maxDeviceBytes < 0) {
      throw new IllegalArgumentException(
          "the most memory to take is " + maxDeviceBytes + " bytes; it must be 1 or more");
    }
  }

  /**
   * The same with another residency.
   *
   * @param other which parts stay loaded
   * @return a copy
   */
  public Execution withResidency(Residency other) {
    return new Execution(other, dtype, maxDeviceBytes, tiles);
  }

  /**
   * The same with another precision.
   *
   * @param other F32 or BF16
   * @return a copy
   */
  public Execution withDType(DType other) {
    return new Execution(residency, other, maxDeviceBytes, tiles);
  }

  /**
   * The same with another limit.
   *
   * @param bytes most memory to take of the device
   * @return a copy
   */
  public Execution withMaxDeviceBytes(long bytes) {
    return new Execution(residency, dtype, bytes, tiles);
  }

  /**
   * The same with tiles or without.
   *
   * @param always whether frames are encoded and decoded in tiles in any case
   * @return a copy
   */
  public Execution withTiles(boolean always) {
    return new Execution(residency, dtype, maxDeviceBytes, always);
  }
}

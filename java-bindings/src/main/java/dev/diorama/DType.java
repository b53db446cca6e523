package dev.diorama;

/** The type of a tensor's elements. */
public enum DType {
  /** IEEE 754 single precision. */
  F32(4),
  /** IEEE 754 half precision: 5 bits of exponent, 10 of mantissa. */
  F16(2),
  /** The upper half of an F32: 8 bits of exponent, 7 of mantissa. */
  BF16(2),
  /** Signed integers of 32 bits. */
  I32(4),
  /** Unsigned bytes. */
  U8(1);

  private final long bytes;

  DType(long bytes) {
    this.bytes = bytes;
  }

  /**
   * The size of an element.
   *
   * @return bytes
   */
  public long bytes() {
    return bytes;
  }

  /**
   * Whether this is F32, F16 or BF16.
   *
   * @return true for the floating-point types
   */
  public boolean floating() {
    return this == F32 || this == F16 || this == BF16;
  }
}

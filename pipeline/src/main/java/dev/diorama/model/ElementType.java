package dev.diorama.model;

import dev.diorama.DType;

/**
 * The element types that the safetensors format knows, with their size and what the kernels call
 * them.
 */
public enum ElementType {
  /** 32-bit floating point. */
  F32(4, DType.F32),
  /** IEEE half precision. */
  F16(2, DType.F16),
  /** The upper half of a 32-bit floating point number. */
  BF16(2, DType.BF16),
  /** 64-bit floating point. */
  F64(8, null),
  /** 8-bit floating point with 5 bits of exponent. */
  F8_E5M2(1, null),
  /** 8-bit floating point with 4 bits of exponent. */
  F8_E4M3(1, null),
  /** An 8-bit power of two. */
  F8_E8M0(1, null),
  /** Two 32-bit floating point numbers, real and imaginary. */
  C64(8, null),
  /** Signed 64-bit integer. */
  I64(8, null),
  /** Signed 32-bit integer. */
  I32(4, DType.I32),
  /** Signed 16-bit integer. */
  I16(2, null),
  /** Signed byte. */
  I8(1, null),
  /** Unsigned 64-bit integer. */
  U64(8, null),
  /** Unsigned 32-bit integer. */
  U32(4, null),
  /** Unsigned 16-bit integer. */
  U16(2, null),
  /** Unsigned byte. */
  U8(1, DType.U8),
  /** A byte that is 0 or 1. */
  BOOL(1, null);

  private final int bytes;
  private final DType dtype;

  ElementType(int bytes, DType dtype) {
    this.bytes = bytes;
    this.dtype = dtype;
  }

  /**
   * Size of one element.
   *
   * @return bytes
   */
  public int bytes() {
    return bytes;
  }

  /**
   * The kernels' name for this type.
   *
   * @return the dtype, or null when no kernel reads it
   */
  public DType dtype() {
    return dtype;
  }

  /** The type of that exact name, or null. */
  static ElementType named(String name) {
    for (ElementType type : values()) {
      if (type.name().equals(name)) {
        return type;
      }
    }
    return null;
  }
}

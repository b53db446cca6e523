package dev.diorama;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** Reads and writes single elements and visits strided ones in row-major order. */
final class Elements {
  private Elements() {}

  /** Takes the n-th element of a visit and where it lies, in elements from the first. */
  @FunctionalInterface
  interface Visitor {
    void visit(int index, long offset);
  }

  static void visit(long[] shape, long[] strides, Visitor visitor) {
    long[] place = new long[shape.length];
    int last = shape.length - 1;
    long outer = Shapes.elements(shape) / shape[last];
    long offset = 0;
    int index = 0;
    for (long row = 0; row < outer; row++) {
      for (long i = 0; i < shape[last]; i++) {
        visitor.visit(index++, offset + i * strides[last]);
      }
      for (int axis = last - 1; axis >= 0; axis--) {
        offset += strides[axis];
        if (++place[axis] < shape[axis]) {
          break;
        }
        offset -= shape[axis] * strides[axis];
        place[axis] = 0;
      }
    }
  }

  static float readFloat(MemorySegment memory, DType dtype, long at) {
    return switch (dtype) {
      case F32 -> memory.get(JAVA_FLOAT_UNALIGNED, at);
      case F16 -> Float.float16ToFloat(memory.get(JAVA_SHORT_UNALIGNED, at));
      case BF16 -> Float.intBitsToFloat(memory.get(JAVA_SHORT_UNALIGNED, at) << 16);
      case I32 -> memory.get(JAVA_INT_UNALIGNED, at);
      case U8 -> memory.get(JAVA_BYTE, at) & 0xFF;
    };
  }

  static int readInt(MemorySegment memory, DType dtype, long at) {
    return dtype == DType.I32
        ? memory.get(JAVA_INT_UNALIGNED, at)
        : memory.get(JAVA_BYTE, at) & 0xFF;
  }

  static void writeFloat(MemorySegment memory, DType dtype, long at, float value) {
    switch (dtype) {
      case F32 -> memory.set(JAVA_FLOAT_UNALIGNED, at, value);
      case F16 -> memory.set(JAVA_SHORT_UNALIGNED, at, Float.floatToFloat16(value));
      default -> memory.set(JAVA_SHORT_UNALIGNED, at, toBf16(value));
    }
  }

  /** Rounds to nearest, ties to even. */
  static short toBf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) (bits >>> 16 | 0x40);
    }
    return (short) (bits + 0x7FFF + (bits >>> 16 & 1) >>> 16);
  }
}

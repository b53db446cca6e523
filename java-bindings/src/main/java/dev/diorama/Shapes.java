package dev.diorama;

import java.util.Arrays;

/** Arithmetic with shapes and strides, all in elements. */
final class Shapes {
  static final int MAX_RANK = 8;
  static final long MAX_BYTES = 1L << 46;

  private Shapes() {}

  /** Checks a shape of a new tensor and returns its size in bytes. */
  static long checkedBytes(DType dtype, long[] shape) {
    if (shape.length < 1 || shape.length > MAX_RANK) {
      throw new IllegalArgumentException(
          "shape " + Arrays.toString(shape) + " has rank " + shape.length + ", expected 1 to 8");
    }
    long bytes = dtype.bytes();
    for (long size : shape) {
      if (size < 1) {
        throw new IllegalArgumentException(
            "shape " + Arrays.toString(shape) + " has a size of " + size + ", expected at least 1");
      }
      if (size > MAX_BYTES / bytes) {
        throw new IllegalArgumentException(
            "shape " + Arrays.toString(shape) + " has more than 2^46 bytes");
      }
      bytes *= size;
    }
    return bytes;
  }

  static long elements(long[] shape) {
    long count = 1;
    for (long size : shape) {
      count *= size;
    }
    return count;
  }

  static long[] rowMajor(long[] shape) {
    long[] strides = new long[shape.length];
    long stride = 1;
    for (int i = shape.length - 1; i >= 0; i--) {
      strides[i] = stride;
      stride *= shape[i];
    }
    return strides;
  }

  static boolean contiguous(long[] shape, long[] strides) {
    long expected = 1;
    for (int i = shape.length - 1; i >= 0; i--) {
      if (shape[i] != 1 && strides[i] != expected) {
        return false;
      }
      expected *= shape[i];
    }
    return true;
  }

  /** Replaces a -1 by what the others leave of {@code elements}; checks the product. */
  static long[] resolve(long[] wanted, long elements) {
    long[] shape = wanted.clone();
    int open = -1;
    long known = 1;
    for (int i = 0; i < shape.length; i++) {
      if (shape[i] == -1 && open < 0) {
        open = i;
      } else if (shape[i] < 1) {
        throw new IllegalArgumentException(
            "view " + Arrays.toString(wanted) + ": expected sizes of at least 1, and -1 once");
      } else {
        known = Math.multiplyExact(known, shape[i]);
      }
    }
    if (open >= 0 && elements % known == 0) {
      shape[open] = elements / known;
      known = elements;
    }
    if (known != elements || shape.length < 1 || shape.length > MAX_RANK) {
      throw new IllegalArgumentException(
          "view "
              + Arrays.toString(wanted)
              + " does not fit a tensor of "
              + elements
              + " elements");
    }
    return shape;
  }
}

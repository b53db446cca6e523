package dev.diorama;

import dev.diorama.ffi.dio_tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Makes dio_tensor structs, many to one piece of memory that the garbage collector frees with the
 * last of them. A tensor has one for life, so calls allocate nothing.
 */
final class Descriptors {
  private static final int IN_SLAB = 64;
  private static final AtomicReference<Slab> CURRENT = new AtomicReference<>(new Slab());

  private Descriptors() {}

  static MemorySegment make(long address, DType dtype, long[] shape, long[] strides) {
    MemorySegment descriptor = next();
    dio_tensor.data(descriptor, MemorySegment.ofAddress(address));
    dio_tensor.dtype(descriptor, dtype.ordinal());
    dio_tensor.rank(descriptor, shape.length);
    for (int i = 0; i < shape.length; i++) {
      dio_tensor.shape(descriptor, i, shape[i]);
      dio_tensor.strides(descriptor, i, strides[i]);
    }
    return descriptor;
  }

  private static MemorySegment next() {
    while (true) {
      Slab slab = CURRENT.get();
      int index = slab.used.getAndIncrement();
      if (index < IN_SLAB) {
        return dio_tensor.asSlice(slab.memory, index);
      }
      CURRENT.compareAndSet(slab, new Slab());
    }
  }

  private static final class Slab {
    final MemorySegment memory = dio_tensor.allocateArray(IN_SLAB, Arena.ofAuto());
    final AtomicInteger used = new AtomicInteger();
  }
}

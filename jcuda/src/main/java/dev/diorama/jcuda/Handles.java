package dev.diorama.jcuda;

import java.lang.reflect.Constructor;
import jcuda.NativePointerObject;
import jcuda.Pointer;
import jcuda.driver.CUstream;

/**
 * The numbers inside JCuda's objects. JCuda shows them to subclasses only, and makes a stream of a
 * number nowhere in public.
 */
final class Handles {
  private Handles() {}

  /** Reads the handle of an object. */
  private static final class Reader extends NativePointerObject {
    Reader(NativePointerObject other) {
      super(other);
    }

    long value() {
      return getNativePointer();
    }
  }

  /** Reads the offset of a pointer, and makes pointers of addresses. */
  private static final class Address extends Pointer {
    Address(Pointer other) {
      super(other);
    }

    Address(long address) {
      super(address);
    }

    long offset() {
      return getByteOffset();
    }
  }

  static long value(NativePointerObject object) {
    return new Reader(object).value();
  }

  static long address(Pointer pointer) {
    return value(pointer) + new Address(pointer).offset();
  }

  static Pointer pointer(long address) {
    return new Address(address);
  }

  static CUstream stream(long handle) {
    try {
      Constructor<CUstream> maker = CUstream.class.getDeclaredConstructor(long.class);
      maker.setAccessible(true);
      return maker.newInstance(handle);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(
          "this version of JCuda makes no CUstream of a handle; use org.jcuda:jcuda:12.6.0", e);
    }
  }
}

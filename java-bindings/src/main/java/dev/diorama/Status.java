package dev.diorama;

import dev.diorama.ffi.diorama_h;
import java.lang.foreign.MemorySegment;

/** Turns a dio_status and the sentence behind it into an exception. */
final class Status {
  private Status() {}

  static void check(int status) {
    if (status != 0) {
      throw failure(status, diorama_h.dio_last_error().getString(0));
    }
  }

  private static RuntimeException failure(int status, String sentence) {
    if (status == diorama_h.DIO_STATUS_INVALID_ARGUMENT()) {
      return new IllegalArgumentException(sentence);
    }
    if (status == diorama_h.DIO_STATUS_BUSY()) {
      return new IllegalStateException(sentence);
    }
    return new DioramaException(sentence);
  }

  /** A C string that lives as long as the library. */
  static String text(MemorySegment pointer) {
    return pointer.getString(0);
  }
}

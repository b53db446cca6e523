package dev.diorama;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts the operations that use something native right now, so that closing it under them is
 * refused. The value is the count, or {@link #CLOSED}.
 */
final class Lifetime extends AtomicInteger {
  private static final long serialVersionUID = 1L;
  private static final int CLOSED = -1;

  private final String what;

  Lifetime(String what) {
    this.what = what;
  }

  /** One more user; throws when closed. */
  void acquire() {
    int uses;
    do {
      uses = getPlain();
      if (uses < 0) {
        uses = get();
        if (uses < 0) {
          throw new IllegalStateException(what + " is closed");
        }
      }
    } while (!weakCompareAndSetVolatile(uses, uses + 1));
  }

  void release() {
    decrementAndGet();
  }

  boolean closed() {
    return get() == CLOSED;
  }

  /**
   * Closes when nothing uses it.
   *
   * @return false when it was closed before
   * @throws IllegalStateException when an operation uses it
   */
  boolean close() {
    int uses = compareAndExchange(0, CLOSED);
    if (uses > 0) {
      throw new IllegalStateException(
          what
              + " cannot be closed: an operation of another thread, or an open graph, is using it");
    }
    return uses == 0;
  }

  /** Takes a close() back. */
  void reopen() {
    set(0);
  }
}

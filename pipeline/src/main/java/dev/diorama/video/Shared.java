package dev.diorama.video;

import java.io.IOException;

/**
 * Something expensive that several generators use at once: opened for the first, closed after the
 * last, or kept until the model closes.
 */
final class Shared<T extends AutoCloseable> implements AutoCloseable {

  /** Makes the thing. */
  @FunctionalInterface
  interface Opener<T> {
    T open() throws IOException;
  }

  private final Opener<T> opener;
  private final boolean keep;
  private T value;
  private int users;

  Shared(boolean keep, Opener<T> opener) {
    this.keep = keep;
    this.opener = opener;
  }

  /** A use of the thing; close it to give it back. */
  synchronized Lease acquire() throws IOException {
    if (value == null) {
      value = opener.open();
    }
    users++;
    return new Lease(value);
  }

  private synchronized void release() {
    users--;
    if (users == 0 && !keep) {
      close();
    }
  }

  @Override
  public synchronized void close() {
    if (users > 0) {
      throw new IllegalStateException("the model is closed while a request runs on it");
    }
    T closing = value;
    value = null;
    if (closing != null) {
      Closing.quietly(closing);
    }
  }

  /** One use. */
  final class Lease implements AutoCloseable {
    private final T leased;
    private boolean returned;

    private Lease(T leased) {
      this.leased = leased;
    }

    T get() {
      return leased;
    }

    @Override
    public void close() {
      if (!returned) {
        returned = true;
        release();
      }
    }
  }
}

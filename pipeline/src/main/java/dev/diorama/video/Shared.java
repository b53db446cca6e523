package dev.diorama.video;

import java.io.IOException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;

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
  private FutureTask<T> pending;
  private int users;

  Shared(boolean keep, Opener<T> opener) {
    this.keep = keep;
    this.opener = opener;
  }

  /** Begins to open the thing on another thread, for a later {@link #acquire}. */
  void prepare(Executor worker) {
    prepare(worker, opener);
  }

  /** The same in another way. */
  synchronized void prepare(Executor worker, Opener<T> other) {
    if (value == null && pending == null) {
      pending = new FutureTask<>(other::open);
      worker.execute(pending);
    }
  }

  /** Closes what was prepared and is not wanted after all. */
  synchronized void settle() {
    if (pending != null && users == 0 && !keep) {
      close();
    }
  }

  /** A use of the thing; close it to give it back. */
  synchronized Lease acquire() throws IOException {
    if (value == null) {
      value = pending != null ? prepared() : opener.open();
    }
    users++;
    return new Lease(value);
  }

  private T prepared() throws IOException {
    FutureTask<T> task = pending;
    pending = null;
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get();
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          switch (e.getCause()) {
            case IOException io -> throw io;
            case RuntimeException fault -> throw fault;
            default -> throw new IllegalStateException(e.getCause());
          }
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
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
    if (pending != null) {
      try {
        value = prepared();
      } catch (IOException | RuntimeException e) {
        // Nobody asked for it, and nothing was opened.
        return;
      }
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

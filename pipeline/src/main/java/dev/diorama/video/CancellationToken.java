package dev.diorama.video;

import java.util.concurrent.CancellationException;

/** Asks a running request to stop. Any thread may cancel; the request looks between kernels. */
public final class CancellationToken {
  private volatile boolean cancelled;

  /** A token that nobody has cancelled yet. */
  public CancellationToken() {}

  /** Asks every request that was given this token to stop as soon as it can. */
  public void cancel() {
    cancelled = true;
  }

  /**
   * Whether somebody cancelled.
   *
   * @return true after {@link #cancel}
   */
  public boolean isCancelled() {
    return cancelled;
  }

  /**
   * Ends the calling request when somebody cancelled it.
   *
   * @throws CancellationException after {@link #cancel}
   */
  public void throwIfCancelled() {
    if (cancelled) {
      throw new CancellationException("the request was cancelled");
    }
  }
}

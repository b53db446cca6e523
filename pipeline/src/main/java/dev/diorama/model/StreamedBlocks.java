package dev.diorama.model;

import dev.diorama.Context;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;

/**
 * Blocks for a device that has no room for all of them: two at a time are there. A thread of its
 * own, with a context and so a stream of its own, uploads the next one while the one before
 * computes. The memory of a block that is done serves the next, so nothing is allocated after the
 * first two.
 *
 * <p>Used by one thread at a time.
 */
final class StreamedBlocks<T> implements Blocks<T> {
  private static final int SLOTS = 2;

  private final Function<Context, Weights> source;
  private final Opener<T> opener;
  private final int size;
  private final Context uploads;
  private final ExecutorService worker =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("diorama-weights").factory());
  private final Deque<Slot<T>> ahead = new ArrayDeque<>();
  private int next;

  private record Opened<T>(T block, Weights weights) {}

  private record Slot<T>(int index, Future<Opened<T>> opened) {}

  /** The source makes the weights of one block, on the context that uploads. */
  StreamedBlocks(Context like, int size, Function<Context, Weights> source, Opener<T> opener) {
    this.size = size;
    this.source = source;
    this.opener = opener;
    uploads = like.backend().newContext();
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public boolean resident() {
    return false;
  }

  @Override
  public void forEach(Context context, Visitor<T> visitor) {
    // A pass that was cancelled leaves blocks from its middle.
    while (!ahead.isEmpty() && ahead.peek().index != 0) {
      free(ahead.poll());
    }
    if (ahead.isEmpty()) {
      next = 0;
    }
    for (int i = 0; i < size; i++) {
      fill();
      Slot<T> slot = ahead.peek();
      visitor.visit(slot.index, wait(slot.opened).block);
      // Its memory is written anew only when nothing reads it any more.
      context.synchronize();
      free(ahead.poll());
    }
  }

  /** Begins uploads until both slots have a block, wrapping to the next pass. */
  private void fill() {
    while (ahead.size() < Math.min(SLOTS, size)) {
      int index = next;
      ahead.add(new Slot<>(index, worker.submit(() -> open(index))));
      next = (next + 1) % size;
    }
  }

  private Opened<T> open(int index) throws ModelException {
    Weights weights = source.apply(uploads);
    boolean done = false;
    try {
      T block = opener.open(weights, index);
      uploads.synchronize();
      done = true;
      return new Opened<>(block, weights);
    } finally {
      if (!done) {
        weights.close();
      }
    }
  }

  private void free(Slot<T> slot) {
    Opened<T> opened = wait(slot.opened);
    worker.submit(opened.weights::close);
  }

  private static <R> R wait(Future<R> future) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return future.get();
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          throw e.getCause() instanceof RuntimeException fault
              ? fault
              : new IllegalStateException(e.getCause());
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public void close() {
    worker.close();
    uploads.close();
  }
}

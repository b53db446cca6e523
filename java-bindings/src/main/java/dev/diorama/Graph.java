package dev.diorama;

import dev.diorama.ffi.diorama_h;
import java.lang.foreign.MemorySegment;

/**
 * Operations that were recorded once and start together: {@link Context#record}.
 *
 * <pre>{@code
 * try (Graph graph = context.record(() -> kernels.linear(x, w, null, y))) {
 *   x.set(next);
 *   graph.launch();
 * }
 * }</pre>
 *
 * <p>Thread rules are those of the context that recorded it. A launch returns before the work is
 * done, as every operation on a device does, and its work comes after what was started before.
 */
public final class Graph implements AutoCloseable {
  private final Context context;
  private final MemorySegment handle;
  private final Recording recording;
  private final Lifetime lifetime = new Lifetime("the graph");
  private final Leaks.Ticket ticket;

  Graph(Context context, MemorySegment handle, Recording recording) {
    this.context = context;
    this.handle = handle;
    this.recording = recording;
    this.ticket = Leaks.follow(this, () -> "graph");
  }

  /**
   * Starts the operations.
   *
   * @throws IllegalStateException when the graph or its context is closed, or another thread is in
   *     the context
   */
  public void launch() {
    lifetime.acquire();
    try {
      context.launch(this);
    } finally {
      lifetime.release();
    }
  }

  /**
   * Waits for its work and frees it; tensors that it kept open may be closed again. Closing twice
   * does nothing.
   *
   * @throws IllegalStateException when another thread is using it or its context
   */
  @Override
  public void close() {
    if (!lifetime.closed()) {
      context.forget(this);
    }
  }

  /** For a thread that is inside the context. */
  void closeInside() {
    if (lifetime.close()) {
      Leaks.closed(ticket);
      Status.check(diorama_h.dio_graph_destroy(handle));
      recording.release();
    }
  }

  MemorySegment handle() {
    return handle;
  }
}

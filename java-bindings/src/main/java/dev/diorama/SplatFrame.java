package dev.diorama;

import dev.diorama.ffi.diorama_h;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What one rendering keeps for its backward pass, and its memory, used again by the next rendering.
 * Used by one thread at a time, with the context that made it.
 */
public final class SplatFrame implements AutoCloseable {
  private final Context context;
  private final MemorySegment handle;
  private final Lifetime lifetime = new Lifetime("the splat frame");
  private final Leaks.Ticket ticket;

  /** For a thread that is inside the context. */
  SplatFrame(Context context) {
    this.context = context;
    Status.check(diorama_h.dio_splat_frame_create(context.handle(), context.arguments()));
    this.handle = context.arguments().get(ValueLayout.ADDRESS, 0);
    this.ticket = Leaks.follow(this, () -> "splat frame");
  }

  /**
   * What the last rendering and backward pass did.
   *
   * @return all 0 before the first rendering
   */
  public SplatStats stats() {
    context.begin();
    try {
      context.use(this);
      Status.check(diorama_h.dio_splat_frame_stats(handle, context.arguments()));
      return SplatStats.read(context.arguments());
    } finally {
      context.end();
    }
  }

  /**
   * Frees it. Closing twice does nothing.
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
      Status.check(diorama_h.dio_splat_frame_destroy(handle));
    }
  }

  Context context() {
    return context;
  }

  Lifetime lifetime() {
    return lifetime;
  }

  MemorySegment handle() {
    return handle;
  }
}

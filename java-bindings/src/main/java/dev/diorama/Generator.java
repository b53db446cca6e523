package dev.diorama;

import dev.diorama.ffi.diorama_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Random numbers that equal those of a CPU {@code torch.Generator} of the same seed. Draws, by
 * {@link Kernels#randn}, advance it. Used by one thread at a time.
 */
public final class Generator implements AutoCloseable {
  private final Context context;
  private final long seed;
  private final MemorySegment handle;
  private final Lifetime lifetime = new Lifetime("the generator");
  private final Leaks.Ticket ticket;

  Generator(Context context, long seed) {
    this.context = context;
    this.seed = seed;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment result = arena.allocate(ValueLayout.ADDRESS);
      Status.check(diorama_h.dio_generator_create(seed, result));
      this.handle = result.get(ValueLayout.ADDRESS, 0);
    }
    this.ticket = Leaks.follow(this, () -> "generator of seed " + seed);
  }

  /**
   * What it began with.
   *
   * @return the seed
   */
  public long seed() {
    return seed;
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
      Status.check(diorama_h.dio_generator_destroy(handle));
    }
  }

  Lifetime lifetime() {
    return lifetime;
  }

  MemorySegment handle() {
    return handle;
  }
}

package dev.diorama;

import java.lang.ref.Cleaner;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.function.Supplier;

/**
 * Finds what was opened and not closed. Off by default, when it costs nothing.
 *
 * <p>{@code -Ddiorama.leaks=report} follows every backend, context, tensor, generator and mapped
 * file from the start and writes a warning, with the place where it was made, when one is garbage
 * collected unclosed. Tests call {@link #track} and then look at {@link #open}. Thread-safe.
 */
public final class Leaks {
  private static final System.Logger LOG = System.getLogger("dev.diorama");
  private static final Set<Ticket> OPEN = ConcurrentHashMap.newKeySet();
  private static final AtomicLong NUMBERS = new AtomicLong();
  private static final Set<String> INTERNAL =
      Set.of(
          "dev.diorama.Leaks",
          "dev.diorama.Backend",
          "dev.diorama.Context",
          "dev.diorama.Scope",
          "dev.diorama.Tensor",
          "dev.diorama.Block",
          "dev.diorama.Generator",
          "dev.diorama.Graph",
          "dev.diorama.MappedFile");

  /** Where warnings go; tests listen here. */
  static volatile BiConsumer<String, Throwable> warning =
      (text, where) -> LOG.log(System.Logger.Level.WARNING, text, where);

  private static volatile boolean tracking =
      "report".equals(System.getProperty("diorama.leaks", ""));

  private Leaks() {}

  /**
   * Something open.
   *
   * @param number counts up in the order of opening
   * @param what what it is, for example "tensor F32 [2, 3]"
   * @param where the stack of the thread that opened it
   */
  public record Leak(long number, String what, Throwable where) {
    @Override
    public String toString() {
      StringBuilder text = new StringBuilder(what).append(", opened");
      for (StackTraceElement frame : where.getStackTrace()) {
        if (!INTERNAL.contains(frame.getClassName())) {
          return text.append(" at ")
              .append(frame.getClassName())
              .append('.')
              .append(frame.getMethodName())
              .append('(')
              .append(frame.getFileName())
              .append(':')
              .append(frame.getLineNumber())
              .append(')')
              .toString();
        }
      }
      return text.append(" by the library").toString();
    }
  }

  /**
   * Starts to follow what is opened from now on, or stops.
   *
   * @param on whether to follow
   */
  public static void track(boolean on) {
    tracking = on;
    if (!on) {
      OPEN.clear();
    }
  }

  /**
   * What was opened since tracking began and is not closed.
   *
   * @return in the order of opening; empty when tracking is off
   */
  public static List<Leak> open() {
    return OPEN.stream()
        .map(ticket -> ticket.leak)
        .sorted(Comparator.comparingLong(Leak::number))
        .toList();
  }

  /** Follows a resource; null when tracking is off. */
  static Ticket follow(Object resource, Supplier<String> what) {
    if (!tracking) {
      return null;
    }
    Ticket ticket =
        new Ticket(new Leak(NUMBERS.incrementAndGet(), what.get(), new Throwable("opened here")));
    OPEN.add(ticket);
    ticket.cleanable = Cleaners.CLEANER.register(resource, ticket);
    return ticket;
  }

  static void closed(Ticket ticket) {
    if (ticket != null) {
      ticket.closed = true;
      OPEN.remove(ticket);
      ticket.cleanable.clean();
    }
  }

  private static final class Cleaners {
    static final Cleaner CLEANER = Cleaner.create();
  }

  /** Knows what is followed, not the resource itself. */
  static final class Ticket implements Runnable {
    private final Leak leak;
    private volatile boolean closed;
    private volatile Cleaner.Cleanable cleanable;

    private Ticket(Leak leak) {
      this.leak = leak;
    }

    @Override
    public void run() {
      if (!closed && tracking) {
        warning.accept("A leak: " + leak, leak.where());
      }
    }
  }
}

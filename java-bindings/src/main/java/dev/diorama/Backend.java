package dev.diorama;

import dev.diorama.ffi.dio_backend_info;
import dev.diorama.ffi.diorama_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A place where work is done: a graphics card's kernels, the CPU's, or the plain loops that define
 * the truth.
 *
 * <pre>{@code
 * try (Backend backend = Backend.open("cpu");
 *     Context context = backend.newContext();
 *     Scope scope = context.scope()) {
 *   Tensor x = scope.of(new float[] {1, 2, 3, 4}, 2, 2);
 *   Tensor w = scope.of(new float[] {1, 0, 0, 1}, 2, 2);
 *   Tensor out = scope.tensor(DType.F32, 2, 2);
 *   context.kernels().linear(x, w, null, out);
 * }
 * }</pre>
 *
 * <p>Thread-safe: one backend serves any number of threads, each with its own {@link Context}.
 */
public final class Backend implements AutoCloseable {
  /** The place of tensors that the processor reads. */
  static final int HOST = 0;

  private static final int SIMT = -1;
  private static final String CUDA = "cuda";
  private static final Pattern CUDA_NAME = Pattern.compile("cuda(?::(\\d{1,6}))?");

  private final String name;
  private final int threads;
  private final Leaks.Ticket ticket;
  private final Set<Context> contexts = new HashSet<>();
  private final int place;
  private boolean closed;

  private Backend(String name, int threads) {
    this.name = name;
    this.threads = threads;
    this.place = place(name);
    this.ticket = Leaks.follow(this, () -> "backend " + name);
  }

  /**
   * Opens a backend that uses all cores this process may run on.
   *
   * @param name "auto" (cuda where it is there, else cpu), "cpu", "cuda" or "cuda:1"; for tests
   *     "reference", "plain" and "simt", the CUDA kernels' own source run on the processor, slowly
   * @return to be closed
   * @throws IllegalArgumentException when there is no such name
   * @throws DioramaException when it is not available here; the message says what is missing
   */
  public static Backend open(String name) {
    return open(name, 0);
  }

  /**
   * Opens a backend.
   *
   * @param name as for {@link #open(String)}
   * @param threads how many host threads the kernels of one context may use; 0 for all cores
   * @return to be closed
   */
  public static Backend open(String name, int threads) {
    NativeLibrary.load();
    Backend backend = new Backend(resolve(name), threads);
    try {
      backend.newContext().close();
      return backend;
    } catch (RuntimeException e) {
      backend.close();
      throw e;
    }
  }

  /**
   * All backends this version knows, also those that cannot be opened here, with the reason.
   *
   * @return one row each
   */
  public static List<BackendInfo> list() {
    NativeLibrary.load();
    List<BackendInfo> rows = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = dio_backend_info.allocate(arena);
      for (int i = 0; i < diorama_h.dio_backend_count(); i++) {
        Status.check(diorama_h.dio_backend_describe(i, info));
        rows.add(
            new BackendInfo(
                Status.text(dio_backend_info.name(info)),
                dio_backend_info.available(info) != 0,
                dio_backend_info.device_count(info),
                Status.text(dio_backend_info.description(info)),
                Status.text(dio_backend_info.reason(info))));
      }
    }
    return List.copyOf(rows);
  }

  /**
   * The version of the native library.
   *
   * @return for example "0.1.0"
   */
  public static String libraryVersion() {
    NativeLibrary.load();
    return Status.text(diorama_h.dio_version());
  }

  /**
   * What this backend is; "auto" has become the one that was chosen.
   *
   * @return "cpu", "cuda:1", ...
   */
  public String name() {
    return name;
  }

  /**
   * Whether this backend has an operation.
   *
   * @param operation as in the C header without "dio_": "attention", "layer_norm", "conv3d", ...
   * @param dtype the type of its main input
   * @return true when it does
   * @throws IllegalArgumentException when there is no such operation
   */
  public boolean supports(String operation, DType dtype) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment result = arena.allocate(ValueLayout.JAVA_INT);
      Status.check(
          diorama_h.dio_backend_supports(
              arena.allocateFrom(name.split(":", 2)[0]),
              arena.allocateFrom(operation),
              dtype.ordinal(),
              result));
      return result.get(ValueLayout.JAVA_INT, 0) != 0;
    }
  }

  /**
   * A place to work for one thread at a time.
   *
   * @return to be closed
   */
  public Context newContext() {
    synchronized (contexts) {
      if (closed) {
        throw new IllegalStateException("the backend " + name + " is closed");
      }
      Context context = new Context(this, name, threads);
      contexts.add(context);
      return context;
    }
  }

  /**
   * Closes the backend. Closing twice does nothing.
   *
   * @throws IllegalStateException while contexts of it are open
   */
  @Override
  public void close() {
    synchronized (contexts) {
      if (closed) {
        return;
      }
      if (!contexts.isEmpty()) {
        throw new IllegalStateException(
            "the backend " + name + " has " + contexts.size() + " open contexts; close them first");
      }
      closed = true;
      Leaks.closed(ticket);
    }
  }

  void closed(Context context) {
    synchronized (contexts) {
      contexts.remove(context);
    }
  }

  /**
   * Whether its tensors lie on a device: work is done after the call has returned, values travel by
   * copies, and mapped files must be uploaded.
   *
   * @return true for cuda, and for simt, which behaves as it does
   */
  public boolean onDevice() {
    return place() != HOST;
  }

  /** Where its tensors lie: the host, cuda:n as n + 1, or simt. */
  int place() {
    return place;
  }

  /** What is no name of a backend is refused when the first context is made. */
  private static int place(String name) {
    if (name.equals("simt")) {
      return SIMT;
    }
    Matcher cuda = CUDA_NAME.matcher(name);
    if (!cuda.matches()) {
      return HOST;
    }
    return cuda.group(1) == null ? 1 : Integer.parseInt(cuda.group(1)) + 1;
  }

  private static String resolve(String name) {
    if (!name.equals("auto")) {
      return name;
    }
    boolean cuda = list().stream().anyMatch(row -> row.name().equals(CUDA) && row.available());
    return cuda ? CUDA : "cpu";
  }
}

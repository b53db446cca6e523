package dev.diorama;

import dev.diorama.ffi.dio_memory_stats;
import dev.diorama.ffi.diorama_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * One thread's place to work: a pool of memory, temporary memory for the kernels, a number of
 * threads that they may use.
 *
 * <p>A context is used by one thread at a time, though not always the same one; a second thread
 * that comes at the same moment gets {@link IllegalStateException}. Any number of contexts work
 * side by side. Closing a context closes every tensor, generator and splat frame it made.
 */
public final class Context implements AutoCloseable {
  private static final Object CLOSED = "closed";
  private static final VarHandle USER;

  static {
    try {
      USER = MethodHandles.lookup().findVarHandle(Context.class, "user", Object.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** For arguments that are structs or arrays: results, parameters, lists of tensors. */
  static final long ARGUMENT_BYTES = 512;

  private static final int MAX_TENSORS = 32;

  private final Backend backend;
  private final MemorySegment handle;
  private final MemorySegment arguments = Arena.ofAuto().allocate(ARGUMENT_BYTES, 8);
  private final Kernels kernels = new Kernels(this);
  private final Splats splats = new Splats(this);
  private final Leaks.Ticket ticket;
  private final int device;

  // All below belong to the thread that is in.
  private final Set<Block> blocks = Collections.newSetFromMap(new IdentityHashMap<>());
  private final Set<Generator> generators = Collections.newSetFromMap(new IdentityHashMap<>());
  private final Set<SplatFrame> frames = Collections.newSetFromMap(new IdentityHashMap<>());
  private final Lifetime[] used = new Lifetime[MAX_TENSORS];
  private int usedCount;

  /** The thread that is in, null, or {@link #CLOSED}. */
  private volatile Object user;

  Context(Backend backend, String name, int threads) {
    this.backend = backend;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment result = arena.allocate(ValueLayout.ADDRESS);
      Status.check(diorama_h.dio_context_create(arena.allocateFrom(name), threads, result));
      this.handle = result.get(ValueLayout.ADDRESS, 0);
    }
    this.device = backend.device();
    this.ticket = Leaks.follow(this, () -> "context on " + name);
  }

  /**
   * Where this context works.
   *
   * @return the backend that made it
   */
  public Backend backend() {
    return backend;
  }

  /**
   * The operations, done by this context.
   *
   * @return always the same object
   */
  public Kernels kernels() {
    return kernels;
  }

  /**
   * The operations on Gaussian splats, done by this context.
   *
   * @return always the same object
   */
  public Splats splats() {
    return splats;
  }

  /**
   * A new tensor, its memory not cleared.
   *
   * @param dtype the type of the elements
   * @param shape sizes of at least 1, at most eight of them
   * @return to be closed
   * @throws DioramaException when memory is short
   */
  public Tensor tensor(DType dtype, long... shape) {
    long bytes = Shapes.checkedBytes(dtype, shape);
    begin();
    try {
      Status.check(diorama_h.dio_memory_allocate(handle, bytes, arguments));
      MemorySegment memory = arguments.get(ValueLayout.ADDRESS, 0).reinterpret(bytes);
      Block block = new Block("the tensor", memory, true, device);
      Tensor tensor = Tensor.owning(block, this, dtype, shape.clone());
      blocks.add(block);
      block.ticket = Leaks.follow(tensor, () -> "tensor " + tensor);
      return tensor;
    } finally {
      end();
    }
  }

  /**
   * A new tensor of zeros.
   *
   * @param dtype the type of the elements
   * @param shape sizes of at least 1, at most eight of them
   * @return to be closed
   */
  public Tensor zeros(DType dtype, long... shape) {
    Tensor tensor = tensor(dtype, shape);
    tensor.block().memory.fill((byte) 0);
    return tensor;
  }

  /**
   * A new F32 tensor.
   *
   * @param values one for each element, in row-major order
   * @param shape the sizes
   * @return to be closed
   */
  public Tensor of(float[] values, long... shape) {
    checkLength(values.length, shape);
    Tensor tensor = tensor(DType.F32, shape);
    tensor.set(values);
    return tensor;
  }

  /**
   * A new I32 tensor.
   *
   * @param values one for each element, in row-major order
   * @param shape the sizes
   * @return to be closed
   */
  public Tensor of(int[] values, long... shape) {
    checkLength(values.length, shape);
    Tensor tensor = tensor(DType.I32, shape);
    tensor.set(values);
    return tensor;
  }

  /**
   * A scope for tensors that end together.
   *
   * @return to be closed
   */
  public Scope scope() {
    return new Scope(this);
  }

  /**
   * A source of random numbers that equals torch's CPU generator.
   *
   * @param seed any number
   * @return to be closed; the context closes it at the latest
   */
  public Generator generator(long seed) {
    begin();
    try {
      Generator generator = new Generator(this, seed);
      generators.add(generator);
      return generator;
    } finally {
      end();
    }
  }

  /**
   * What renderings of Gaussian splats keep between them.
   *
   * @return to be closed; the context closes it at the latest
   */
  public SplatFrame splatFrame() {
    begin();
    try {
      SplatFrame frame = new SplatFrame(this);
      frames.add(frame);
      return frame;
    } finally {
      end();
    }
  }

  /** Waits until all work that was started is done; at once on a CPU. */
  public void synchronize() {
    begin();
    try {
      Status.check(diorama_h.dio_context_synchronize(handle));
    } finally {
      end();
    }
  }

  /**
   * The memory this context holds.
   *
   * @return in bytes
   */
  public MemoryStats memory() {
    begin();
    try {
      Status.check(diorama_h.dio_context_memory(handle, arguments));
      return new MemoryStats(
          dio_memory_stats.allocated_bytes(arguments),
          dio_memory_stats.reserved_bytes(arguments),
          dio_memory_stats.peak_bytes(arguments));
    } finally {
      end();
    }
  }

  /** Gives memory that the pool holds but no tensor uses back to the system. */
  public void trim() {
    begin();
    try {
      Status.check(diorama_h.dio_context_trim(handle));
    } finally {
      end();
    }
  }

  /**
   * Measures a loop of fused multiply-adds on all threads of this context.
   *
   * @param seconds how long to measure, at most 60
   * @return floating-point operations a second, F32
   */
  public double measureFlops(double seconds) {
    begin();
    try {
      Status.check(diorama_h.dio_measure_flops(handle, seconds, arguments));
      return arguments.get(ValueLayout.JAVA_DOUBLE, 0);
    } finally {
      end();
    }
  }

  /**
   * Measures a copy far larger than the caches on all threads of this context.
   *
   * @param seconds how long to measure, at most 60
   * @return bytes a second, read plus written
   */
  public double measureBandwidth(double seconds) {
    begin();
    try {
      Status.check(diorama_h.dio_measure_bandwidth(handle, seconds, arguments));
      return arguments.get(ValueLayout.JAVA_DOUBLE, 0);
    } finally {
      end();
    }
  }

  /**
   * Whether the context is closed.
   *
   * @return true after close
   */
  public boolean closed() {
    return user == CLOSED;
  }

  /**
   * Closes every tensor and generator of this context, then the context. Closing twice does
   * nothing.
   *
   * @throws IllegalStateException when another thread is using the context or one of its tensors;
   *     nothing is closed then
   */
  @Override
  public void close() {
    if (user == CLOSED) {
      return;
    }
    begin();
    List<Lifetime> done = new ArrayList<>();
    try {
      for (Block block : blocks) {
        block.lifetime.close();
        done.add(block.lifetime);
      }
      for (Generator generator : List.copyOf(generators)) {
        generator.closeInside();
      }
      for (SplatFrame frame : List.copyOf(frames)) {
        frame.closeInside();
      }
      frames.clear();
      Status.check(diorama_h.dio_context_destroy(handle));
    } catch (RuntimeException e) {
      done.forEach(Lifetime::reopen);
      end();
      throw e;
    }
    blocks.forEach(block -> Leaks.closed(block.ticket));
    blocks.clear();
    Leaks.closed(ticket);
    USER.setRelease(this, CLOSED);
    backend.closed(this);
  }

  /** The current thread comes in. */
  void begin() {
    Object other = USER.compareAndExchange(this, null, Thread.currentThread());
    if (other != null) {
      throw refused(other);
    }
  }

  /** It goes out; what it used is free to be closed. */
  void end() {
    for (int i = 0; i < usedCount; i++) {
      used[i].release();
      used[i] = null;
    }
    usedCount = 0;
    USER.setRelease(this, null);
  }

  /** Keeps a tensor alive until {@link #end}; null stays NULL. */
  MemorySegment use(Tensor tensor) {
    if (tensor == null) {
      return MemorySegment.NULL;
    }
    Block block = tensor.block();
    if (block.device != device) {
      throw new IllegalArgumentException(
          "the tensor " + tensor + " lies on another device than the backend " + backend.name());
    }
    block.lifetime.acquire();
    used[usedCount++] = block.lifetime;
    return tensor.descriptor();
  }

  /** The same for a tensor that will be written. */
  MemorySegment output(Tensor tensor) {
    if (tensor != null && !tensor.block().writable) {
      throw new IllegalArgumentException(
          "the tensor " + tensor + " lies in a file and cannot be written");
    }
    return use(tensor);
  }

  MemorySegment use(Generator generator) {
    generator.lifetime().acquire();
    used[usedCount++] = generator.lifetime();
    return generator.handle();
  }

  MemorySegment use(SplatFrame frame) {
    if (frame.context() != this) {
      throw new IllegalArgumentException(
          "the splat frame belongs to another context; make one with this context's splatFrame()");
    }
    frame.lifetime().acquire();
    used[usedCount++] = frame.lifetime();
    return frame.handle();
  }

  MemorySegment handle() {
    return handle;
  }

  MemorySegment arguments() {
    return arguments;
  }

  void free(Block block) {
    if (block.lifetime.closed()) {
      return;
    }
    begin();
    try {
      if (block.lifetime.close()) {
        blocks.remove(block);
        Leaks.closed(block.ticket);
        Status.check(diorama_h.dio_memory_free(handle, block.memory));
      }
    } finally {
      end();
    }
  }

  void forget(Generator generator) {
    begin();
    try {
      generator.closeInside();
      generators.remove(generator);
    } finally {
      end();
    }
  }

  void forget(SplatFrame frame) {
    begin();
    try {
      frame.closeInside();
      frames.remove(frame);
    } finally {
      end();
    }
  }

  private static void checkLength(int length, long[] shape) {
    Shapes.checkedBytes(DType.F32, shape);
    if (length != Shapes.elements(shape)) {
      throw new IllegalArgumentException(
          length + " values do not fill a tensor of " + Shapes.elements(shape) + " elements");
    }
  }

  private static IllegalStateException refused(Object other) {
    if (other == CLOSED) {
      return new IllegalStateException("the context is closed");
    }
    return new IllegalStateException(
        "the context is in use by " + other + "; give each thread a context of its own");
  }
}

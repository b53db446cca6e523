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
import java.util.function.Supplier;

/**
 * One thread's place to work: a pool of memory, temporary memory for the kernels, a number of
 * threads that they may use.
 *
 * <p>A context is used by one thread at a time, though not always the same one; a second thread
 * that comes at the same moment gets {@link IllegalStateException}. Any number of contexts work
 * side by side. Closing a context closes every tensor, generator, graph and splat frame it made.
 *
 * <p>On a device a call returns before its work is done. Work of one context is done in the order
 * of the calls, and reading a tensor waits for it; before another context uses what this one wrote
 * (or overwrites or frees what this one reads), {@link #synchronize} this one.
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
  static final long ARGUMENT_BYTES = 640;

  private static final int MAX_TENSORS = 32;
  private static final long[] ONE = {1};

  private final Backend backend;
  private final MemorySegment handle;
  private final MemorySegment arguments = Arena.ofAuto().allocate(ARGUMENT_BYTES, 8);
  private final Kernels kernels = new Kernels(this);
  private final Splats splats = new Splats(this);
  private final Leaks.Ticket ticket;

  // All below belong to the thread that is in.
  private final Set<Block> blocks = Collections.newSetFromMap(new IdentityHashMap<>());
  private final Set<Generator> generators = Collections.newSetFromMap(new IdentityHashMap<>());
  private final Set<SplatFrame> frames = Collections.newSetFromMap(new IdentityHashMap<>());
  private final Set<Graph> graphs = Collections.newSetFromMap(new IdentityHashMap<>());
  private Recording recording;
  private Tensor zero;
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
      Block block = Block.pooled(memory, this);
      Tensor tensor = Tensor.owning(block, this, dtype, shape.clone());
      blocks.add(block);
      if (recording != null) {
        recording.allocated(block.lifetime);
      }
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
    if (backend.onDevice()) {
      kernels.copy(zeroOf(dtype).expand(shape), tensor);
    } else {
      tensor.block().memory.fill((byte) 0);
    }
    return tensor;
  }

  /** A zero on the device, for {@link Kernels#copy} to repeat. */
  private Tensor zeroOf(DType dtype) {
    if (zero == null) {
      zero = tensor(DType.U8, Double.BYTES);
      zero.set(new byte[Double.BYTES]);
    }
    return Tensor.inside(zero.block(), zero.block().memory.asSlice(0, dtype.bytes()), dtype, ONE);
  }

  /**
   * A copy of a tensor of the host, such as one of a {@link MappedFile}, where this context
   * computes.
   *
   * @param tensor contiguous, on the host
   * @return to be closed
   * @throws IllegalArgumentException when it is not contiguous or not on the host
   */
  public Tensor upload(Tensor tensor) {
    if (!tensor.contiguous() || tensor.block().device != null) {
      throw new IllegalArgumentException(
          "upload needs a contiguous tensor of the host, but this is "
              + tensor
              + (tensor.block().device == null ? "" : " on a device"));
    }
    Tensor copy = tensor(tensor.dtype(), tensor.shape());
    try {
      tensor.readHost(source -> copyIn(copy.block().memory, source));
      return copy;
    } catch (RuntimeException e) {
      copy.close();
      throw e;
    }
  }

  /**
   * Memory of somebody else's on this context's device as a tensor, without a copy. It must stay
   * there until the tensor is closed; closing the tensor leaves it alone.
   *
   * @param pointer its address on the device, a CUdeviceptr; a multiple of the element's size
   * @param dtype the type of the elements
   * @param shape sizes of at least 1, row-major
   * @return to be closed
   * @throws IllegalStateException when this context works on the host
   */
  public Tensor wrap(long pointer, DType dtype, long... shape) {
    if (!backend.onDevice()) {
      throw new IllegalStateException(
          "wrap takes memory of a graphics card, but this context works on " + backend.name());
    }
    long bytes = Shapes.checkedBytes(dtype, shape);
    if (pointer == 0 || pointer % dtype.bytes() != 0) {
      throw new IllegalArgumentException(
          "wrap: the pointer 0x%x must be a multiple of %d other than 0"
              .formatted(pointer, dtype.bytes()));
    }
    begin();
    try {
      Block block = Block.foreign(MemorySegment.ofAddress(pointer).reinterpret(bytes), this);
      Tensor tensor = Tensor.owning(block, this, dtype, shape.clone());
      blocks.add(block);
      block.ticket = Leaks.follow(tensor, () -> "wrapped tensor " + tensor);
      return tensor;
    } finally {
      end();
    }
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
    return inside(() -> {
      Generator generator = new Generator(this, seed);
      generators.add(generator);
      return generator;
    });
  }

  /**
   * What renderings of Gaussian splats keep between them.
   *
   * @return to be closed; the context closes it at the latest
   */
  public SplatFrame splatFrame() {
    return inside(() -> {
      SplatFrame frame = new SplatFrame(this);
      frames.add(frame);
      return frame;
    });
  }

  /**
   * Records operations, to start them together as often as one likes: what they cost to call is
   * paid once. Nothing is computed meanwhile. Values that live on the host (coefficients,
   * parameters) are kept as they are now; tensors are read and written where they lie at each
   * launch. Copies between host and device, {@link Kernels#randn} and {@link #synchronize} cannot
   * be recorded.
   *
   * <p>Tensors that were made before are kept open by the graph: closing one under it is refused.
   * Memory of tensors made meanwhile belongs to the graph until it is closed, so that every launch
   * finds its intermediate results where they were.
   *
   * @param work calls operations of this context, all from this thread
   * @return to be closed
   * @throws DioramaException on backends of the host: calling the operations costs nothing there
   */
  public Graph record(Runnable work) {
    begin();
    try {
      if (recording != null) {
        throw new IllegalStateException("a graph is recorded already; finish it first");
      }
      Status.check(diorama_h.dio_graph_begin(handle));
      recording = new Recording();
    } finally {
      end();
    }
    Recording mine = recording;
    try {
      work.run();
    } catch (RuntimeException | Error e) {
      abandon(mine);
      throw e;
    }
    begin();
    try {
      recording = null;
      Status.check(diorama_h.dio_graph_end(handle, arguments));
      Graph graph = new Graph(this, arguments.get(ValueLayout.ADDRESS, 0), mine);
      graphs.add(graph);
      return graph;
    } catch (RuntimeException e) {
      mine.release();
      throw e;
    } finally {
      end();
    }
  }

  /** Ends a recording that failed. The failure that ends it is told, not what comes of it. */
  private void abandon(Recording mine) {
    begin();
    try {
      recording = null;
      if (diorama_h.dio_graph_end(handle, arguments) == diorama_h.DIO_STATUS_OK()) {
        Status.check(diorama_h.dio_graph_destroy(arguments.get(ValueLayout.ADDRESS, 0)));
      }
    } finally {
      mine.release();
      end();
    }
  }

  /**
   * The native stream that work goes to.
   *
   * @return a CUstream on cuda; 0 on the host
   */
  public long stream() {
    return inside(() -> {
      Status.check(diorama_h.dio_context_stream(handle, arguments));
      return arguments.get(ValueLayout.ADDRESS, 0).address();
    });
  }

  /**
   * Sends work to a stream of the caller's from now on; what was started before is waited for.
   *
   * @param stream a CUstream of this context's device that outlives the context, or 0 for the
   *     context's own
   * @throws DioramaException on every backend but cuda
   */
  public void useStream(long stream) {
    inside(() ->
        Status.check(diorama_h.dio_context_use_stream(handle, MemorySegment.ofAddress(stream))));
  }

  /**
   * Whether {@link Kernels#linear} may round F32 operands to TF32 (10 bits of mantissa instead of
   * 23) for the tensor cores: several times as fast, relative errors near 3e-4. Operands of 16 bits
   * are exact either way. Looked at by cuda alone.
   *
   * @param allowed false, the default, keeps F32
   */
  public void allowTf32(boolean allowed) {
    inside(() -> Status.check(diorama_h.dio_context_allow_tf32(handle, allowed ? 1 : 0)));
  }

  /**
   * Whether {@link Kernels#linear} may leave products to cuBLASLt where that is installed. Looked
   * at by cuda alone.
   *
   * @param allowed true, the default; false for Diorama's own kernels alone, whose results do not
   *     depend on the library's version
   */
  public void allowCublas(boolean allowed) {
    inside(() -> Status.check(diorama_h.dio_context_allow_cublas(handle, allowed ? 1 : 0)));
  }

  /**
   * What this context works with: on a card its name and the library of its products where there is
   * one; on the host the backend's name.
   *
   * @return for example "NVIDIA H100 80GB HBM3, products by cuBLASLt 13.0.2"
   */
  public String description() {
    return inside(() -> {
      Status.check(diorama_h.dio_context_description(handle, arguments));
      return Status.text(arguments.get(ValueLayout.ADDRESS, 0).reinterpret(Long.MAX_VALUE));
    });
  }

  /**
   * Memory of the device that this context works on: the card's, or the machine's on a CPU.
   *
   * @return what is free and what there is
   */
  public DeviceMemory deviceMemory() {
    begin();
    try {
      Status.check(
          diorama_h.dio_context_device_memory(handle, arguments, arguments.asSlice(Long.BYTES)));
      return new DeviceMemory(
          arguments.getAtIndex(ValueLayout.JAVA_LONG, 0),
          arguments.getAtIndex(ValueLayout.JAVA_LONG, 1));
    } finally {
      end();
    }
  }

  /** Waits until all work that was started is done; at once on a CPU. */
  public void synchronize() {
    inside(() -> Status.check(diorama_h.dio_context_synchronize(handle)));
  }

  /**
   * The memory this context holds.
   *
   * @return in bytes
   */
  public MemoryStats memory() {
    return inside(() -> {
      Status.check(diorama_h.dio_context_memory(handle, arguments));
      return new MemoryStats(
          dio_memory_stats.allocated_bytes(arguments),
          dio_memory_stats.reserved_bytes(arguments),
          dio_memory_stats.peak_bytes(arguments));
    });
  }

  /** Gives memory that the pool holds but no tensor uses back to the system. */
  public void trim() {
    inside(() -> Status.check(diorama_h.dio_context_trim(handle)));
  }

  /**
   * Measures a loop of fused multiply-adds on all threads of this context.
   *
   * @param seconds how long to measure, at most 60
   * @return floating-point operations a second, F32
   */
  public double measureFlops(double seconds) {
    return inside(() -> {
      Status.check(diorama_h.dio_measure_flops(handle, seconds, arguments));
      return arguments.get(ValueLayout.JAVA_DOUBLE, 0);
    });
  }

  /**
   * Measures a copy far larger than the caches on all threads of this context.
   *
   * @param seconds how long to measure, at most 60
   * @return bytes a second, read plus written
   */
  public double measureBandwidth(double seconds) {
    return inside(() -> {
      Status.check(diorama_h.dio_measure_bandwidth(handle, seconds, arguments));
      return arguments.get(ValueLayout.JAVA_DOUBLE, 0);
    });
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
      if (recording != null) {
        throw new IllegalStateException("the context records a graph; finish it first");
      }
      for (Graph graph : List.copyOf(graphs)) {
        graph.closeInside();
        graphs.remove(graph);
      }
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
    if (recording != null && recording.thread != Thread.currentThread()) {
      Thread recorder = recording.thread;
      USER.setRelease(this, null);
      throw refused(recorder);
    }
  }

  private void inside(Runnable work) {
    inside(() -> {
      work.run();
      return null;
    });
  }

  private <T> T inside(Supplier<T> work) {
    begin();
    try {
      return work.get();
    } finally {
      end();
    }
  }

  /** It goes out; what it used is free to be closed. */
  void end() {
    for (int i = 0; i < usedCount; i++) {
      if (recording == null || !recording.keeps(used[i])) {
        used[i].release();
      }
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
    if (block.place() != backend.place()) {
      throw new IllegalArgumentException(
          "the tensor "
              + tensor
              + " lies on "
              + (block.device == null
                  ? "the host"
                  : "the device of " + block.device.backend().name())
              + ", and the backend "
              + backend.name()
              + " cannot reach it"
              + (block.device == null ? "; upload it first" : ""));
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
        if (block.pooled) {
          Status.check(diorama_h.dio_memory_free(handle, block.memory));
        }
      }
    } finally {
      end();
    }
  }

  void forget(Generator generator) {
    inside(() -> {
      generator.closeInside();
      generators.remove(generator);
    });
  }

  void launch(Graph graph) {
    inside(() -> Status.check(diorama_h.dio_graph_launch(handle, graph.handle())));
  }

  void forget(Graph graph) {
    inside(() -> {
      graph.closeInside();
      graphs.remove(graph);
    });
  }

  /** From the host to this context's device; the source may change when it returns. */
  void copyIn(MemorySegment destination, MemorySegment source) {
    copy(destination, source, source.byteSize(), diorama_h.DIO_COPY_HOST_TO_DEVICE());
  }

  /** From this context's device to the host, when the work before it is done. */
  void copyOut(MemorySegment destination, MemorySegment source) {
    copy(destination, source, destination.byteSize(), diorama_h.DIO_COPY_DEVICE_TO_HOST());
  }

  private void copy(MemorySegment destination, MemorySegment source, long bytes, int direction) {
    inside(() ->
        Status.check(diorama_h.dio_memory_copy(handle, destination, source, bytes, direction)));
  }

  void forget(SplatFrame frame) {
    inside(() -> {
      frame.closeInside();
      frames.remove(frame);
    });
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

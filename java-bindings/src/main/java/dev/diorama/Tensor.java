package dev.diorama;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * An array of numbers in native memory, with a shape and strides (both in elements).
 *
 * <p>A tensor made by a {@link Context} or {@link Scope} owns its memory until {@link #close}.
 * Views share the memory of the tensor they come from, cost no copy, need no close and end with it.
 * All contexts of the host (every CPU backend) may use one tensor, several at a time when they only
 * read; so may all contexts of one device, each after the work of the one that wrote it is done
 * ({@link Context#synchronize}).
 *
 * <p>On a device, reading and setting values are copies by the context that made the tensor: its
 * thread rules hold for them, and they wait for its work.
 *
 * <p>Using a tensor after close throws {@link IllegalStateException}; so does closing one that an
 * operation of another thread is using. Methods may be called from any thread, but what one thread
 * writes while another reads is undefined, as with an array.
 */
public final class Tensor implements AutoCloseable {
  private final Block block;
  private final Context owner;
  private final boolean view;

  /** What this tensor and its views may touch. */
  private final MemorySegment memory;

  private final DType dtype;
  private final long[] shape;
  private final long[] strides;

  /** Of element [0, ..., 0], in elements from the start of {@link #memory}. */
  private final long offset;

  private final MemorySegment descriptor;

  private Tensor(
      Block block,
      Context owner,
      boolean view,
      MemorySegment memory,
      DType dtype,
      long[] shape,
      long[] strides,
      long offset) {
    this.block = block;
    this.owner = owner;
    this.view = view;
    this.memory = memory;
    this.dtype = dtype;
    this.shape = shape;
    this.strides = strides;
    this.offset = offset;
    this.descriptor =
        Descriptors.make(memory.address() + offset * dtype.bytes(), dtype, shape, strides);
  }

  /** A tensor that owns a block of its context. */
  static Tensor owning(Block block, Context owner, DType dtype, long[] shape) {
    return new Tensor(block, owner, false, block.memory, dtype, shape, Shapes.rowMajor(shape), 0);
  }

  /** A tensor in memory that ends with somebody else's block. */
  static Tensor inside(Block block, MemorySegment memory, DType dtype, long[] shape) {
    return new Tensor(block, null, true, memory, dtype, shape, Shapes.rowMajor(shape), 0);
  }

  /**
   * The type of the elements.
   *
   * @return the type
   */
  public DType dtype() {
    return dtype;
  }

  /**
   * The number of axes.
   *
   * @return 1 to 8
   */
  public int rank() {
    return shape.length;
  }

  /**
   * The size of an axis.
   *
   * @param axis counts from 0, or from the end when negative
   * @return the size
   */
  public long size(int axis) {
    return shape[axis(axis)];
  }

  /**
   * All sizes, outermost first.
   *
   * @return a copy
   */
  public long[] shape() {
    return shape.clone();
  }

  /**
   * The distance of neighbours along each axis.
   *
   * @return a copy, in elements
   */
  public long[] strides() {
    return strides.clone();
  }

  /**
   * The product of all sizes.
   *
   * @return the number of elements
   */
  public long elements() {
    return Shapes.elements(shape);
  }

  /**
   * Whether the elements lie densely in row-major order.
   *
   * @return true then
   */
  public boolean contiguous() {
    return Shapes.contiguous(shape, strides);
  }

  /**
   * The same elements in another shape.
   *
   * @param sizes the new shape; one of them may be -1, which stands for what the others leave
   * @return a view
   * @throws IllegalArgumentException when the tensor is not contiguous or the sizes do not fit
   */
  public Tensor view(long... sizes) {
    if (!contiguous()) {
      throw new IllegalArgumentException(
          "view needs a contiguous tensor, but this is " + this + "; copy it first");
    }
    long[] resolved = Shapes.resolve(sizes, elements());
    return derived(resolved, Shapes.rowMajor(resolved), offset);
  }

  /**
   * The axes in another order.
   *
   * @param axes each axis once; axis i of the result is axis axes[i] of this
   * @return a view
   */
  public Tensor permute(int... axes) {
    long[] newShape = new long[shape.length];
    long[] newStrides = new long[shape.length];
    int seen = 0;
    for (int i = 0; i < Math.min(axes.length, shape.length); i++) {
      int axis = axis(axes[i]);
      seen |= 1 << axis;
      newShape[i] = shape[axis];
      newStrides[i] = strides[axis];
    }
    if (axes.length != shape.length || seen != (1 << shape.length) - 1) {
      throw new IllegalArgumentException(
          "permute " + Arrays.toString(axes) + " does not name each axis of " + this + " once");
    }
    return derived(newShape, newStrides, offset);
  }

  /**
   * A range of one axis.
   *
   * @param axis which; negative counts from the end
   * @param from the first index
   * @param to behind the last index
   * @return a view
   */
  public Tensor slice(int axis, long from, long to) {
    int which = axis(axis);
    if (from < 0 || to > shape[which] || from >= to) {
      throw new IllegalArgumentException(
          "slice [" + from + ", " + to + ") of axis " + axis + " is not inside " + this);
    }
    long[] newShape = shape.clone();
    newShape[which] = to - from;
    return derived(newShape, strides.clone(), offset + from * strides[which]);
  }

  /**
   * One index of an axis, which disappears.
   *
   * @param axis which; negative counts from the end
   * @param index the index
   * @return a view of one axis less
   * @throws IllegalArgumentException also for a tensor of rank 1
   */
  public Tensor select(int axis, long index) {
    int which = axis(axis);
    if (index < 0 || index >= shape[which] || shape.length == 1) {
      throw new IllegalArgumentException(
          "select " + index + " of axis " + axis + " is not possible in " + this);
    }
    return derived(without(shape, which), without(strides, which), offset + index * strides[which]);
  }

  /**
   * Repeats axes of size 1, and the whole tensor along new axes in front, without a copy.
   *
   * @param sizes the new shape
   * @return a view to read from
   */
  public Tensor expand(long... sizes) {
    Shapes.checkedBytes(DType.U8, sizes);
    int front = sizes.length - shape.length;
    long[] newStrides = new long[sizes.length];
    boolean fits = front >= 0;
    for (int i = 0; fits && i < shape.length; i++) {
      fits = sizes[front + i] == shape[i] || shape[i] == 1;
      newStrides[front + i] = sizes[front + i] == shape[i] ? strides[i] : 0;
    }
    if (!fits) {
      throw new IllegalArgumentException(
          "expand " + Arrays.toString(sizes) + " does not fit " + this);
    }
    return derived(sizes.clone(), newStrides, offset);
  }

  /**
   * Any view inside the memory of this tensor.
   *
   * @param start where element [0, ..., 0] lies, in elements from this tensor's own
   * @param sizes the new shape
   * @param steps the new strides; may be zero or negative for a view to read from
   * @return a view
   * @throws IllegalArgumentException when an element would lie outside
   */
  public Tensor strided(long start, long[] sizes, long[] steps) {
    Shapes.checkedBytes(DType.U8, sizes);
    if (steps.length != sizes.length) {
      throw new IllegalArgumentException(
          "strided: " + sizes.length + " sizes but " + steps.length + " strides");
    }
    long low = Math.addExact(offset, start);
    long high = low;
    for (int i = 0; i < sizes.length; i++) {
      long reach = Math.multiplyExact(steps[i], sizes[i] - 1);
      low = Math.addExact(low, Math.min(reach, 0));
      high = Math.addExact(high, Math.max(reach, 0));
    }
    if (low < 0 || high >= memory.byteSize() / dtype.bytes()) {
      throw new IllegalArgumentException(
          "strided: elements " + low + " to " + high + " are not inside the memory of " + this);
    }
    return derived(sizes.clone(), steps.clone(), offset + start);
  }

  /**
   * The elements as floats, whatever their type; F16, BF16 and integers are widened.
   *
   * @return in row-major order
   */
  public float[] toFloats() {
    return read((copied, start) -> {
      float[] values = new float[arrayLength()];
      if (dtype == DType.F32 && contiguous()) {
        MemorySegment.copy(copied, JAVA_FLOAT_UNALIGNED, start, values, 0, values.length);
      } else {
        visit(start, (i, at) -> values[i] = Elements.readFloat(copied, dtype, at));
      }
      return values;
    });
  }

  /**
   * The elements of an I32 or U8 tensor; bytes are widened as unsigned ones.
   *
   * @return in row-major order
   */
  public int[] toInts() {
    if (dtype.floating()) {
      throw new IllegalArgumentException("toInts needs I32 or U8, but this is " + this);
    }
    return read((copied, start) -> {
      int[] values = new int[arrayLength()];
      if (dtype == DType.I32 && contiguous()) {
        MemorySegment.copy(copied, JAVA_INT_UNALIGNED, start, values, 0, values.length);
      } else {
        visit(start, (i, at) -> values[i] = Elements.readInt(copied, dtype, at));
      }
      return values;
    });
  }

  /**
   * The elements' own bytes, of any type, little-endian.
   *
   * @return in row-major order
   */
  public byte[] toBytes() {
    int size = (int) dtype.bytes();
    return read((copied, start) -> {
      byte[] values = new byte[Math.multiplyExact(arrayLength(), size)];
      if (contiguous()) {
        MemorySegment.copy(copied, JAVA_BYTE, start, values, 0, values.length);
      } else {
        visit(start, (i, at) -> MemorySegment.copy(copied, JAVA_BYTE, at, values, i * size, size));
      }
      return values;
    });
  }

  /**
   * Fills an F32, F16 or BF16 tensor, rounding to nearest.
   *
   * @param values one for each element, in row-major order
   */
  public void set(float[] values) {
    checkSet("floats", dtype.floating(), values.length, 1);
    write((target, start) -> {
      if (dtype == DType.F32 && contiguous()) {
        MemorySegment.copy(values, 0, target, JAVA_FLOAT_UNALIGNED, start, values.length);
      } else {
        visit(start, (i, at) -> Elements.writeFloat(target, dtype, at, values[i]));
      }
    });
  }

  /**
   * Fills an I32 tensor.
   *
   * @param values one for each element, in row-major order
   */
  public void set(int[] values) {
    checkSet("ints", dtype == DType.I32, values.length, 1);
    write((target, start) -> {
      if (contiguous()) {
        MemorySegment.copy(values, 0, target, JAVA_INT_UNALIGNED, start, values.length);
      } else {
        visit(start, (i, at) -> target.set(JAVA_INT_UNALIGNED, at, values[i]));
      }
    });
  }

  /**
   * Fills a tensor of any type with its elements' own bytes, little-endian.
   *
   * @param values in row-major order
   */
  public void set(byte[] values) {
    int size = (int) dtype.bytes();
    checkSet("bytes", true, values.length, size);
    write((target, start) -> {
      if (contiguous()) {
        MemorySegment.copy(values, 0, target, JAVA_BYTE, start, values.length);
      } else {
        visit(start, (i, at) -> MemorySegment.copy(values, i * size, target, JAVA_BYTE, at, size));
      }
    });
  }

  /**
   * Where element [0, ..., 0] lies on the device, for libraries beside this one: a CUdeviceptr.
   * Valid until the tensor is closed.
   *
   * @return the address
   * @throws IllegalStateException when the tensor lies on the host, or is closed
   */
  public long devicePointer() {
    if (block.device == null) {
      throw new IllegalStateException("the tensor " + this + " lies on the host, not on a device");
    }
    if (closed()) {
      throw new IllegalStateException("the tensor " + this + " is closed");
    }
    return memory.address() + offset * dtype.bytes();
  }

  /**
   * Whether the memory is gone; for a view, whether its owner's is.
   *
   * @return true after close
   */
  public boolean closed() {
    return block.lifetime.closed();
  }

  /**
   * Gives the memory back to the context. Closing twice, or a view, does nothing.
   *
   * @throws IllegalStateException when another thread is using this tensor or its context
   */
  @Override
  public void close() {
    if (!view) {
      owner.free(block);
    }
  }

  /** "F32 [2, 3]", for messages. */
  @Override
  public String toString() {
    return dtype + " " + Arrays.toString(shape) + (contiguous() ? "" : " strided");
  }

  Block block() {
    return block;
  }

  MemorySegment descriptor() {
    return descriptor;
  }

  private Tensor derived(long[] newShape, long[] newStrides, long newOffset) {
    if (closed()) {
      throw new IllegalStateException("tensor " + this + " is closed");
    }
    return new Tensor(block, owner, true, memory, dtype, newShape, newStrides, newOffset);
  }

  /** Works on memory of the host, in which element [0, ..., 0] begins at a byte. */
  @FunctionalInterface
  private interface HostWork<R> {
    R apply(MemorySegment host, long start);
  }

  /** The same, without a result. */
  @FunctionalInterface
  private interface HostEdit {
    void apply(MemorySegment host, long start);
  }

  /** Lets the bytes of a contiguous tensor of the host be read. */
  void readHost(Consumer<MemorySegment> body) {
    read((host, start) -> {
      body.accept(host.asSlice(start, elements() * dtype.bytes()));
      return null;
    });
  }

  private <R> R read(HostWork<R> body) {
    block.lifetime.acquire();
    try {
      if (block.device == null) {
        return body.apply(memory, offset * dtype.bytes());
      }
      try (Arena arena = Arena.ofConfined()) {
        Range range = touched();
        MemorySegment copy = arena.allocate(range.bytes, Long.BYTES);
        block.device.copyOut(copy, memory.asSlice(range.low, range.bytes));
        return body.apply(copy, offset * dtype.bytes() - range.low);
      }
    } finally {
      block.lifetime.release();
    }
  }

  private void write(HostEdit body) {
    if (!block.writable) {
      throw new IllegalArgumentException(
          "tensor " + this + " lies in a file and cannot be written");
    }
    block.lifetime.acquire();
    try {
      if (block.device == null) {
        body.apply(memory, offset * dtype.bytes());
        return;
      }
      try (Arena arena = Arena.ofConfined()) {
        Range range = touched();
        MemorySegment there = memory.asSlice(range.low, range.bytes);
        MemorySegment copy = arena.allocate(range.bytes, Long.BYTES);
        if (!contiguous()) {
          block.device.copyOut(copy, there);
        }
        body.apply(copy, offset * dtype.bytes() - range.low);
        block.device.copyIn(there, copy);
      }
    } finally {
      block.lifetime.release();
    }
  }

  /** The bytes of {@link #memory} from the first to the last element. */
  private record Range(long low, long bytes) {}

  private Range touched() {
    long low = offset;
    long high = offset;
    for (int i = 0; i < shape.length; i++) {
      long reach = strides[i] * (shape[i] - 1);
      low += Math.min(reach, 0);
      high += Math.max(reach, 0);
    }
    return new Range(low * dtype.bytes(), (high + 1 - low) * dtype.bytes());
  }

  private void visit(long start, Elements.Visitor visitor) {
    long size = dtype.bytes();
    Elements.visit(shape, strides, (i, at) -> visitor.visit(i, start + at * size));
  }

  private void checkSet(String what, boolean right, long length, int unit) {
    if (!right) {
      throw new IllegalArgumentException("a tensor " + this + " cannot be filled with " + what);
    }
    if (length != elements() * unit) {
      throw new IllegalArgumentException(
          length + " " + what + " do not fill " + this + ", expected " + elements() * unit);
    }
  }

  private int arrayLength() {
    if (elements() > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          this + " has more elements than a Java array can hold; take slices");
    }
    return (int) elements();
  }

  private int axis(int axis) {
    int which = axis < 0 ? axis + shape.length : axis;
    if (which < 0 || which >= shape.length) {
      throw new IllegalArgumentException("axis " + axis + " does not exist in " + this);
    }
    return which;
  }

  private static long[] without(long[] values, int which) {
    long[] rest = new long[values.length - 1];
    System.arraycopy(values, 0, rest, 0, which);
    System.arraycopy(values, which + 1, rest, which, rest.length - which);
    return rest;
  }
}

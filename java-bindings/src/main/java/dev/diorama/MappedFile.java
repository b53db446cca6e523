package dev.diorama;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file mapped into memory, for weights: tensors lie in it without a copy, and the system keeps
 * only what is used. A device reads them after {@link Context#upload}.
 *
 * <p>Thread-safe. The file must not shrink while it is mapped.
 */
public final class MappedFile implements AutoCloseable {
  private final Path path;
  private final Arena arena;
  private final MemorySegment memory;
  private final Block block;

  private MappedFile(Path path, Arena arena, MemorySegment memory) {
    this.path = path;
    this.arena = arena;
    this.memory = memory;
    this.block = Block.mapped("the mapped file " + path.getFileName(), memory);
    this.block.ticket = Leaks.follow(this, () -> "mapped file " + path);
  }

  /**
   * Maps a file for reading.
   *
   * @param path an existing file
   * @return to be closed
   * @throws IOException when it cannot be read
   */
  public static MappedFile open(Path path) throws IOException {
    Arena arena = Arena.ofShared();
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      long size = channel.size();
      MemorySegment memory =
          size == 0
              ? arena.allocate(0)
              : channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
      return new MappedFile(path, arena, memory);
    } catch (IOException | RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  /**
   * The file's size.
   *
   * @return bytes
   */
  public long size() {
    return memory.byteSize();
  }

  /**
   * Copies a range of the file.
   *
   * @param offset where it begins
   * @param length how long it is
   * @return a read-only copy
   * @throws IllegalArgumentException when the range is not inside the file
   */
  public ByteBuffer bytes(long offset, int length) {
    check(offset, length);
    block.lifetime.acquire();
    try {
      ByteBuffer copy = ByteBuffer.allocate(length);
      copy.put(memory.asSlice(offset, length).asByteBuffer()).flip();
      return copy.asReadOnlyBuffer();
    } finally {
      block.lifetime.release();
    }
  }

  /**
   * A tensor that lies in the file, for every context of the host. It cannot be written and ends
   * with the file. Where the offset is no multiple of the element size it is a copy.
   *
   * @param offset of the first element, in bytes
   * @param dtype the type of the elements, little-endian
   * @param shape the sizes
   * @return needs no close
   * @throws IllegalArgumentException when the range is not inside the file
   */
  public Tensor tensor(long offset, DType dtype, long... shape) {
    long bytes = Shapes.checkedBytes(dtype, shape);
    check(offset, bytes);
    block.lifetime.acquire();
    try {
      MemorySegment range = memory.asSlice(offset, bytes);
      if (range.address() % dtype.bytes() != 0) {
        range = arena.allocate(bytes, Long.BYTES).copyFrom(range);
      }
      return Tensor.inside(block, range, dtype, shape.clone());
    } finally {
      block.lifetime.release();
    }
  }

  /**
   * Unmaps the file; its tensors end. Closing twice does nothing.
   *
   * @throws IllegalStateException when an operation is using one of its tensors
   */
  @Override
  public void close() {
    if (block.lifetime.close()) {
      Leaks.closed(block.ticket);
      arena.close();
    }
  }

  private void check(long offset, long length) {
    if (offset < 0 || length < 0 || offset > size() || length > size() - offset) {
      throw new IllegalArgumentException(
          length
              + " bytes from "
              + offset
              + " are not inside "
              + path
              + " of "
              + size()
              + " bytes");
    }
  }
}

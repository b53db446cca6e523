package dev.diorama.splat.format;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/**
 * Moves rows of equal size between a file and arrays: block by block, the blocks shared out over
 * the processors, each of which needs one buffer however large the file is.
 */
final class Rows {
  /** Small enough to stay in a processor's own cache between the transfer and the conversion. */
  private static final int BLOCK_BYTES = 1 << 18;

  private Rows() {}

  /** Converts the rows of one block. Called by several threads at once, for different rows. */
  interface Block {

    /**
     * Converts.
     *
     * @param bytes holds the block from index 0 on
     * @param first the block's first row
     * @param count how many rows it has
     */
    void convert(ByteBuffer bytes, int first, int count);
  }

  private interface Transfer {
    void run(ByteBuffer bytes, int first, int count) throws IOException;
  }

  /** Reads {@code rows} rows of {@code rowBytes} bytes each, the first at {@code offset}. */
  static void read(
      FileChannel file, long offset, int rows, int rowBytes, ByteOrder order, Block block)
      throws IOException {
    forBlocks(
        rows,
        rowBytes,
        order,
        (bytes, first, count) -> {
          long at = offset + (long) first * rowBytes;
          while (bytes.hasRemaining()) {
            if (file.read(bytes, at + bytes.position()) < 0) {
              throw new EOFException("the file was cut short while it was being read");
            }
          }
          block.convert(bytes, first, count);
        });
  }

  /** Writes little-endian rows as {@link #read} would read them. */
  static void write(FileChannel file, long offset, int rows, int rowBytes, Block block)
      throws IOException {
    forBlocks(
        rows,
        rowBytes,
        ByteOrder.LITTLE_ENDIAN,
        (bytes, first, count) -> {
          block.convert(bytes, first, count);
          bytes.position(0);
          long at = offset + (long) first * rowBytes;
          while (bytes.hasRemaining()) {
            file.write(bytes, at + bytes.position());
          }
        });
  }

  private static void forBlocks(int rows, int rowBytes, ByteOrder order, Transfer transfer)
      throws IOException {
    int blockRows = Math.clamp(rows, 1, Math.max(1, BLOCK_BYTES / rowBytes));
    int blocks = Math.ceilDiv(rows, blockRows);
    int workers = Math.min(blocks, Runtime.getRuntime().availableProcessors());
    AtomicInteger next = new AtomicInteger();
    try {
      IntStream.range(0, workers)
          .parallel()
          .forEach(worker -> {
            try {
              ByteBuffer bytes = ByteBuffer.allocateDirect(blockRows * rowBytes).order(order);
              for (int b = next.getAndIncrement(); b < blocks; b = next.getAndIncrement()) {
                int first = b * blockRows;
                int count = Math.min(blockRows, rows - first);
                bytes.clear().limit(count * rowBytes);
                transfer.run(bytes, first, count);
              }
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }
}

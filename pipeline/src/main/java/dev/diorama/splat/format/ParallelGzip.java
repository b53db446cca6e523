package dev.diorama.splat.format;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/**
 * Writes one gzip stream (RFC 1952) with all processors, as Adler's pigz does: the parts are
 * deflated on their own and end at a byte, so that they may follow one another.
 */
final class ParallelGzip {
  /** A third of the time of zlib's usual 6 for 3% more, on quantised Gaussians. */
  private static final int LEVEL = 4;

  private static final int PARTS_PER_PROCESSOR = 4;
  private static final int BUFFER_BYTES = 1 << 16;
  private static final byte[] HEADER = {0x1f, (byte) 0x8b, Deflater.DEFLATED, 0, 0, 0, 0, 0, 0, -1};

  /** A last block without content. */
  private static final byte[] END = {3, 0};

  private ParallelGzip() {}

  private record Part(byte[] plain, byte[] packed) {}

  /**
   * Writes a stream.
   *
   * @param out stays open
   * @param parts how many
   * @param part makes one of them, best of a megabyte or so; called by several threads at once
   * @throws IOException when it can't be written
   */
  static void write(OutputStream out, int parts, IntFunction<byte[]> part) throws IOException {
    out.write(HEADER);
    CRC32 checksum = new CRC32();
    long size = 0;
    int batch = PARTS_PER_PROCESSOR * Runtime.getRuntime().availableProcessors();
    for (int from = 0; from < parts; from += batch) {
      List<Part> done =
          IntStream.range(from, Math.min(parts, from + batch))
              .parallel()
              .mapToObj(part)
              .map(plain -> new Part(plain, deflate(plain)))
              .toList();
      for (Part each : done) {
        out.write(each.packed);
        checksum.update(each.plain);
        size += each.plain.length;
      }
    }
    out.write(END);
    ByteBuffer trailer = ByteBuffer.allocate(2 * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    out.write(trailer.putInt((int) checksum.getValue()).putInt((int) size).array());
  }

  private static byte[] deflate(byte[] plain) {
    ByteArrayOutputStream packed = new ByteArrayOutputStream(plain.length / 2 + 64);
    Deflater deflater = new Deflater(LEVEL, true);
    try {
      deflater.setInput(plain);
      byte[] buffer = new byte[BUFFER_BYTES];
      int length;
      do {
        length = deflater.deflate(buffer, 0, buffer.length, Deflater.SYNC_FLUSH);
        packed.write(buffer, 0, length);
      } while (length == buffer.length);
    } finally {
      deflater.end();
    }
    return packed.toByteArray();
  }
}

package dev.diorama.splat.data;

import dev.diorama.splat.SceneException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Little-endian numbers of a file, in order. How much is left is known, so that a count can be
 * refused before memory is taken for it.
 */
final class BinaryInput {
  private static final int BUFFER_BYTES = 1 << 16;
  private static final int MAX_TEXT = 4096;

  private final String file;
  private final InputStream in;
  private final ByteBuffer buffer =
      ByteBuffer.allocate(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN).limit(0);

  /** What is neither read nor in the buffer. */
  private long behind;

  BinaryInput(String file, InputStream in, long size) {
    this.file = file;
    this.in = in;
    this.behind = size;
  }

  private void need(int bytes) throws IOException {
    if (buffer.remaining() >= bytes) {
      return;
    }
    if (remaining() < bytes) {
      throw new SceneException("%s ends too early".formatted(file));
    }
    buffer.compact();
    int wanted = (int) Math.min(buffer.remaining(), behind);
    int got = in.readNBytes(buffer.array(), buffer.position(), wanted);
    if (got < wanted) {
      throw new EOFException("%s became shorter while it was read".formatted(file));
    }
    behind -= got;
    buffer.position(buffer.position() + got).flip();
  }

  long remaining() {
    return behind + buffer.remaining();
  }

  int u8() throws IOException {
    need(1);
    return buffer.get() & 0xff;
  }

  int i32() throws IOException {
    need(Integer.BYTES);
    return buffer.getInt();
  }

  long i64() throws IOException {
    need(Long.BYTES);
    return buffer.getLong();
  }

  double f64() throws IOException {
    need(Double.BYTES);
    return buffer.getDouble();
  }

  double[] f64(int count) throws IOException {
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      values[i] = f64();
    }
    return values;
  }

  /** A count of things that each take at least so many bytes of what follows. */
  int count(String what, int bytesEach, int most) throws IOException {
    long count = i64();
    if (count < 0 || count > remaining() / bytesEach || count > most) {
      throw new SceneException(
          "%s claims %s %s, but only %d bytes follow"
              .formatted(file, Long.toUnsignedString(count), what, remaining()));
    }
    return (int) count;
  }

  /** Text up to a zero byte. */
  String text() throws IOException {
    byte[] bytes = new byte[MAX_TEXT];
    for (int length = 0; length < MAX_TEXT; length++) {
      bytes[length] = (byte) u8();
      if (bytes[length] == 0) {
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
      }
    }
    throw new SceneException("%s has a name of more than %d bytes".formatted(file, MAX_TEXT));
  }

  void skip(long bytes) throws IOException {
    if (bytes > remaining()) {
      throw new SceneException("%s ends too early".formatted(file));
    }
    int buffered = (int) Math.min(bytes, buffer.remaining());
    buffer.position(buffer.position() + buffered);
    in.skipNBytes(bytes - buffered);
    behind -= bytes - buffered;
  }
}

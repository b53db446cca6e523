package dev.diorama.splat.format;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** Part of a file as a stream. Several may read one file at once. */
final class FileSlice extends InputStream {
  private final FileChannel file;
  private final long end;
  private long position;

  /** The slice of {@code length} bytes from {@code start} on; the file stays open behind it. */
  FileSlice(FileChannel file, long start, long length) {
    this.file = file;
    this.position = start;
    this.end = start + length;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
  }

  @Override
  public int read(byte[] to, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    int wanted = (int) Math.min(length, end - position);
    if (wanted <= 0) {
      return -1;
    }
    int read = file.read(ByteBuffer.wrap(to, offset, wanted), position);
    position += Math.max(0, read);
    return read;
  }
}

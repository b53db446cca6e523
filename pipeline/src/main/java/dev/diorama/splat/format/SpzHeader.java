package dev.diorama.splat.format;

import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SceneException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;

/**
 * The head of a .spz, 16 bytes inside the gzip stream of versions 1 to 3 and in front of the 32
 * bytes of version 4.
 *
 * @param version 1 to 4
 * @param count of Gaussians
 * @param degree of spherical harmonics, 0 to 4
 * @param fractionalBits of positions
 * @param flags 1: for antialiased rendering; 2: extensions follow
 * @param streams version 4 only: how many follow
 */
record SpzHeader(int version, long count, int degree, int fractionalBits, int flags, int streams) {
  /** "NGSP". */
  static final int MAGIC = 0x5053474e;

  static final int BYTES = 16;
  static final int MAX_FRACTIONAL_BITS = 24;

  private static final int MAX_DEGREE = 4;
  private static final int EXTENSIONS = 2;

  /** The first 16 bytes. */
  static SpzHeader of(Path file, byte[] bytes) throws SceneException {
    ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (bytes.length < BYTES || header.getInt(0) != MAGIC) {
      throw new SceneException("%s is no .spz: it does not begin with \"NGSP\"".formatted(file));
    }
    SpzHeader read =
        new SpzHeader(
            header.getInt(4),
            Integer.toUnsignedLong(header.getInt(8)),
            Byte.toUnsignedInt(header.get(12)),
            Byte.toUnsignedInt(header.get(13)),
            Byte.toUnsignedInt(header.get(14)),
            Byte.toUnsignedInt(header.get(15)));
    if (read.degree > MAX_DEGREE || read.fractionalBits > MAX_FRACTIONAL_BITS) {
      throw new SceneException(
          "%s has spherical harmonics of degree %d and %d fractional bits, expected at most 4 and 24"
              .formatted(file, read.degree, read.fractionalBits));
    }
    return read;
  }

  SpzHeader withStreams(int number) {
    return new SpzHeader(version, count, degree, fractionalBits, flags, number);
  }

  byte[] toBytes() {
    ByteBuffer header = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
    header.putInt(MAGIC).putInt(version).putInt((int) count);
    header.put((byte) degree).put((byte) fractionalBits).put((byte) flags).put((byte) streams);
    return header.array();
  }

  boolean hasExtensions() {
    return (flags & EXTENSIONS) != 0;
  }

  /** Degree 4, which our scenes have not, is left out. */
  int sceneDegree() {
    return Math.min(degree, Gaussians.MAX_SH_DEGREE);
  }

  /** Coefficients beyond degree 0 for each channel. */
  int rest() {
    return Gaussians.coefficients(degree) - 1;
  }

  /** The bytes of one Gaussian in all streams. */
  int rowBytes() {
    int bytes = 0;
    for (SpzAttribute attribute : SpzAttribute.values()) {
      bytes += attribute.rowBytes(this);
    }
    return bytes;
  }
}

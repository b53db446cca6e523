package dev.diorama.splat.format;

/** Rotations of a .spz, which are stored in the order x, y, z, w; ours is w, x, y, z. */
final class SpzRotation {
  private static final int BITS = 10;
  private static final int MAGNITUDE = (1 << BITS - 1) - 1;
  private static final double THREE_ONE = 127.5;

  private SpzRotation() {}

  /** Versions 1 and 2: x, y and z in 127.5ths around 127.5, w not negative. */
  static void decodeThree(byte[] bytes, int from, float[] quats, int to) {
    double sum = 0;
    for (int j = 0; j < 3; j++) {
      double value = Byte.toUnsignedInt(bytes[from + j]) / THREE_ONE - 1;
      quats[to + 1 + j] = (float) value;
      sum += value * value;
    }
    quats[to] = (float) Math.sqrt(Math.max(0, 1 - sum));
  }

  /**
   * Versions 3 and 4: the index of the largest component in 2 bits, then the others from x to w,
   * each a sign and 9 bits of sqrt(1/2).
   */
  static void decodeSmallest(byte[] bytes, int from, float[] quats, int to) {
    int packed = 0;
    for (int j = 3; j >= 0; j--) {
      packed = packed << 8 | Byte.toUnsignedInt(bytes[from + j]);
    }
    int largest = packed >>> 30;
    double sum = 0;
    for (int j = 3; j >= 0; j--) {
      if (j != largest) {
        double value = Math.sqrt(0.5) * (packed & MAGNITUDE) / MAGNITUDE;
        boolean negative = (packed >>> BITS - 1 & 1) != 0;
        quats[to + (j + 1) % 4] = (float) (negative ? -value : value);
        sum += value * value;
        packed >>>= BITS;
      }
    }
    quats[to + (largest + 1) % 4] = (float) Math.sqrt(Math.max(0, 1 - sum));
  }

  /** Encodes a normalised rotation, wxyz, as versions 3 and 4 do. */
  static void encodeSmallest(double[] q, byte[] bytes, int to) {
    int largest = (Quaternions.largest(q) + 3) % 4;
    double sign = q[(largest + 1) % 4] < 0 ? -1 : 1;
    int packed = largest;
    for (int j = 0; j < 4; j++) {
      if (j != largest) {
        double value = sign * q[(j + 1) % 4];
        int magnitude = Units.unorm(Math.abs(value) / Math.sqrt(0.5), MAGNITUDE);
        packed = packed << BITS | (value < 0 ? MAGNITUDE + 1 : 0) | magnitude;
      }
    }
    for (int j = 0; j < 4; j++) {
      bytes[to + j] = (byte) (packed >>> 8 * j);
    }
  }
}

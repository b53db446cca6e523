package dev.diorama.splat.format;

/**
 * The layout of PlayCanvas's compressed .ply: names, bits, and how numbers are packed into them.
 */
final class CompressedChunk {
  /** Gaussians that share ranges. */
  static final int SIZE = 256;

  static final String[] POSITION_AND_SCALE = {
    "min_x", "min_y", "min_z", "max_x", "max_y", "max_z",
    "min_scale_x", "min_scale_y", "min_scale_z", "max_scale_x", "max_scale_y", "max_scale_z"
  };
  static final String[] COLOUR = {"min_r", "min_g", "min_b", "max_r", "max_g", "max_b"};
  static final String[] VERTEX = {
    "packed_position", "packed_rotation", "packed_scale", "packed_color"
  };

  /** Logarithms of scales are clamped to this before their range is taken. */
  static final float MAX_LOG_SCALE = 20;

  private static final int MAX_8 = (1 << 8) - 1;
  private static final int MAX_10 = (1 << 10) - 1;
  private static final int MAX_11 = (1 << 11) - 1;
  // Coefficients beyond degree 0 lie between -4 and 4, 256 steps.
  private static final double SH_RANGE = 8;

  private CompressedChunk() {}

  static int pack111011(double x, double y, double z) {
    return Units.unorm(x, MAX_11) << 21 | Units.unorm(y, MAX_10) << 11 | Units.unorm(z, MAX_11);
  }

  static double unpack111011(int packed, int axis) {
    return switch (axis) {
      case 0 -> (packed >>> 21) / (double) MAX_11;
      case 1 -> (packed >>> 11 & MAX_10) / (double) MAX_10;
      default -> (packed & MAX_11) / (double) MAX_11;
    };
  }

  static int pack8888(double x, double y, double z, int w) {
    return Units.unorm(x, MAX_8) << 24
        | Units.unorm(y, MAX_8) << 16
        | Units.unorm(z, MAX_8) << 8
        | w;
  }

  /** Which of the four components, 0 to 3, of {@link #pack8888}; as a fraction. */
  static double unpack8888(int packed, int component) {
    return (packed >>> 24 - 8 * component & MAX_8) / (double) MAX_8;
  }

  /** A normalised rotation: the index of its largest component and the three others. */
  static int packRotation(double[] q) {
    int largest = Quaternions.largest(q);
    double sign = q[largest] < 0 ? -1 : 1;
    int packed = largest;
    for (int j = 0; j < 4; j++) {
      if (j != largest) {
        packed = packed << 10 | Units.unorm(sign * q[j] * Math.sqrt(0.5) + 0.5, MAX_10);
      }
    }
    return packed;
  }

  static void unpackRotation(int packed, float[] quats, int at) {
    int largest = packed >>> 30;
    double sum = 0;
    int shift = 20;
    for (int j = 0; j < 4; j++) {
      if (j != largest) {
        double value = ((packed >>> shift & MAX_10) / (double) MAX_10 - 0.5) * Math.sqrt(2);
        quats[at + j] = (float) value;
        sum += value * value;
        shift -= 10;
      }
    }
    quats[at + largest] = (float) Math.sqrt(Math.max(0, 1 - sum));
  }

  static byte packCoefficient(float value) {
    return (byte) Units.clamp((long) Math.floor((value / SH_RANGE + 0.5) * (MAX_8 + 1)), MAX_8);
  }

  /** The middle of a step, but the ends of the range for the outermost. */
  static float unpackCoefficient(byte packed) {
    int value = Byte.toUnsignedInt(packed);
    double fraction = value == 0 ? 0 : value == MAX_8 ? 1 : (value + 0.5) / (MAX_8 + 1);
    return (float) ((fraction - 0.5) * SH_RANGE);
  }
}

package dev.diorama.splat.format;

import dev.diorama.splat.Gaussians;

/**
 * The attributes of a .spz in the file's order, each a run of rows of bytes. Axes are the file's
 * own; {@link SpzAxes} turns them.
 */
enum SpzAttribute {
  POSITIONS,
  ALPHAS,
  COLOURS,
  SCALES,
  ROTATIONS,
  SH;

  /** Logarithms of scales are in 16ths above this. */
  private static final int MIN_LOG_SCALE = -10;

  private static final int SCALE_STEPS = 16;
  // Colours may be a bit below 0 and above 1: a coefficient of 1 is 0.15, not 0.28.
  private static final double COLOUR_SCALE = 0.15;
  private static final int SH_ONE = 128;
  // Coefficients keep 5 bits in degree 1 and 4 beyond, as Niantic's packer does by default.
  private static final int SH_STEP_DEGREE_1 = 8;
  private static final int SH_STEP_REST = 16;
  private static final int DEGREE_1 = 3;

  int rowBytes(SpzHeader header) {
    return switch (this) {
      case POSITIONS -> header.version() == 1 ? 6 : 9;
      case ALPHAS -> 1;
      case COLOURS, SCALES -> 3;
      case ROTATIONS -> header.version() < 3 ? 3 : 4;
      case SH -> 3 * header.rest();
    };
  }

  /** Decodes rows into a scene from Gaussian {@code first} on. */
  void decode(SpzHeader header, byte[] rows, int first, int count, Gaussians scene) {
    switch (this) {
      case POSITIONS -> decodePositions(header, rows, first, count, scene.means());
      case ALPHAS -> {
        for (int r = 0; r < count; r++) {
          scene.logitOpacities()[first + r] = Units.logit(rows[r]);
        }
      }
      case COLOURS -> {
        for (int r = 0; r < 3 * count; r++) {
          double fraction = Byte.toUnsignedInt(rows[r]) / 255.0;
          int to = 3 * scene.coefficients() * (first + r / 3) + r % 3;
          scene.sh()[to] = (float) ((fraction - 0.5) / COLOUR_SCALE);
        }
      }
      case SCALES -> {
        for (int r = 0; r < 3 * count; r++) {
          scene.logScales()[3 * first + r] =
              Byte.toUnsignedInt(rows[r]) / (float) SCALE_STEPS + MIN_LOG_SCALE;
        }
      }
      case ROTATIONS -> {
        for (int r = 0; r < count; r++) {
          if (header.version() < 3) {
            SpzRotation.decodeThree(rows, 3 * r, scene.quats(), 4 * (first + r));
          } else {
            SpzRotation.decodeSmallest(rows, 4 * r, scene.quats(), 4 * (first + r));
          }
        }
      }
      case SH -> decodeHarmonics(header, rows, first, count, scene);
    }
  }

  private static void decodePositions(
      SpzHeader header, byte[] rows, int first, int count, float[] means) {
    boolean half = header.version() == 1;
    float step = (float) Math.scalb(1.0, -header.fractionalBits());
    for (int r = 0; r < 3 * count; r++) {
      if (half) {
        short bits = (short) (Byte.toUnsignedInt(rows[2 * r]) | rows[2 * r + 1] << 8);
        means[3 * first + r] = Float.float16ToFloat(bits);
      } else {
        int low = Byte.toUnsignedInt(rows[3 * r]) | Byte.toUnsignedInt(rows[3 * r + 1]) << 8;
        means[3 * first + r] = (low | rows[3 * r + 2] << 16) * step;
      }
    }
  }

  private static void decodeHarmonics(
      SpzHeader header, byte[] rows, int first, int count, Gaussians scene) {
    int kept = 3 * (scene.coefficients() - 1);
    for (int r = 0; r < count; r++) {
      int from = 3 * header.rest() * r;
      int to = 3 * scene.coefficients() * (first + r) + 3;
      for (int j = 0; j < kept; j++) {
        scene.sh()[to + j] = (Byte.toUnsignedInt(rows[from + j]) - SH_ONE) / (float) SH_ONE;
      }
    }
  }

  /** Encodes Gaussians from {@code first} on, with the axes that .spz wants. */
  void encode(SpzHeader header, Gaussians scene, int first, int count, byte[] rows) {
    switch (this) {
      case POSITIONS -> {
        for (int r = 0; r < 3 * count; r++) {
          double metres = SpzAxes.RUB.axis(r % 3) * (double) scene.means()[3 * first + r];
          long fixed = Math.round(Math.scalb(metres, header.fractionalBits()));
          rows[3 * r] = (byte) fixed;
          rows[3 * r + 1] = (byte) (fixed >> 8);
          rows[3 * r + 2] = (byte) (fixed >> 16);
        }
      }
      case ALPHAS -> {
        for (int r = 0; r < count; r++) {
          rows[r] = (byte) Units.opacity(scene.logitOpacities()[first + r]);
        }
      }
      case COLOURS -> {
        for (int r = 0; r < 3 * count; r++) {
          float value = scene.sh()[3 * scene.coefficients() * (first + r / 3) + r % 3];
          rows[r] = (byte) Units.unorm(value * COLOUR_SCALE + 0.5, 255);
        }
      }
      case SCALES -> {
        for (int r = 0; r < 3 * count; r++) {
          double steps = (scene.logScales()[3 * first + r] - MIN_LOG_SCALE) * (double) SCALE_STEPS;
          rows[r] = (byte) Units.clamp(Math.round(steps), 255);
        }
      }
      case ROTATIONS -> {
        double[] q = new double[4];
        for (int r = 0; r < count; r++) {
          Quaternions.normalised(scene.quats(), first + r, q);
          SpzRotation.encodeSmallest(SpzAxes.RUB.turned(q), rows, 4 * r);
        }
      }
      case SH -> encodeHarmonics(scene, first, count, rows);
    }
  }

  private static void encodeHarmonics(Gaussians scene, int first, int count, byte[] rows) {
    int rest = scene.coefficients() - 1;
    for (int r = 0; r < count; r++) {
      for (int k = 0; k < rest; k++) {
        int step = k < DEGREE_1 ? SH_STEP_DEGREE_1 : SH_STEP_REST;
        int from = 3 * (scene.coefficients() * (first + r) + 1 + k);
        for (int c = 0; c < 3; c++) {
          double value = SpzAxes.RUB.harmonic(k + 1) * scene.sh()[from + c];
          long rounded = Math.round(value * SH_ONE) + SH_ONE;
          long stepped = Math.floorDiv(rounded + step / 2, step) * step;
          rows[3 * (rest * r + k) + c] = (byte) Units.clamp(stepped, 255);
        }
      }
    }
  }
}

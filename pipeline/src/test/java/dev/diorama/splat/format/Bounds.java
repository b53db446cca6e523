package dev.diorama.splat.format;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diorama.splat.Gaussians;
import org.assertj.core.data.Offset;

/**
 * How far a scene may be from the one it was made of, for each of its quantities. Gaussians are
 * matched by position, as some formats order them anew.
 *
 * @param mean a coordinate
 * @param w the first component of the rotation, which some formats derive from the others
 * @param xyz the others
 * @param logScale a logarithm of a scale
 * @param opacity between 0 and 1
 * @param base a coefficient of degree 0
 * @param first a coefficient of degree 1
 * @param rest further coefficients
 */
record Bounds(
    double mean,
    double w,
    double xyz,
    double logScale,
    double opacity,
    double base,
    double first,
    double rest) {
  private static final double HALF_BYTE = 0.5 / 255;

  /** A logarithm of an exponential, each rounded to 24 bits: 2^-24 relative, then of up to 8. */
  private static final double LOG_OF_FLOAT = 8 * 0x1p-23;

  /** Half a step of 128ths; a component of 1 becomes 127/128. */
  static final Bounds SPLAT =
      new Bounds(
          0,
          1.0 / 128,
          1.0 / 128,
          LOG_OF_FLOAT,
          HALF_BYTE,
          HALF_BYTE / Gaussians.CONSTANT_HARMONIC,
          0,
          0);

  /** As above, by a program that cuts off where we round. */
  static final Bounds SPLAT_CUT =
      new Bounds(
          0,
          1.0 / 128,
          1.0 / 128,
          LOG_OF_FLOAT,
          1.0 / 255,
          1 / 255.0 / Gaussians.CONSTANT_HARMONIC,
          0,
          0);

  /**
   * Positions between -3 and 3 in 1023 steps of 10 bits (Y, the coarsest), logarithms of scales
   * over 8 likewise, colours over 1.8 in 255, coefficients in 256 steps of 8.
   */
  static final Bounds COMPRESSED_PLY =
      new Bounds(
          6.0 / 1023 / 2 + 0x1p-22,
          smallestThree(Math.sqrt(2) / 1023 / 2),
          smallestThree(Math.sqrt(2) / 1023 / 2),
          8.0 / 1023 / 2 + 0x1p-21,
          HALF_BYTE,
          1.8 / 255 / 2 + 0x1p-22,
          8.0 / 256 / 2,
          8.0 / 256 / 2);

  /** Positions in 4096ths; coefficients rounded to 128ths, then to steps of 8 and 16 of these. */
  static final Bounds SPZ =
      new Bounds(
          0.5 / 4096,
          smallestThree(Math.sqrt(0.5) / 511 / 2),
          smallestThree(Math.sqrt(0.5) / 511 / 2),
          0.5 / 16,
          HALF_BYTE,
          HALF_BYTE / 0.15,
          4.5 / 128,
          8.5 / 128);

  /** x, y, z in 127.5ths; w from them: |w'^2 - w^2| is at most 2 sqrt(3) d + 3 d^2. */
  static final Bounds SPZ_2 =
      new Bounds(
          0.5 / 4096,
          Math.sqrt(2 * Math.sqrt(3) * (0.5 / 127.5) + 3 * Math.pow(0.5 / 127.5, 2)),
          0.5 / 127.5,
          0.5 / 16,
          HALF_BYTE,
          HALF_BYTE / 0.15,
          4.5 / 128,
          8.5 / 128);

  /** All floats but colours and opacities, which are cut off to bytes. */
  static final Bounds KSPLAT_0 =
      new Bounds(
          0,
          0x1p-22,
          0x1p-22,
          LOG_OF_FLOAT,
          1.0 / 255,
          1 / 255.0 / Gaussians.CONSTANT_HARMONIC,
          0,
          0);

  /** Positions in 32767ths of half a block of 5; half floats of 11 bits, cut off by three.js. */
  static final Bounds KSPLAT_1 =
      new Bounds(
          2.5 / 32767 / 2 + 0x1p-22,
          0x1p-11,
          0x1p-11,
          0x1.01p-10,
          1.0 / 255,
          1 / 255.0 / Gaussians.CONSTANT_HARMONIC,
          0x1p-11,
          0x1p-11);

  /** Coefficients between -0.9 and 0.9 in 255 steps, cut off. */
  static final Bounds KSPLAT_2 =
      new Bounds(
          2.5 / 32767 / 2 + 0x1p-22,
          0x1p-11,
          0x1p-11,
          0x1.01p-10,
          1.0 / 255,
          1 / 255.0 / Gaussians.CONSTANT_HARMONIC,
          1.8 / 255 + 0x1p-20,
          1.8 / 255 + 0x1p-20);

  /**
   * The largest of four components, at least 1/2, follows from three errors of d: sqrt(3) d
   * sqrt(3/4) / (1/2), and 3 d^2 in second order.
   */
  private static double smallestThree(double d) {
    return 3 * d + 3 * d * d + 0x1p-22;
  }

  /** Checks every Gaussian. Rotations may have the other sign. */
  void check(Gaussians actual, Gaussians expected) {
    assertThat(actual.count()).isEqualTo(expected.count());
    int k = actual.coefficients();
    assertThat(expected.coefficients()).isGreaterThanOrEqualTo(k);
    boolean[] taken = new boolean[expected.count()];
    double[] q = new double[4];
    for (int i = 0; i < actual.count(); i++) {
      int j = nearest(actual, i, expected);
      assertThat(taken[j]).as("Gaussian %d is there twice", j).isFalse();
      taken[j] = true;
      near(i, j, "mean", mean, actual.means(), expected.means(), 3);
      near(i, j, "scale", logScale, actual.logScales(), expected.logScales(), 3);
      assertThat(sigmoid(actual.logitOpacities()[i]))
          .isCloseTo(sigmoid(expected.logitOpacities()[j]), within(opacity));
      Quaternions.normalised(expected.quats(), j, q);
      double dot = 0;
      for (int c = 0; c < 4; c++) {
        dot += q[c] * actual.quats()[4 * i + c];
      }
      for (int c = 0; c < 4; c++) {
        assertThat(actual.quats()[4 * i + c] * Math.signum(dot))
            .as("rotation %d of %d", c, j)
            .isCloseTo(q[c], within(c == 0 ? w : xyz));
      }
      for (int c = 0; c < 3 * k; c++) {
        assertThat((double) actual.sh()[3 * k * i + c])
            .as("coefficient %d of %d", c, j)
            .isCloseTo(
                expected.sh()[3 * expected.coefficients() * j + c],
                within(c < 3 ? base : c < 12 ? first : rest));
      }
    }
  }

  private static void near(
      int i, int j, String what, double bound, float[] actual, float[] expected, int columns) {
    for (int c = 0; c < columns; c++) {
      assertThat((double) actual[columns * i + c])
          .as("%s %d of %d", what, c, j)
          .isCloseTo(expected[columns * j + c], within(bound));
    }
  }

  private static Offset<Double> within(double bound) {
    // Sums of the bound itself in double precision.
    return Offset.offset(bound * (1 + 1e-9));
  }

  private static double sigmoid(float logit) {
    return 1 / (1 + Math.exp(-logit));
  }

  private static int nearest(Gaussians actual, int i, Gaussians expected) {
    int best = 0;
    double least = Double.POSITIVE_INFINITY;
    for (int j = 0; j < expected.count(); j++) {
      double sum = 0;
      for (int c = 0; c < 3; c++) {
        double d = actual.means()[3 * i + c] - (double) expected.means()[3 * j + c];
        sum += d * d;
      }
      if (sum < least) {
        least = sum;
        best = j;
      }
    }
    return best;
  }
}

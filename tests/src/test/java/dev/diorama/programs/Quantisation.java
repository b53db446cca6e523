package dev.diorama.programs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diorama.splat.Gaussians;

/**
 * How far a Gaussian may be from what it was before it went through a file.
 *
 * @param position absolute, and again for each unit of |x|
 * @param logScale of a logarithm of a scale
 * @param rotation of a component of the unit quaternion
 * @param opacity of the opacity, 0 to 1
 * @param colour of a coefficient of degree 0
 * @param sh of a coefficient of a higher degree
 */
record Quantisation(
    double position, double logScale, double rotation, double opacity, double colour, double sh) {

  /**
   * For the same bytes decoded by two programs: roundings of F32. An opacity of 0 or 1 is 1e-6 away
   * from it in splat-transform, as its logits are finite.
   */
  static final Quantisation SAME_BYTES = new Quantisation(2e-6, 2e-6, 2e-6, 2e-6, 2e-6, 2e-6);

  /** Checks every Gaussian of a scene against one of another, which may have another order. */
  void check(Gaussians expected, Gaussians actual, boolean sameOrder) {
    assertThat(actual.count()).isEqualTo(expected.count());
    int degree = Math.min(expected.shDegree(), actual.shDegree());
    for (int i = 0; i < expected.count(); i++) {
      int j = sameOrder ? i : nearest(expected, i, actual);
      for (int axis = 0; axis < 3; axis++) {
        float x = expected.means()[3 * i + axis];
        near("x", i, x, actual.means()[3 * j + axis], position * (1 + Math.abs(x)));
        near(
            "scale",
            i,
            expected.logScales()[3 * i + axis],
            actual.logScales()[3 * j + axis],
            logScale);
      }
      double[] q = unit(expected.quats(), i);
      double[] r = unit(actual.quats(), j);
      double dot = q[0] * r[0] + q[1] * r[1] + q[2] * r[2] + q[3] * r[3];
      for (int c = 0; c < 4; c++) {
        near("rotation", i, q[c], Math.signum(dot) * r[c], rotation);
      }
      near(
          "opacity",
          i,
          sigmoid(expected.logitOpacities()[i]),
          sigmoid(actual.logitOpacities()[j]),
          opacity);
      for (int k = 0; k < 3 * Gaussians.coefficients(degree); k++) {
        near(
            "coefficient " + k,
            i,
            expected.sh()[3 * i * expected.coefficients() + k],
            actual.sh()[3 * j * actual.coefficients() + k],
            k < 3 ? colour : sh);
      }
    }
  }

  private static void near(String what, int gaussian, double expected, double actual, double by) {
    if (!(Math.abs(expected - actual) <= by)) {
      throw new AssertionError(
          "%s of Gaussian %d is %s, expected %s within %s"
              .formatted(what, gaussian, actual, expected, by));
    }
  }

  private static int nearest(Gaussians scene, int i, Gaussians other) {
    int nearest = 0;
    double best = Double.POSITIVE_INFINITY;
    for (int j = 0; j < other.count(); j++) {
      double square = 0;
      for (int axis = 0; axis < 3; axis++) {
        double difference = scene.means()[3 * i + axis] - other.means()[3 * j + axis];
        square += difference * difference;
      }
      if (square < best) {
        best = square;
        nearest = j;
      }
    }
    return nearest;
  }

  private static double[] unit(float[] quats, int i) {
    double length = 0;
    for (int c = 0; c < 4; c++) {
      length = Math.hypot(length, quats[4 * i + c]);
    }
    double[] unit = new double[4];
    for (int c = 0; c < 4; c++) {
      unit[c] = quats[4 * i + c] / length;
    }
    return unit;
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }
}

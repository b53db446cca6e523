package dev.diorama.splat.edit;

/**
 * Real spherical harmonics in the order and with the signs of Kerbl et al. 2023, and their
 * rotation.
 */
final class Harmonics {
  private static final double SQRT3 = Math.sqrt(3);

  private Harmonics() {}

  /** The 2 l + 1 functions of band l, 1 to 3, at a unit direction. */
  static double[] band(int l, double x, double y, double z) {
    return switch (l) {
      case 1 -> {
        double c = Math.sqrt(3 / (4 * Math.PI));
        yield new double[] {-c * y, c * z, -c * x};
      }
      case 2 -> {
        double c = Math.sqrt(15 / (4 * Math.PI));
        yield new double[] {
          c * x * y,
          -c * y * z,
          c / (2 * SQRT3) * (3 * z * z - 1),
          -c * x * z,
          c / 2 * (x * x - y * y)
        };
      }
      case 3 -> {
        double a = Math.sqrt(35 / (32 * Math.PI));
        double b = Math.sqrt(105 / (4 * Math.PI));
        double c = Math.sqrt(21 / (32 * Math.PI));
        double d = Math.sqrt(7 / (16 * Math.PI));
        yield new double[] {
          -a * y * (3 * x * x - y * y),
          b * x * y * z,
          -c * y * (5 * z * z - 1),
          d * z * (5 * z * z - 3),
          -c * x * (5 * z * z - 1),
          b / 2 * z * (x * x - y * y),
          -a * x * (x * x - 3 * y * y)
        };
      }
      default -> throw new IllegalArgumentException("band " + l + ", expected 1 to 3");
    };
  }

  /**
   * The matrix D of a band with c' = D c: the coefficients of a function that turned with the
   * scene, f'(d) = f(R^-1 d). Found from the functions' values at directions spread over the
   * sphere: Y(d) c' = Y(R^-1 d) c for every d, by least squares.
   *
   * @param l 1 to 3
   * @param r the rotation, [3, 3] row by row
   */
  static double[][] rotation(int l, double[] r) {
    int n = 2 * l + 1;
    double[][] gram = new double[n][n];
    double[][] right = new double[n][n];
    int directions = 64;
    for (int i = 0; i < directions; i++) {
      // A Fibonacci sphere.
      double z = 1 - (2 * i + 1.0) / directions;
      double radius = Math.sqrt(1 - z * z);
      double angle = i * Math.PI * (3 - Math.sqrt(5));
      double x = radius * Math.cos(angle);
      double y = radius * Math.sin(angle);
      double[] here = band(l, x, y, z);
      double[] before =
          band(
              l,
              r[0] * x + r[3] * y + r[6] * z,
              r[1] * x + r[4] * y + r[7] * z,
              r[2] * x + r[5] * y + r[8] * z);
      for (int row = 0; row < n; row++) {
        for (int column = 0; column < n; column++) {
          gram[row][column] += here[row] * here[column];
          right[row][column] += here[row] * before[column];
        }
      }
    }
    return solve(gram, right);
  }

  /**
   * gram^-1 right by Gauss and Jordan; gram is symmetric, positive definite and well conditioned.
   */
  private static double[][] solve(double[][] gram, double[][] right) {
    int n = gram.length;
    for (int pivot = 0; pivot < n; pivot++) {
      double scale = 1 / gram[pivot][pivot];
      for (int k = 0; k < n; k++) {
        gram[pivot][k] *= scale;
        right[pivot][k] *= scale;
      }
      for (int row = 0; row < n; row++) {
        double factor = gram[row][pivot];
        if (row == pivot || factor == 0) {
          continue;
        }
        for (int k = 0; k < n; k++) {
          gram[row][k] -= factor * gram[pivot][k];
          right[row][k] -= factor * right[pivot][k];
        }
      }
    }
    return right;
  }
}

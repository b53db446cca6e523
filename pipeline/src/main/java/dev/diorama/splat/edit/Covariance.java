package dev.diorama.splat.edit;

/** Covariances of Gaussians, [3, 3] row by row, from rotation and scales and back. */
final class Covariance {
  private static final int SWEEPS = 20;

  private Covariance() {}

  /** R S S R^T of row i. */
  static double[] of(float[] quats, float[] logScales, int i) {
    double[] r = rotation(quats, i);
    double[] m = new double[9];
    for (int column = 0; column < 3; column++) {
      double variance = Math.exp(2.0 * logScales[3 * i + column]);
      for (int a = 0; a < 3; a++) {
        for (int b = 0; b < 3; b++) {
          m[3 * a + b] += variance * r[3 * a + column] * r[3 * b + column];
        }
      }
    }
    return m;
  }

  private static double[] rotation(float[] quats, int i) {
    double w = quats[4 * i];
    double x = quats[4 * i + 1];
    double y = quats[4 * i + 2];
    double z = quats[4 * i + 3];
    double s = 2 / (w * w + x * x + y * y + z * z);
    return new double[] {
      1 - s * (y * y + z * z),
      s * (x * y - w * z),
      s * (x * z + w * y),
      s * (x * y + w * z),
      1 - s * (x * x + z * z),
      s * (y * z - w * x),
      s * (x * z - w * y),
      s * (y * z + w * x),
      1 - s * (x * x + y * y)
    };
  }

  /**
   * Writes the rotation and log scales whose covariance this is: cyclic Jacobi rotations.
   *
   * @param m symmetric; is destroyed
   */
  static void write(double[] m, float[] quats, float[] logScales, int i) {
    double[] v = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
      double off = m[1] * m[1] + m[2] * m[2] + m[5] * m[5];
      double diagonal = m[0] * m[0] + m[4] * m[4] + m[8] * m[8];
      if (off <= 1e-30 * diagonal) {
        break;
      }
      turn(m, v, 0, 1);
      turn(m, v, 0, 2);
      turn(m, v, 1, 2);
    }
    double determinant =
        v[0] * (v[4] * v[8] - v[5] * v[7])
            - v[1] * (v[3] * v[8] - v[5] * v[6])
            + v[2] * (v[3] * v[7] - v[4] * v[6]);
    if (determinant < 0) {
      v[2] = -v[2];
      v[5] = -v[5];
      v[8] = -v[8];
    }
    quaternion(v, quats, i);
    for (int k = 0; k < 3; k++) {
      logScales[3 * i + k] = (float) (0.5 * Math.log(Math.max(m[4 * k], 1e-30)));
    }
  }

  private static void turn(double[] m, double[] v, int p, int q) {
    double off = m[3 * p + q];
    if (off == 0) {
      return;
    }
    double theta = (m[4 * q] - m[4 * p]) / (2 * off);
    double t = Math.copySign(1, theta) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
    double c = 1 / Math.sqrt(t * t + 1);
    double s = t * c;
    for (int k = 0; k < 3; k++) {
      double a = m[3 * k + p];
      double b = m[3 * k + q];
      m[3 * k + p] = c * a - s * b;
      m[3 * k + q] = s * a + c * b;
    }
    for (int k = 0; k < 3; k++) {
      double a = m[3 * p + k];
      double b = m[3 * q + k];
      m[3 * p + k] = c * a - s * b;
      m[3 * q + k] = s * a + c * b;
      double x = v[3 * k + p];
      double y = v[3 * k + q];
      v[3 * k + p] = c * x - s * y;
      v[3 * k + q] = s * x + c * y;
    }
  }

  /** The quaternion of a rotation matrix, from its largest component (Shepperd 1978). */
  private static void quaternion(double[] r, float[] quats, int i) {
    double[] squares = {
      1 + r[0] + r[4] + r[8], 1 + r[0] - r[4] - r[8], 1 - r[0] + r[4] - r[8], 1 - r[0] - r[4] + r[8]
    };
    int largest = 0;
    for (int k = 1; k < 4; k++) {
      largest = squares[k] > squares[largest] ? k : largest;
    }
    double f = 0.5 / Math.sqrt(squares[largest]);
    double wx = r[7] - r[5];
    double wy = r[2] - r[6];
    double wz = r[3] - r[1];
    double xy = r[1] + r[3];
    double xz = r[2] + r[6];
    double yz = r[5] + r[7];
    double own = squares[largest];
    double[] q =
        switch (largest) {
          case 0 -> new double[] {own, wx, wy, wz};
          case 1 -> new double[] {wx, own, xy, xz};
          case 2 -> new double[] {wy, xy, own, yz};
          default -> new double[] {wz, xz, yz, own};
        };
    for (int k = 0; k < 4; k++) {
      quats[4 * i + k] = (float) (q[k] * f);
    }
  }
}

package dev.diorama.splat;

/**
 * Arithmetic of poses: matrices [4, 4] row by row with last row 0 0 0 1, vectors of three numbers,
 * quaternions wxyz. Nothing is changed in place. Without state.
 */
public final class Poses {
  private static final double PARALLEL = 1e-9;

  private Poses() {}

  /**
   * The pose that moves nothing.
   *
   * @return a new matrix
   */
  public static double[] identity() {
    return new double[] {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1};
  }

  /**
   * The product: first b, then a.
   *
   * @param a [4, 4]
   * @param b [4, 4]
   * @return a b
   */
  public static double[] multiply(double[] a, double[] b) {
    double[] out = new double[16];
    for (int row = 0; row < 4; row++) {
      for (int column = 0; column < 4; column++) {
        double sum = 0;
        for (int i = 0; i < 4; i++) {
          sum += a[4 * row + i] * b[4 * i + column];
        }
        out[4 * row + column] = sum;
      }
    }
    return out;
  }

  /**
   * The inverse, also of a pose that scales or shears.
   *
   * @param pose [4, 4]
   * @return its inverse; not finite where there is none
   */
  public static double[] inverse(double[] pose) {
    double[] out = new double[16];
    double determinant = determinant(pose);
    for (int row = 0; row < 3; row++) {
      int r1 = (row + 1) % 3;
      int r2 = (row + 2) % 3;
      for (int column = 0; column < 3; column++) {
        int c1 = (column + 1) % 3;
        int c2 = (column + 2) % 3;
        // The cofactor of the transposed entry.
        out[4 * row + column] =
            (pose[4 * c1 + r1] * pose[4 * c2 + r2] - pose[4 * c1 + r2] * pose[4 * c2 + r1])
                / determinant;
      }
    }
    for (int row = 0; row < 3; row++) {
      out[4 * row + 3] =
          -(out[4 * row] * pose[3] + out[4 * row + 1] * pose[7] + out[4 * row + 2] * pose[11]);
    }
    out[15] = 1;
    return out;
  }

  /**
   * The determinant of the upper left [3, 3].
   *
   * @param pose [4, 4]
   * @return 1 for a rotation, -1 for a mirror
   */
  public static double determinant(double[] pose) {
    return dot(column(pose, 0), cross(column(pose, 1), column(pose, 2)));
  }

  /**
   * How far the upper left [3, 3] is from a rotation.
   *
   * @param pose [4, 4]
   * @return the largest entry of |R R^T - 1|, or infinity for a mirror or what is not finite
   */
  public static double distanceFromRotation(double[] pose) {
    double worst = determinant(pose) > 0 ? 0 : Double.POSITIVE_INFINITY;
    for (int row = 0; row < 3; row++) {
      for (int other = 0; other < 3; other++) {
        double product = 0;
        for (int i = 0; i < 3; i++) {
          product += pose[4 * row + i] * pose[4 * other + i];
        }
        worst = Math.max(worst, Math.abs(product - (row == other ? 1 : 0)));
      }
    }
    return Double.isNaN(worst) ? Double.POSITIVE_INFINITY : worst;
  }

  /**
   * A pose from its rotation and translation.
   *
   * @param quaternion wxyz, not necessarily normalised, not 0
   * @param translation what is added after the rotation
   * @return [4, 4]
   */
  public static double[] of(double[] quaternion, double[] translation) {
    double norm = 0;
    for (double q : quaternion) {
      norm += q * q;
    }
    double s = 2 / norm;
    double w = quaternion[0];
    double x = quaternion[1];
    double y = quaternion[2];
    double z = quaternion[3];
    return new double[] {
      1 - s * (y * y + z * z),
      s * (x * y - w * z),
      s * (x * z + w * y),
      translation[0],
      s * (x * y + w * z),
      1 - s * (x * x + z * z),
      s * (y * z - w * x),
      translation[1],
      s * (x * z - w * y),
      s * (y * z + w * x),
      1 - s * (x * x + y * y),
      translation[2],
      0,
      0,
      0,
      1
    };
  }

  /**
   * The rotation of a pose.
   *
   * @param pose [4, 4] whose upper left is a rotation
   * @return wxyz, normalised
   */
  public static double[] quaternion(double[] pose) {
    // Shepperd 1978: begins with the largest of the four, so that nothing is divided by almost 0.
    double[] squares = {
      1 + pose[0] + pose[5] + pose[10],
      1 + pose[0] - pose[5] - pose[10],
      1 - pose[0] + pose[5] - pose[10],
      1 - pose[0] - pose[5] + pose[10]
    };
    int largest = 0;
    for (int i = 1; i < 4; i++) {
      largest = squares[i] > squares[largest] ? i : largest;
    }
    double[] q =
        switch (largest) {
          case 0 ->
              new double[] {squares[0], pose[9] - pose[6], pose[2] - pose[8], pose[4] - pose[1]};
          case 1 ->
              new double[] {pose[9] - pose[6], squares[1], pose[4] + pose[1], pose[2] + pose[8]};
          case 2 ->
              new double[] {pose[2] - pose[8], pose[4] + pose[1], squares[2], pose[9] + pose[6]};
          default ->
              new double[] {pose[4] - pose[1], pose[2] + pose[8], pose[9] + pose[6], squares[3]};
        };
    return normalized(q);
  }

  /**
   * The rotation between two rotations, along the shorter arc (Shoemake 1985).
   *
   * @param a wxyz, normalised
   * @param b wxyz, normalised
   * @param t 0 for a, 1 for b
   * @return wxyz, normalised
   */
  public static double[] slerp(double[] a, double[] b, double t) {
    double cosine = 0;
    for (int i = 0; i < 4; i++) {
      cosine += a[i] * b[i];
    }
    double sign = cosine < 0 ? -1 : 1;
    double angle = Math.acos(Math.min(1, Math.abs(cosine)));
    double sine = Math.sin(angle);
    double first = sine < 1e-6 ? 1 - t : Math.sin((1 - t) * angle) / sine;
    double second = sine < 1e-6 ? t : Math.sin(t * angle) / sine;
    double[] out = new double[4];
    for (int i = 0; i < 4; i++) {
      out[i] = first * a[i] + sign * second * b[i];
    }
    return normalized(out);
  }

  /**
   * The world-to-camera matrix of an OpenCV camera that looks at a point.
   *
   * @param position where it stands
   * @param target what is in the middle of the picture; another point
   * @param up what is up in the picture; where it is along the line of sight, any direction across
   *     serves
   * @return [4, 4]
   * @throws IllegalArgumentException when position and target are one point, or up is 0
   */
  public static double[] lookAt(double[] position, double[] target, double[] up) {
    double[] forward = subtract(target, position);
    if (!(norm(forward) > 0) || !(norm(up) > 0)) {
      throw new IllegalArgumentException(
          "a camera needs a target away from its position and an upward direction that is not 0");
    }
    forward = normalized(forward);
    double[] right = cross(forward, normalized(up));
    if (norm(right) < PARALLEL) {
      right = cross(forward, across(forward));
    }
    right = normalized(right);
    double[] down = cross(forward, right);
    return new double[] {
      right[0],
      right[1],
      right[2],
      -dot(right, position),
      down[0],
      down[1],
      down[2],
      -dot(down, position),
      forward[0],
      forward[1],
      forward[2],
      -dot(forward, position),
      0,
      0,
      0,
      1
    };
  }

  /**
   * OpenCV's world-to-camera matrix from OpenGL's camera-to-world (x right, y up, z backward), as
   * nerfstudio and Blender write it.
   *
   * @param cameraToWorld [4, 4]
   * @return [4, 4]
   */
  public static double[] fromOpenGl(double[] cameraToWorld) {
    return inverse(turned(cameraToWorld));
  }

  /**
   * The opposite of {@link #fromOpenGl}.
   *
   * @param worldToCamera [4, 4] of OpenCV
   * @return camera-to-world [4, 4] of OpenGL
   */
  public static double[] toOpenGl(double[] worldToCamera) {
    return turned(inverse(worldToCamera));
  }

  /** The y and z axes of a camera-to-world matrix reversed. */
  private static double[] turned(double[] cameraToWorld) {
    double[] out = cameraToWorld.clone();
    for (int row = 0; row < 3; row++) {
      out[4 * row + 1] = -out[4 * row + 1];
      out[4 * row + 2] = -out[4 * row + 2];
    }
    return out;
  }

  /**
   * A vector turned around an axis (Rodrigues).
   *
   * @param vector what is turned
   * @param axis of length 1
   * @param radians counter-clockwise when the axis points at the viewer
   * @return the turned vector
   */
  public static double[] rotated(double[] vector, double[] axis, double radians) {
    double[] side = cross(axis, vector);
    double along = dot(axis, vector) * (1 - Math.cos(radians));
    double[] out = new double[3];
    for (int i = 0; i < 3; i++) {
      out[i] = vector[i] * Math.cos(radians) + side[i] * Math.sin(radians) + axis[i] * along;
    }
    return out;
  }

  /** The unit vector along the coordinate that a vector uses least. */
  static double[] across(double[] vector) {
    int least = 0;
    for (int i = 1; i < 3; i++) {
      least = Math.abs(vector[i]) < Math.abs(vector[least]) ? i : least;
    }
    double[] axis = new double[3];
    axis[least] = 1;
    return axis;
  }

  static double[] column(double[] pose, int column) {
    return new double[] {pose[column], pose[4 + column], pose[8 + column]};
  }

  static double[] cross(double[] a, double[] b) {
    return new double[] {
      a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]
    };
  }

  static double dot(double[] a, double[] b) {
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  }

  static double norm(double[] vector) {
    double sum = 0;
    for (double v : vector) {
      sum += v * v;
    }
    return Math.sqrt(sum);
  }

  static double[] normalized(double[] vector) {
    double length = norm(vector);
    double[] out = new double[vector.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = vector[i] / length;
    }
    return out;
  }

  static double[] subtract(double[] a, double[] b) {
    return plus(a, b, -1);
  }

  /** a + factor * b. */
  static double[] plus(double[] a, double[] b, double factor) {
    return new double[] {a[0] + factor * b[0], a[1] + factor * b[1], a[2] + factor * b[2]};
  }
}

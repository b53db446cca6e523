package dev.diorama.splat.format;

/** Rotations of a scene as formats want them: normalised. */
final class Quaternions {

  private Quaternions() {}

  /** Writes rotation {@code i}, which is not all zeros, to {@code to}, normalised. */
  static void normalised(float[] quats, int i, double[] to) {
    double sum = 0;
    for (int j = 0; j < 4; j++) {
      to[j] = quats[4 * i + j];
      sum += to[j] * to[j];
    }
    double scale = 1 / Math.sqrt(sum);
    for (int j = 0; j < 4; j++) {
      to[j] *= scale;
    }
  }

  /** The index of the component that is farthest from 0. */
  static int largest(double[] q) {
    int largest = 0;
    for (int j = 1; j < 4; j++) {
      if (Math.abs(q[j]) > Math.abs(q[largest])) {
        largest = j;
      }
    }
    return largest;
  }
}

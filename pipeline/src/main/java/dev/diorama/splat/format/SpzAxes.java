package dev.diorama.splat.format;

import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SceneException;
import java.nio.file.Path;
import java.util.stream.IntStream;

/**
 * Which axes of a .spz point against ours (right, down, front, as in the .ply). Turning one over
 * changes the sign of positions along it, of rotations about the other two, and of the spherical
 * harmonics that are odd in it.
 *
 * @param x 1 or -1
 * @param y 1 or -1
 * @param z 1 or -1
 */
record SpzAxes(int x, int y, int z) {
  /** Right, up, back: what a .spz has unless it says otherwise. */
  static final SpzAxes RUB = new SpzAxes(1, -1, -1);

  private static final int FIRST_NAMED = 1;
  private static final int LAST_FLIPPED = 8;

  /**
   * A system by its number in the extension SPZ_ADOBE_coordinate_system: one more than the bits of
   * right, up and front.
   */
  static SpzAxes numbered(Path file, long number) throws SceneException {
    if (number == 0) {
      return RUB;
    }
    if (number > LAST_FLIPPED) {
      throw new SceneException(
          "%s has the axes of coordinate system %d, expected 1 to 8: x, y, z, each forth or back"
              .formatted(file, number));
    }
    int bits = (int) number - FIRST_NAMED;
    return new SpzAxes(
        (bits & 1) != 0 ? 1 : -1, (bits & 2) != 0 ? -1 : 1, (bits & 4) != 0 ? 1 : -1);
  }

  int axis(int axis) {
    return axis == 0 ? x : axis == 1 ? y : z;
  }

  /** Turns a rotation, wxyz, in place. */
  double[] turned(double[] q) {
    q[1] *= y * z;
    q[2] *= x * z;
    q[3] *= x * y;
    return q;
  }

  /** The sign of a coefficient, 0 to 15, in the order of Kerbl et al. */
  int harmonic(int k) {
    return switch (k) {
      case 1, 9, 11 -> y;
      case 2, 12, 14 -> z;
      case 3, 13, 15 -> x;
      case 4 -> x * y;
      case 5 -> y * z;
      case 7 -> x * z;
      case 10 -> x * y * z;
      default -> 1;
    };
  }

  /** Turns a whole scene, from these axes to ours or back. */
  void turn(Gaussians scene) {
    if (x == 1 && y == 1 && z == 1) {
      return;
    }
    int k = scene.coefficients();
    float[] signs = new float[3 * k];
    for (int j = 0; j < signs.length; j++) {
      signs[j] = harmonic(j / 3);
    }
    IntStream.range(0, scene.count())
        .parallel()
        .forEach(i -> {
          for (int j = 0; j < 3; j++) {
            scene.means()[3 * i + j] *= axis(j);
          }
          scene.quats()[4 * i + 1] *= y * z;
          scene.quats()[4 * i + 2] *= x * z;
          scene.quats()[4 * i + 3] *= x * y;
          for (int j = 3; j < signs.length; j++) {
            scene.sh()[signs.length * i + j] *= signs[j];
          }
        });
  }
}

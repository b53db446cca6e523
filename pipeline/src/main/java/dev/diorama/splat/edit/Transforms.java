package dev.diorama.splat.edit;

import dev.diorama.splat.Gaussians;

/** Edits that move, turn and scale whole scenes. */
public final class Transforms {
  private Transforms() {}

  /**
   * Moves every Gaussian.
   *
   * @param offset x, y, z
   * @return the edit
   */
  public static Edit translate(double[] offset) {
    double[] t = finite(offset, 3, "an offset is x,y,z, such as 0,1,0");
    return scene -> {
      float[] means = scene.means().clone();
      for (int i = 0; i < means.length; i++) {
        means[i] += (float) t[i % 3];
      }
      return with(scene, means, scene.quats(), scene.logScales(), scene.sh());
    };
  }

  /**
   * Scales positions and extents about the origin.
   *
   * @param factor above 0
   * @return the edit
   */
  public static Edit scale(double factor) {
    if (!(factor > 0) || Double.isInfinite(factor)) {
      throw new IllegalArgumentException("the factor is " + factor + ", expected a number above 0");
    }
    return scene -> {
      float[] means = scene.means().clone();
      float[] logScales = scene.logScales().clone();
      float more = (float) Math.log(factor);
      for (int i = 0; i < means.length; i++) {
        means[i] = (float) (means[i] * factor);
        logScales[i] += more;
      }
      return with(scene, means, scene.quats(), logScales, scene.sh());
    };
  }

  /**
   * Turns the scene about the origin: first about x, then y, then z, each by the right-hand rule.
   *
   * @param degrees angles about x, y, z
   * @return the edit
   */
  public static Edit rotate(double[] degrees) {
    double[] a = finite(degrees, 3, "a rotation is x,y,z in degrees, such as 180,0,0");
    double[] half = new double[3];
    for (int i = 0; i < 3; i++) {
      half[i] = Math.toRadians(a[i]) / 2;
    }
    double[] x = {Math.cos(half[0]), Math.sin(half[0]), 0, 0};
    double[] y = {Math.cos(half[1]), 0, Math.sin(half[1]), 0};
    double[] z = {Math.cos(half[2]), 0, 0, Math.sin(half[2])};
    return rotateBy(product(z, product(y, x)));
  }

  /**
   * Turns the scene about the origin.
   *
   * @param q a unit quaternion, wxyz
   * @return the edit
   */
  public static Edit rotateBy(double[] q) {
    double[] r = matrix(q);
    double[][][] bands = {
      Harmonics.rotation(1, r), Harmonics.rotation(2, r), Harmonics.rotation(3, r)
    };
    return scene -> {
      float[] means = scene.means().clone();
      float[] quats = scene.quats().clone();
      for (int i = 0; i < scene.count(); i++) {
        double x = means[3 * i];
        double y = means[3 * i + 1];
        double z = means[3 * i + 2];
        for (int k = 0; k < 3; k++) {
          means[3 * i + k] = (float) (r[3 * k] * x + r[3 * k + 1] * y + r[3 * k + 2] * z);
        }
        double[] turned =
            product(
                q,
                new double[] {quats[4 * i], quats[4 * i + 1], quats[4 * i + 2], quats[4 * i + 3]});
        for (int k = 0; k < 4; k++) {
          quats[4 * i + k] = (float) turned[k];
        }
      }
      return with(scene, means, quats, scene.logScales(), rotatedSh(scene, bands));
    };
  }

  private static float[] rotatedSh(Gaussians scene, double[][][] bands) {
    float[] from = scene.sh();
    float[] to = from.clone();
    int row = 3 * scene.coefficients();
    for (int l = 1; l <= scene.shDegree(); l++) {
      double[][] d = bands[l - 1];
      for (int i = 0; i < scene.count(); i++) {
        int start = row * i + 3 * l * l;
        for (int m = 0; m < d.length; m++) {
          for (int channel = 0; channel < 3; channel++) {
            double sum = 0;
            for (int k = 0; k < d.length; k++) {
              sum += d[m][k] * from[start + 3 * k + channel];
            }
            to[start + 3 * m + channel] = (float) sum;
          }
        }
      }
    }
    return to;
  }

  private static Gaussians with(
      Gaussians scene, float[] means, float[] quats, float[] logScales, float[] sh) {
    return new Gaussians(means, quats, logScales, scene.logitOpacities(), sh, scene.shDegree());
  }

  private static double[] product(double[] a, double[] b) {
    return new double[] {
      a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3],
      a[0] * b[1] + a[1] * b[0] + a[2] * b[3] - a[3] * b[2],
      a[0] * b[2] - a[1] * b[3] + a[2] * b[0] + a[3] * b[1],
      a[0] * b[3] + a[1] * b[2] - a[2] * b[1] + a[3] * b[0]
    };
  }

  private static double[] matrix(double[] q) {
    double w = q[0];
    double x = q[1];
    double y = q[2];
    double z = q[3];
    return new double[] {
      1 - 2 * (y * y + z * z),
      2 * (x * y - w * z),
      2 * (x * z + w * y),
      2 * (x * y + w * z),
      1 - 2 * (x * x + z * z),
      2 * (y * z - w * x),
      2 * (x * z - w * y),
      2 * (y * z + w * x),
      1 - 2 * (x * x + y * y)
    };
  }

  private static double[] finite(double[] values, int count, String wanted) {
    boolean right = values.length == count;
    for (double value : values) {
      right &= Double.isFinite(value);
    }
    if (!right) {
      throw new IllegalArgumentException(wanted);
    }
    return values.clone();
  }
}

package dev.diorama.splat.edit;

import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SceneException;
import java.util.Arrays;

/**
 * Fewer Gaussians by merging pairs, the cheapest first. A merged Gaussian has the mass, mean,
 * covariance and mean colour of its two parts, its mass being opacity times footprint (the product
 * of the two largest scales). Pairs are looked for among neighbours on the Z-order curve; a round
 * joins disjoint pairs, and rounds go on until few enough are left.
 */
public final class Decimation {
  /** How far along the curve partners are looked for. */
  private static final int WINDOW = 16;

  /** What a difference of colour of 1 weighs against a distance of one standard deviation. */
  private static final double COLOUR_WEIGHT = 4;

  private static final double MAX_OPACITY = 0.999;

  private Decimation() {}

  /**
   * Merges until so many are left.
   *
   * @param count at least 1
   * @return the edit
   */
  public static Edit to(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("decimating to " + count + ", expected at least 1");
    }
    return scene -> decimate(scene, count);
  }

  /**
   * Merges until a share is left.
   *
   * @param percent above 0, at most 100
   * @return the edit
   */
  public static Edit toPercent(double percent) {
    if (!(percent > 0 && percent <= 100)) {
      throw new IllegalArgumentException(
          "decimating to " + percent + "%, expected above 0 and at most 100");
    }
    return scene -> decimate(scene, (int) Math.max(1, Math.round(scene.count() * percent / 100)));
  }

  private static Gaussians decimate(Gaussians scene, int count) throws SceneException {
    Gaussians left = scene;
    if (left.count() > count) {
      left = Filters.dropInvalid().apply(left);
    }
    while (left.count() > count) {
      left = round(Morton.order().apply(left), left.count() - count);
    }
    return left;
  }

  private static Gaussians round(Gaussians scene, int merges) {
    int n = scene.count();
    double[] mass = new double[n];
    for (int i = 0; i < n; i++) {
      mass[i] = opacity(scene, i) * footprint(scene.logScales(), i);
    }
    int[] partner = new int[n];
    double[] cost = new double[n];
    for (int i = 0; i < n; i++) {
      cost[i] = Double.POSITIVE_INFINITY;
      for (int j = i + 1; j < Math.min(n, i + 1 + WINDOW); j++) {
        double c = cost(scene, mass, i, j);
        if (c < cost[i]) {
          cost[i] = c;
          partner[i] = j;
        }
      }
    }
    long[] order = new long[n - 1];
    for (int i = 0; i < n - 1; i++) {
      // Costs are not negative, so that their bits sort as they do.
      order[i] = (long) Float.floatToIntBits((float) cost[i]) << 32 | i;
    }
    Arrays.sort(order);
    int[] with = new int[n];
    Arrays.fill(with, -1);
    boolean[] gone = new boolean[n];
    int done = 0;
    for (int k = 0; k < order.length && done < merges; k++) {
      int i = (int) order[k];
      int j = partner[i];
      if (with[i] < 0 && with[j] < 0 && !gone[i] && !gone[j]) {
        with[i] = j;
        gone[j] = true;
        done++;
      }
    }
    Gaussians merged = Gaussians.zeros(n - done, scene.shDegree());
    int to = 0;
    for (int i = 0; i < n; i++) {
      if (gone[i]) {
        continue;
      }
      Selection.copy(scene, i, merged, to);
      if (with[i] >= 0) {
        merge(scene, mass, i, with[i], merged, to);
      }
      to++;
    }
    return merged;
  }

  private static double cost(Gaussians scene, double[] mass, int i, int j) {
    float[] m = scene.means();
    double distance = 0;
    double variance = 0;
    double colour = 0;
    int row = 3 * scene.coefficients();
    for (int k = 0; k < 3; k++) {
      double d = m[3 * i + k] - m[3 * j + k];
      distance += d * d;
      variance += Math.exp(2.0 * scene.logScales()[3 * i + k]);
      variance += Math.exp(2.0 * scene.logScales()[3 * j + k]);
      double c = scene.sh()[row * i + k] - scene.sh()[row * j + k];
      colour += c * c;
    }
    double both = mass[i] * mass[j] / Math.max(mass[i] + mass[j], 1e-300);
    return both * (3 * distance / Math.max(variance, 1e-300) + COLOUR_WEIGHT * colour);
  }

  private static void merge(
      Gaussians scene, double[] mass, int i, int j, Gaussians merged, int to) {
    double total = mass[i] + mass[j];
    double a = total > 0 ? mass[i] / total : 0.5;
    double b = 1 - a;
    double[] covariance = Covariance.of(scene.quats(), scene.logScales(), i);
    double[] other = Covariance.of(scene.quats(), scene.logScales(), j);
    float[] means = scene.means();
    double[] between = new double[3];
    for (int k = 0; k < 3; k++) {
      between[k] = means[3 * i + k] - means[3 * j + k];
      merged.means()[3 * to + k] = (float) (a * means[3 * i + k] + b * means[3 * j + k]);
    }
    for (int k = 0; k < 9; k++) {
      covariance[k] = a * covariance[k] + b * other[k] + a * b * between[k / 3] * between[k % 3];
    }
    Covariance.write(covariance, merged.quats(), merged.logScales(), to);
    double opacity =
        Math.min(MAX_OPACITY, total / Math.max(footprint(merged.logScales(), to), 1e-300));
    merged.logitOpacities()[to] = (float) Math.log(opacity / (1 - opacity));
    int row = 3 * scene.coefficients();
    for (int k = 0; k < row; k++) {
      merged.sh()[row * to + k] =
          (float) (a * scene.sh()[row * i + k] + b * scene.sh()[row * j + k]);
    }
  }

  private static double opacity(Gaussians scene, int i) {
    return 1 / (1 + Math.exp(-scene.logitOpacities()[i]));
  }

  private static double footprint(float[] logScales, int i) {
    float a = logScales[3 * i];
    float b = logScales[3 * i + 1];
    float c = logScales[3 * i + 2];
    return Math.exp((double) a + b + c - Math.min(a, Math.min(b, c)));
  }
}

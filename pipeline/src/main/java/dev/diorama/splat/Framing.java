package dev.diorama.splat;

import java.util.Arrays;
import java.util.Collection;

/**
 * Where a scene's subject is and how large, found from its Gaussians in a way that stray ones far
 * away do not disturb: the centre is the median along each axis, the radius the median distance
 * from it. In a walk-around capture that is the thing in the middle, not the horizon.
 *
 * <p>What is up no file of Gaussians says. Scenes trained on COLMAP's output lie as OpenCV cameras
 * do, with y down, and every viewer shows them so: {@link #defaultUp} is (0, -1, 0). Where the
 * cameras of the capture are known, {@link #up(Collection)} does better.
 *
 * @param center [3]
 * @param radius of the sphere around the centre that holds half of the Gaussians; more than 0
 */
public record Framing(double[] center, double radius) {
  private static final int SAMPLES = 200_000;
  private static final float FAINT_LOGIT = -2.2f;

  /** Up in scenes that say nothing else: against y. A new array every time. */
  public static double[] defaultUp() {
    return new double[] {0, -1, 0};
  }

  /**
   * Measures a scene; of a large one 200,000 Gaussians are looked at, evenly spread over the file.
   * Faint ones (opacity below 0.1) and what is not finite do not count unless there is nothing
   * else.
   *
   * @param scene what to measure
   * @return centre 0 and radius 1 when there is nothing to measure
   */
  public static Framing of(Gaussians scene) {
    float[][] places = places(scene, FAINT_LOGIT);
    if (places[0].length == 0) {
      places = places(scene, Float.NEGATIVE_INFINITY);
    }
    int n = places[0].length;
    if (n == 0) {
      return new Framing(new double[3], 1);
    }
    double[] center = new double[3];
    for (int axis = 0; axis < 3; axis++) {
      float[] sorted = places[axis].clone();
      Arrays.sort(sorted);
      center[axis] = (sorted[(n - 1) / 2] + (double) sorted[n / 2]) / 2;
    }
    double[] distances = new double[n];
    for (int i = 0; i < n; i++) {
      double x = places[0][i] - center[0];
      double y = places[1][i] - center[1];
      double z = places[2][i] - center[2];
      distances[i] = Math.sqrt(x * x + y * y + z * z);
    }
    Arrays.sort(distances);
    double radius = distances[n / 2];
    return new Framing(center, radius > 0 ? radius : 1);
  }

  /** The positions that count, axis by axis. */
  private static float[][] places(Gaussians scene, float faintest) {
    int n = scene.count();
    int step = Math.max(1, n / SAMPLES);
    float[][] places = new float[3][(n + step - 1) / step];
    int kept = 0;
    for (int i = 0; i < n; i += step) {
      float x = scene.means()[3 * i];
      float y = scene.means()[3 * i + 1];
      float z = scene.means()[3 * i + 2];
      boolean finite = Float.isFinite(x) && Float.isFinite(y) && Float.isFinite(z);
      if (finite && scene.logitOpacities()[i] >= faintest) {
        places[0][kept] = x;
        places[1][kept] = y;
        places[2][kept] = z;
        kept++;
      }
    }
    for (int axis = 0; axis < 3; axis++) {
      places[axis] = Arrays.copyOf(places[axis], kept);
    }
    return places;
  }

  /**
   * What is up for the people who took the pictures: the mean of the cameras' own upward
   * directions.
   *
   * @param cameras of the capture
   * @return a unit vector; {@link #defaultUp} when they cancel out or there are none
   */
  public static double[] up(Collection<Camera> cameras) {
    double[] sum = new double[3];
    for (Camera camera : cameras) {
      sum = Poses.plus(sum, camera.up(), 1);
    }
    double length = Poses.norm(sum);
    return length > 0.1 * cameras.size() && length > 0 ? Poses.normalized(sum) : defaultUp();
  }
}

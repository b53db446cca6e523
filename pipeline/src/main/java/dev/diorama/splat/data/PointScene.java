package dev.diorama.splat.data;

import dev.diorama.splat.Gaussians;
import dev.diorama.splat.NearestNeighbours;

/**
 * Points as Gaussians, to look at a cloud: round, without rotation, as large as the mean distance
 * to the 3 nearest points in other places (as Kerbl et al. 2023 begin), one colour each.
 */
public final class PointScene {
  /** How opaque the points are where nobody says otherwise. */
  public static final double DEFAULT_OPACITY = 0.7;

  private static final int NEIGHBOURS = 3;

  /** Points that all lie in one place have no distance; they must have some size. */
  private static final double SMALLEST = 1e-6;

  private PointScene() {}

  /**
   * Makes the scene.
   *
   * @param points any number of them
   * @param opacity of each, between 0 and 1
   * @return a scene of degree 0
   */
  public static Gaussians gaussians(PointCloud points, double opacity) {
    Gaussians scene = Gaussians.zeros(points.count(), 0);
    float[] distances = NearestNeighbours.meanDistances(points.positions(), NEIGHBOURS);
    float logit = (float) Math.log(opacity / (1 - opacity));
    System.arraycopy(points.positions(), 0, scene.means(), 0, points.positions().length);
    for (int i = 0; i < points.count(); i++) {
      float logScale = (float) Math.log(Math.max(distances[i], SMALLEST));
      for (int axis = 0; axis < 3; axis++) {
        scene.logScales()[3 * i + axis] = logScale;
        double colour = (points.colours()[3 * i + axis] & 0xff) / 255.0;
        scene.sh()[3 * i + axis] = (float) ((colour - 0.5) / Gaussians.CONSTANT_HARMONIC);
      }
      scene.quats()[4 * i] = 1;
      scene.logitOpacities()[i] = logit;
    }
    return scene;
  }
}

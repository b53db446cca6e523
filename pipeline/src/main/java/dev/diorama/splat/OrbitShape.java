package dev.diorama.splat;

import java.util.Arrays;
import java.util.List;

/**
 * Which orbit shows a scene well.
 *
 * @param center what it goes around, [3]
 * @param radius distance from it, more than 0
 * @param elevation degrees above the horizon
 */
public record OrbitShape(double[] center, double radius, double elevation) {
  /** Below this the lines of sight are so alike that where they meet says nothing. */
  private static final double PARALLEL = 1e-3;

  private static final double DEFAULT_ELEVATION = 20;
  private static final double HIGHEST = 80;

  /** The median distance is four fifths of a solid ball's radius; the rest is a margin. */
  private static final double FILLING = 1.5;

  /**
   * For a scene alone: around its middle, so far away that what is around it fills the picture.
   *
   * @param framing where the scene is
   * @param halfField the sine of half the camera's field of view, more than 0 and at most 1
   * @return 20 degrees above the horizon
   */
  public static OrbitShape around(Framing framing, double halfField) {
    return new OrbitShape(
        framing.center(), FILLING * framing.radius() / halfField, DEFAULT_ELEVATION);
  }

  /**
   * As the people who took the pictures went: around the point that all cameras look at (the one
   * nearest to all lines of sight), at the cameras' median distance and mean height.
   *
   * @param cameras of the capture
   * @param up [3], not 0
   * @return null when they look at nothing in common: fewer than two, parallel, or outwards
   */
  public static OrbitShape of(List<Camera> cameras, double[] up) {
    double[] sum = new double[16];
    double[] right = new double[3];
    for (Camera camera : cameras) {
      double[] forward = camera.forward();
      double[] position = camera.position();
      for (int row = 0; row < 3; row++) {
        for (int column = 0; column < 3; column++) {
          double across = (row == column ? 1 : 0) - forward[row] * forward[column];
          sum[4 * row + column] += across / cameras.size();
          right[row] += across * position[column] / cameras.size();
        }
      }
    }
    if (!(Poses.determinant(sum) > PARALLEL)) {
      return null;
    }
    double[] inverse = Poses.inverse(sum);
    double[] center = new double[3];
    for (int row = 0; row < 3; row++) {
      for (int column = 0; column < 3; column++) {
        center[row] += inverse[4 * row + column] * right[column];
      }
    }
    return at(center, cameras, Poses.normalized(up));
  }

  private static OrbitShape at(double[] center, List<Camera> cameras, double[] up) {
    double[] distances = new double[cameras.size()];
    double height = 0;
    int behind = 0;
    for (int i = 0; i < distances.length; i++) {
      double[] away = Poses.subtract(cameras.get(i).position(), center);
      distances[i] = Poses.norm(away);
      height += Poses.dot(away, up) / Math.max(distances[i], Double.MIN_NORMAL);
      behind += Poses.dot(away, cameras.get(i).forward()) > 0 ? 1 : 0;
    }
    Arrays.sort(distances);
    double median = distances[distances.length / 2];
    if (2 * behind > distances.length || !(median > 0)) {
      return null;
    }
    double elevation = Math.toDegrees(Math.asin(height / distances.length));
    return new OrbitShape(center, median, Math.max(-HIGHEST, Math.min(HIGHEST, elevation)));
  }
}

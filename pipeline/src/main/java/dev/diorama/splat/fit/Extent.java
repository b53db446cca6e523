package dev.diorama.splat.fit;

import dev.diorama.splat.Camera;
import dev.diorama.splat.data.View;
import java.util.List;

/**
 * How large a scene is, as its cameras tell, and where it may be.
 *
 * @param radius the largest distance of a camera from their middle times 1.1, as gsplat takes it; 1
 *     where all cameras stand in one place
 * @param low corner of a box that holds the cameras and what is one radius in front of them
 * @param high the opposite corner
 */
record Extent(double radius, double[] low, double[] high) {
  private static final double MARGIN = 1.1;

  static Extent of(List<View> views) {
    double[] middle = new double[3];
    for (View view : views) {
      double[] position = view.camera().position();
      for (int axis = 0; axis < 3; axis++) {
        middle[axis] += position[axis] / views.size();
      }
    }
    double radius = 0;
    for (View view : views) {
      radius = Math.max(radius, MARGIN * distance(view.camera().position(), middle));
    }
    radius = radius > 1e-6 ? radius : 1;
    double[] low = middle.clone();
    double[] high = middle.clone();
    for (View view : views) {
      Camera camera = view.camera();
      double[] position = camera.position();
      double[] forward = camera.forward();
      for (int axis = 0; axis < 3; axis++) {
        double ahead = position[axis] + radius * forward[axis];
        low[axis] = Math.min(low[axis], Math.min(position[axis], ahead));
        high[axis] = Math.max(high[axis], Math.max(position[axis], ahead));
      }
    }
    return new Extent(radius, low, high);
  }

  private static double distance(double[] a, double[] b) {
    return Math.sqrt(
        (a[0] - b[0]) * (a[0] - b[0])
            + (a[1] - b[1]) * (a[1] - b[1])
            + (a[2] - b[2]) * (a[2] - b[2]));
  }
}

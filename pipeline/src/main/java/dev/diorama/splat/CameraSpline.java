package dev.diorama.splat;

import java.util.List;

/** Cameras between cameras; see {@link CameraPath#spline}. */
final class CameraSpline {
  private final List<Camera> keys;
  private final boolean closed;
  private final double[][] positions;
  private final double[][] rotations;

  CameraSpline(List<Camera> keys, boolean closed) {
    this.keys = keys;
    this.closed = closed;
    this.positions = keys.stream().map(Camera::position).toArray(double[][]::new);
    this.rotations =
        keys.stream().map(key -> Poses.quaternion(key.cameraToWorld())).toArray(double[][]::new);
  }

  /** The camera at a time from 0 to 1. */
  Camera at(double time) {
    int spans = closed ? keys.size() : keys.size() - 1;
    double place = time * spans;
    int from = Math.max(0, Math.min((int) place, spans - 1));
    double t = place - from;
    double[] position = new double[3];
    for (int axis = 0; axis < 3; axis++) {
      position[axis] =
          catmullRom(
              place(from - 1, axis),
              place(from, axis),
              place(from + 1, axis),
              place(from + 2, axis),
              t);
    }
    double[] rotation = Poses.slerp(rotations[index(from)], rotations[index(from + 1)], t);
    Camera a = keys.get(index(from));
    Camera b = keys.get(index(from + 1));
    return new Camera(
        a.model(),
        a.width(),
        a.height(),
        between(a.fx(), b.fx(), t),
        between(a.fy(), b.fy(), t),
        between(a.cx(), b.cx(), t),
        between(a.cy(), b.cy(), t),
        Poses.inverse(Poses.of(rotation, position)));
  }

  private int index(int key) {
    return closed ? Math.floorMod(key, keys.size()) : Math.max(0, Math.min(key, keys.size() - 1));
  }

  /**
   * Beyond the ends of an open path the line goes straight on, so that the first and last span are
   * neither slowed nor bent.
   */
  private double place(int key, int axis) {
    int last = keys.size() - 1;
    if (!closed && last > 0 && key < 0) {
      return 2 * positions[0][axis] - positions[1][axis];
    }
    if (!closed && last > 0 && key > last) {
      return 2 * positions[last][axis] - positions[last - 1][axis];
    }
    return positions[index(key)][axis];
  }

  private static double catmullRom(double before, double a, double b, double after, double t) {
    double slopeA = (b - before) / 2;
    double slopeB = (after - a) / 2;
    double t2 = t * t;
    double t3 = t2 * t;
    return (2 * t3 - 3 * t2 + 1) * a
        + (t3 - 2 * t2 + t) * slopeA
        + (3 * t2 - 2 * t3) * b
        + (t3 - t2) * slopeB;
  }

  private static double between(double a, double b, double t) {
    return a + (b - a) * t;
  }
}

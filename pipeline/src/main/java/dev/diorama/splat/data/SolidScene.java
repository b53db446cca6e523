package dev.diorama.splat.data;

import dev.diorama.media.Picture;
import dev.diorama.splat.Camera;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Balls and boxes on a disc under one lamp, drawn by casting rays: each hit is solved for exactly,
 * light is Lambert's with hard shadows, and a pixel is the mean of 4 x 4 rays.
 */
final class SolidScene {
  private static final int RAYS = 4;
  private static final double[] LAMP = {0.485071, -0.727607, 0.485071};
  private static final double AMBIENT = 0.35;
  private static final double LIFT = 1e-6;
  private static final double FLOOR = 0.6;

  private final List<Solid> solids =
      List.of(
          new Solid.Disc(new double[] {0, FLOOR, 0}, 1.35, Paint.TILES),
          new Solid.Ball(new double[] {-0.45, FLOOR - 0.42, -0.35}, 0.42, Paint.BANDS),
          new Solid.Ball(new double[] {0.55, FLOOR - 0.28, -0.55}, 0.28, Paint.CLOUDS),
          new Solid.Ball(new double[] {0.1, FLOOR - 0.2, 0.75}, 0.2, Paint.DOTS),
          new Solid.Box(
              new double[] {0.5, FLOOR - 0.45, 0.25},
              new double[] {0.25, 0.45, 0.25},
              Math.toRadians(28),
              Paint.BRICKS),
          new Solid.Box(
              new double[] {-0.55, FLOOR - 0.2, 0.5},
              new double[] {0.32, 0.2, 0.22},
              Math.toRadians(-35),
              Paint.CHECKS));

  /** What a pinhole camera sees. */
  Picture picture(Camera camera) {
    byte[] rgb = new byte[camera.width() * camera.height() * 3];
    double[] pose = camera.cameraToWorld();
    IntStream.range(0, camera.height()).parallel().forEach(y -> drawRow(camera, pose, y, rgb));
    return new Picture(camera.width(), camera.height(), rgb);
  }

  private void drawRow(Camera camera, double[] pose, int y, byte[] rgb) {
    double[] origin = {pose[3], pose[7], pose[11]};
    for (int x = 0; x < camera.width(); x++) {
      double[] sum = new double[3];
      for (int ray = 0; ray < RAYS * RAYS; ray++) {
        double u = (x + (ray % RAYS + 0.5) / RAYS - camera.cx()) / camera.fx();
        double v = (y + (ray / RAYS + 0.5) / RAYS - camera.cy()) / camera.fy();
        double[] direction = new double[3];
        for (int axis = 0; axis < 3; axis++) {
          direction[axis] = pose[4 * axis] * u + pose[4 * axis + 1] * v + pose[4 * axis + 2];
        }
        addLight(origin, direction, sum);
      }
      for (int c = 0; c < 3; c++) {
        double value = Math.clamp(sum[c] / (RAYS * RAYS), 0, 1);
        rgb[3 * (y * camera.width() + x) + c] = (byte) Math.rint(value * 255);
      }
    }
  }

  private void addLight(double[] origin, double[] direction, double[] sum) {
    Solid nearest = null;
    double distance = Double.POSITIVE_INFINITY;
    for (Solid solid : solids) {
      double hit = solid.hit(origin, direction);
      if (hit < distance) {
        distance = hit;
        nearest = solid;
      }
    }
    if (nearest == null) {
      return;
    }
    double[] place = new double[3];
    for (int axis = 0; axis < 3; axis++) {
      place[axis] = origin[axis] + distance * direction[axis];
    }
    double[] normal = nearest.normal(place);
    double[] lifted = new double[3];
    for (int axis = 0; axis < 3; axis++) {
      lifted[axis] = place[axis] + LIFT * normal[axis];
    }
    double facing = normal[0] * LAMP[0] + normal[1] * LAMP[1] + normal[2] * LAMP[2];
    double light = AMBIENT + (facing > 0 && lit(lifted) ? (1 - AMBIENT) * facing : 0);
    double[] colour = nearest.colour(place);
    for (int c = 0; c < 3; c++) {
      sum[c] += light * colour[c];
    }
  }

  private boolean lit(double[] place) {
    for (Solid solid : solids) {
      if (solid.hit(place, LAMP) < Double.POSITIVE_INFINITY) {
        return false;
      }
    }
    return true;
  }
}

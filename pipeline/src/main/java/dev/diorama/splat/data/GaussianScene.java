package dev.diorama.splat.data;

import dev.diorama.Backend;
import dev.diorama.SplatSettings;
import dev.diorama.media.Picture;
import dev.diorama.splat.Camera;
import dev.diorama.splat.Gaussians;
import dev.diorama.splat.Renderer;
import dev.diorama.splat.Rendering;
import dev.diorama.splat.Rendering.Channel;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/** 20,000 flat Gaussians on surfaces: a trefoil knot, a ball inside it, a chequered disc below. */
final class GaussianScene {
  private static final int KNOT = 9_000;
  private static final int BALL = 3_000;
  private static final int DISC = 8_000;
  private static final int SH_DEGREE = 1;
  private static final double GOLDEN = (Math.sqrt(5) - 1) / 2;
  private static final double NOISE = 0.02;

  private final Gaussians scene = Gaussians.zeros(KNOT + BALL + DISC, SH_DEGREE);
  private final SplittableRandom random = new SplittableRandom(20_000);
  private int next;

  GaussianScene() {
    addKnot();
    addBall();
    addDisc();
  }

  Gaussians gaussians() {
    return scene;
  }

  /** The tube around a trefoil knot, striped along its way. */
  private void addKnot() {
    double tube = 0.16;
    for (int i = 0; i < KNOT; i++) {
      double t = 2 * Math.PI * i / KNOT;
      double around = 2 * Math.PI * (i * GOLDEN % 1);
      double[] centre = knot(t);
      double[] ahead = unit(minus(knot(t + 1e-4), centre));
      double[] side = unit(cross(ahead, new double[] {0.3, 1, 0.2}));
      double[] other = cross(ahead, side);
      double[] normal = new double[3];
      double[] place = new double[3];
      for (int axis = 0; axis < 3; axis++) {
        normal[axis] = Math.cos(around) * side[axis] + Math.sin(around) * other[axis];
        place[axis] = centre[axis] + tube * normal[axis];
      }
      double stripe = 0.5 + 0.5 * Math.sin(18 * t);
      double[] colour = {0.15 + 0.75 * stripe, 0.35 + 0.3 * Math.cos(2 * t), 0.85 - 0.6 * stripe};
      add(place, normal, 0.02, colour);
    }
  }

  private static double[] knot(double t) {
    double r = 0.26;
    return new double[] {
      r * (Math.sin(t) + 2 * Math.sin(2 * t)),
      -r * (Math.cos(t) - 2 * Math.cos(2 * t)) * 0.8,
      -r * Math.sin(3 * t)
    };
  }

  /** A ball with waves of colour, its points by the golden angle. */
  private void addBall() {
    double radius = 0.25;
    for (int i = 0; i < BALL; i++) {
      double height = 1 - 2 * (i + 0.5) / BALL;
      double reach = Math.sqrt(1 - height * height);
      double angle = 2 * Math.PI * (i * GOLDEN % 1);
      double[] normal = {reach * Math.cos(angle), height, reach * Math.sin(angle)};
      double wave = 0.5 + 0.5 * Math.sin(9 * normal[0] + 5 * normal[1]);
      double[] place = {radius * normal[0], radius * normal[1], radius * normal[2]};
      add(place, normal, 0.011, new double[] {0.9, 0.2 + 0.7 * wave, 0.15});
    }
  }

  private void addDisc() {
    double radius = 1.3;
    for (int i = 0; i < DISC; i++) {
      double reach = radius * Math.sqrt((i + 0.5) / DISC);
      double angle = 2 * Math.PI * (i * GOLDEN % 1);
      double x = reach * Math.cos(angle);
      double z = reach * Math.sin(angle);
      boolean dark =
          (Math.floorMod((int) Math.floor(x * 3), 2) == 0)
              == (Math.floorMod((int) Math.floor(z * 3), 2) == 0);
      double light = (dark ? 0.25 : 0.7) + 0.08 * Math.sin(7 * x) * Math.cos(5 * z);
      double[] colour = {light, light * 0.95, light * 0.8};
      add(new double[] {x, 0.8, z}, new double[] {0, -1, 0}, 0.02, colour);
    }
  }

  /** A flat Gaussian on a surface; its colour changes a little with the direction. */
  private void add(double[] place, double[] normal, double size, double[] colour) {
    int i = next++;
    // The shortest rotation that takes z to the normal; none is shortest for -z.
    boolean behind = normal[2] < -0.9999;
    double[] quat = {1 + normal[2], -normal[1], normal[0], 0};
    for (int axis = 0; axis < 4; axis++) {
      scene.quats()[4 * i + axis] = (float) (behind ? (axis == 1 ? 1 : 0) : quat[axis]);
    }
    for (int axis = 0; axis < 3; axis++) {
      scene.means()[3 * i + axis] = (float) place[axis];
      double spread = size * (0.8 + 0.4 * random.nextDouble()) * (axis == 2 ? 0.2 : 1);
      scene.logScales()[3 * i + axis] = (float) Math.log(spread);
      int constant = 12 * i + axis;
      scene.sh()[constant] = (float) ((colour[axis] - 0.5) / Gaussians.CONSTANT_HARMONIC);
      for (int harmonic = 1; harmonic < 4; harmonic++) {
        double tilt = normal[harmonic % 3] * 0.06;
        scene.sh()[constant + 3 * harmonic] = (float) tilt;
      }
    }
    double opacity = 0.75 + 0.2 * random.nextDouble();
    scene.logitOpacities()[i] = (float) Math.log(opacity / (1 - opacity));
  }

  List<Picture> pictures(Backend backend, List<Camera> cameras) {
    try (Renderer renderer = Renderer.open(backend, scene)) {
      return cameras.stream().map(camera -> picture(renderer, camera)).toList();
    }
  }

  private static Picture picture(Renderer renderer, Camera camera) {
    Rendering drawn = renderer.render(camera, SplatSettings.DEFAULT, Set.of(Channel.RGB));
    byte[] bytes = new byte[drawn.rgb().length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) Math.rint(Math.clamp(drawn.rgb()[i], 0f, 1f) * 255);
    }
    return new Picture(camera.width(), camera.height(), bytes);
  }

  /** Every third mean, moved by noise of {@value #NOISE}, with its constant colour. */
  PointCloud noisyThird() {
    SplittableRandom noise = new SplittableRandom(3);
    int n = scene.count() / 3;
    float[] positions = new float[3 * n];
    byte[] colours = new byte[3 * n];
    for (int i = 0; i < n; i++) {
      for (int axis = 0; axis < 3; axis++) {
        positions[3 * i + axis] =
            (float) (scene.means()[9 * i + axis] + NOISE * noise.nextGaussian());
        double colour = 0.5 + Gaussians.CONSTANT_HARMONIC * scene.sh()[36 * i + axis];
        colours[3 * i + axis] = (byte) Math.rint(Math.clamp(colour, 0, 1) * 255);
      }
    }
    return new PointCloud(positions, colours);
  }

  private static double[] minus(double[] a, double[] b) {
    return new double[] {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
  }

  private static double[] cross(double[] a, double[] b) {
    return new double[] {
      a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]
    };
  }

  private static double[] unit(double[] a) {
    double length = Math.sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]);
    return new double[] {a[0] / length, a[1] / length, a[2] / length};
  }
}

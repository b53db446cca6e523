package dev.diorama.benchmarks.splat;

import dev.diorama.CameraModel;
import dev.diorama.splat.Camera;
import dev.diorama.splat.Framing;
import dev.diorama.splat.Gaussians;
import dev.diorama.splat.data.SceneSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;

/**
 * A scene and where it is seen from, for benchmarks.
 *
 * @param name for the case's name
 * @param gaussians the scene
 * @param camera its first camera, or one that sees it whole
 */
public record SplatScene(String name, Gaussians gaussians, Camera camera) {
  private static final float LOGIT_OPACITY = (float) Math.log(0.7 / 0.3);
  private static final double FIELD_OF_VIEW = 50;
  private static final int WIDTH = 648;
  private static final int HEIGHT = 420;
  private static final int BALLS = 60;

  /** As many Gaussians as the garden that gsplat tests with has points. */
  public static final int DEFAULT_COUNT = 138_766;

  /**
   * Reads a scene, or points that become one.
   *
   * @param file of any format that {@link SceneSource} reads
   * @return the scene
   * @throws IOException when it can't be read
   */
  public static SplatScene read(Path file) throws IOException {
    SceneSource source = SceneSource.read(file);
    String name = file.getFileName().toString().replaceFirst("\\..*", "");
    if (!source.cameras().isEmpty()) {
      return new SplatScene(name, source.scene(), source.cameras().getFirst());
    }
    return new SplatScene(name, source.scene(), facing(source.scene()));
  }

  /**
   * Balls on a ground, all surface, as scans of places are: {@code overlap} times as large as the
   * distance of neighbours.
   *
   * @param count how many Gaussians
   * @param overlap 1 as a fit begins
   * @return the scene
   */
  public static SplatScene procedural(int count, double overlap) {
    Random random = new Random(0);
    Gaussians scene = Gaussians.zeros(count, 0);
    double[][] balls = new double[BALLS][];
    double area = 4 * 4;
    for (int b = 0; b < BALLS; b++) {
      double radius = 0.05 + 0.2 * random.nextDouble();
      balls[b] =
          new double[] {
            3.6 * random.nextDouble() - 1.8, -radius, 3.6 * random.nextDouble() - 1.8, radius
          };
      area += 4 * Math.PI * radius * radius;
    }
    float logScale = (float) Math.log(overlap * Math.sqrt(area / count));
    for (int i = 0; i < count; i++) {
      place(scene.means(), 3 * i, balls, area, random);
      scene.quats()[4 * i] = 1;
      scene.logitOpacities()[i] = LOGIT_OPACITY;
      for (int k = 0; k < 3; k++) {
        scene.logScales()[3 * i + k] = logScale;
        double wave = Math.sin(9 * scene.means()[3 * i + k] + k) * 0.3;
        scene.sh()[3 * i + k] =
            (float) ((wave + 0.1 * random.nextGaussian()) / Gaussians.CONSTANT_HARMONIC);
      }
    }
    return new SplatScene("procedural", scene, facing(scene));
  }

  /** A point on the ground, y = 0, or on a ball, evenly by area. */
  private static void place(float[] means, int at, double[][] balls, double area, Random random) {
    double where = random.nextDouble() * area;
    for (double[] ball : balls) {
      double own = 4 * Math.PI * ball[3] * ball[3];
      if (where < own) {
        double[] d = {random.nextGaussian(), random.nextGaussian(), random.nextGaussian()};
        double length = Math.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
        for (int k = 0; k < 3; k++) {
          means[at + k] = (float) (ball[k] + ball[3] * d[k] / length);
        }
        return;
      }
      where -= own;
    }
    means[at] = (float) (4 * random.nextDouble() - 2);
    means[at + 2] = (float) (4 * random.nextDouble() - 2);
  }

  private static Camera facing(Gaussians scene) {
    Framing framing = Framing.of(scene);
    double[] c = framing.center();
    double r = framing.radius();
    return Camera.lookAt(
        CameraModel.PINHOLE,
        WIDTH,
        HEIGHT,
        Camera.focalLength(CameraModel.PINHOLE, HEIGHT, FIELD_OF_VIEW),
        new double[] {c[0] + 1.2 * r, c[1] - 0.9 * r, c[2] - 1.5 * r},
        c,
        Framing.defaultUp());
  }

  /**
   * The same place with more Gaussians, or the first of it with fewer: copies are moved by one
   * standard deviation at random.
   *
   * @param count how many Gaussians
   * @return the scene
   */
  public SplatScene withCount(int count) {
    Random random = new Random(0);
    Gaussians more = Gaussians.zeros(count, gaussians.shDegree());
    int row = 3 * gaussians.coefficients();
    for (int i = 0; i < count; i++) {
      int from = i % gaussians.count();
      System.arraycopy(gaussians.means(), 3 * from, more.means(), 3 * i, 3);
      System.arraycopy(gaussians.quats(), 4 * from, more.quats(), 4 * i, 4);
      System.arraycopy(gaussians.logScales(), 3 * from, more.logScales(), 3 * i, 3);
      System.arraycopy(gaussians.sh(), row * from, more.sh(), row * i, row);
      more.logitOpacities()[i] = gaussians.logitOpacities()[from];
      for (int k = 0; i >= gaussians.count() && k < 3; k++) {
        more.means()[3 * i + k] +=
            (float) (Math.exp(more.logScales()[3 * i + k]) * random.nextGaussian());
      }
    }
    return new SplatScene(name, more, camera);
  }

  /**
   * The same view with other pixels.
   *
   * @param width pixels
   * @param height pixels
   * @return the scene
   */
  public SplatScene at(int width, int height) {
    return new SplatScene(name, gaussians, camera.scaled(width, height));
  }

  /**
   * The same with larger Gaussians.
   *
   * @param factor of every scale
   * @return the scene
   */
  public SplatScene scaled(double factor) {
    float[] logScales = gaussians.logScales().clone();
    for (int i = 0; i < logScales.length; i++) {
      logScales[i] += (float) Math.log(factor);
    }
    Gaussians g = gaussians;
    return new SplatScene(
        name,
        new Gaussians(g.means(), g.quats(), logScales, g.logitOpacities(), g.sh(), g.shDegree()),
        camera);
  }

  /** The case's name, such as "garden n138766 648x420". */
  String label() {
    return "%s n%d %dx%d".formatted(name, gaussians.count(), camera.width(), camera.height());
  }
}

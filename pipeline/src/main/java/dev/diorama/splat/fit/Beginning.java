package dev.diorama.splat.fit;

import dev.diorama.splat.Gaussians;
import dev.diorama.splat.NearestNeighbours;
import dev.diorama.splat.data.PointCloud;
import dev.diorama.splat.fit.Draws.Purpose;
import java.util.SplittableRandom;

/** The Gaussians that a fit begins with: round, one at each point, as large as points are apart. */
final class Beginning {
  private static final int NEIGHBOURS = 3;

  private Beginning() {}

  static Gaussians of(PointCloud points, Extent extent, FitOptions options, Draws draws) {
    SplittableRandom random = draws.random(Purpose.BEGIN, 0);
    PointCloud cloud =
        points != null && points.count() > 0
            ? sample(points, options.densification().cap(), random)
            : scattered(extent, options, random);
    int n = cloud.count();
    Gaussians scene = Gaussians.zeros(n, options.shDegree());
    float[] distances = NearestNeighbours.meanDistances(cloud.positions(), NEIGHBOURS);
    double logit = Math.log(options.initialOpacity() / (1 - options.initialOpacity()));
    int stride = 3 * scene.coefficients();
    for (int i = 0; i < n; i++) {
      // All points in one place, or far apart: no Gaussian is larger than the scene.
      double size = distances[i] > 0 ? Math.min(distances[i], extent.radius()) : extent.radius();
      float logScale = (float) Math.log(size * options.initialScale());
      for (int axis = 0; axis < 3; axis++) {
        scene.means()[3 * i + axis] = cloud.positions()[3 * i + axis];
        scene.logScales()[3 * i + axis] = logScale;
        double colour = (cloud.colours()[3 * i + axis] & 0xff) / 255.0;
        scene.sh()[i * stride + axis] = (float) ((colour - 0.5) / Gaussians.CONSTANT_HARMONIC);
      }
      scene.quats()[4 * i] = 1;
      scene.logitOpacities()[i] = (float) logit;
    }
    return scene;
  }

  /** As many of the points as the cap allows, chosen at random (Floyd's reservoir). */
  private static PointCloud sample(PointCloud points, int most, SplittableRandom random) {
    if (points.count() <= most) {
      return points;
    }
    int[] kept = new int[most];
    for (int i = 0; i < points.count(); i++) {
      int slot = i < most ? i : random.nextInt(i + 1);
      if (slot < most) {
        kept[slot] = i;
      }
    }
    float[] positions = new float[3 * most];
    byte[] colours = new byte[3 * most];
    for (int i = 0; i < most; i++) {
      System.arraycopy(points.positions(), 3 * kept[i], positions, 3 * i, 3);
      System.arraycopy(points.colours(), 3 * kept[i], colours, 3 * i, 3);
    }
    return new PointCloud(positions, colours);
  }

  private static PointCloud scattered(Extent extent, FitOptions options, SplittableRandom random) {
    int n = Math.min(options.initialPoints(), options.densification().cap());
    float[] positions = new float[3 * n];
    byte[] colours = new byte[3 * n];
    for (int i = 0; i < 3 * n; i++) {
      double low = extent.low()[i % 3];
      positions[i] = (float) (low + (extent.high()[i % 3] - low) * random.nextDouble());
      colours[i] = (byte) random.nextInt(256);
    }
    return new PointCloud(positions, colours);
  }
}

package dev.diorama.splat.edit;

import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SceneException;

/**
 * Leaves out Gaussians that float in empty space: those that contribute to no solid voxel. A voxel
 * is solid when the Gaussians together make it opaque enough at its centre, 1 - prod(1 - alpha).
 */
public final class Floaters {
  /** Beyond this many standard deviations a Gaussian contributes nothing. */
  private static final double EXTENT = 3;

  /** Pairs of a Gaussian and a voxel; more would take minutes. */
  private static final double MAX_PAIRS = 2e9;

  private static final int MAX_VOXELS = 1 << 28;
  private static final int AXIS_BITS = 21;
  private static final long AXIS_HALF = 1L << AXIS_BITS - 1;

  private final double size;
  private final double opacity;
  private final double contribution;
  private VoxelMap voxels;

  private Floaters(double size, double opacity, double contribution) {
    this.size = size;
    this.opacity = opacity;
    this.contribution = contribution;
  }

  /**
   * Leaves floaters out.
   *
   * @param size the edge of a voxel, above 0, in the scene's unit
   * @param opacity from which a voxel is solid, above 0 and below 1
   * @param contribution the alpha at a solid voxel's centre that makes a Gaussian stay
   * @return the edit
   */
  public static Edit drop(double size, double opacity, double contribution) {
    if (!(size > 0) || !(opacity > 0 && opacity < 1) || !(contribution > 0 && contribution < 1)) {
      throw new IllegalArgumentException(
          "floaters take the size of a voxel, the opacity of a solid one and the least"
              + " contribution, such as 0.05,0.1,0.004");
    }
    return scene -> new Floaters(size, opacity, contribution).apply(scene);
  }

  private Gaussians apply(Gaussians given) throws SceneException {
    Gaussians scene = Filters.dropInvalid().apply(given);
    check(scene);
    voxels = new VoxelMap(MAX_VOXELS);
    for (int i = 0; i < scene.count(); i++) {
      visit(scene, i, this::add);
    }
    double solid = Math.log1p(-opacity);
    boolean[] keep = new boolean[scene.count()];
    for (int i = 0; i < keep.length; i++) {
      keep[i] = visit(scene, i, (key, alpha) -> alpha >= contribution && voxels.get(key) <= solid);
    }
    return Selection.filter(scene, i -> keep[i]);
  }

  private boolean add(long key, double alpha) throws SceneException {
    if (!voxels.add(key, (float) Math.log1p(-Math.min(alpha, 0.999)))) {
      throw tooSmall();
    }
    return false;
  }

  /** One voxel and a Gaussian's alpha at its centre; true ends the visit. */
  private interface Visitor {
    boolean visit(long key, double alpha) throws SceneException;
  }

  /** Whether the visitor ended it. */
  private boolean visit(Gaussians scene, int i, Visitor visitor) throws SceneException {
    double[] covariance = Covariance.of(scene.quats(), scene.logScales(), i);
    double[] inverse = inverse(covariance, size);
    double alpha = 1 / (1 + Math.exp(-scene.logitOpacities()[i]));
    if (alpha < contribution) {
      return false;
    }
    int[] low = new int[3];
    int[] high = new int[3];
    for (int k = 0; k < 3; k++) {
      double reach = EXTENT * Math.sqrt(covariance[4 * k]) + size / 2;
      low[k] = (int) Math.floor((scene.means()[3 * i + k] - reach) / size);
      high[k] = (int) Math.floor((scene.means()[3 * i + k] + reach) / size);
    }
    for (int z = low[2]; z <= high[2]; z++) {
      double dz = (z + 0.5) * size - scene.means()[3 * i + 2];
      for (int y = low[1]; y <= high[1]; y++) {
        double dy = (y + 0.5) * size - scene.means()[3 * i + 1];
        for (int x = low[0]; x <= high[0]; x++) {
          double dx = (x + 0.5) * size - scene.means()[3 * i];
          double power =
              inverse[0] * dx * dx
                  + inverse[4] * dy * dy
                  + inverse[8] * dz * dz
                  + 2 * (inverse[1] * dx * dy + inverse[2] * dx * dz + inverse[5] * dy * dz);
          if (power <= EXTENT * EXTENT
              && visitor.visit(key(x, y, z), alpha * Math.exp(-0.5 * power))) {
            return true;
          }
        }
      }
    }
    return false;
  }

  private void check(Gaussians scene) throws SceneException {
    double pairs = 0;
    for (int i = 0; i < scene.count(); i++) {
      double[] covariance = Covariance.of(scene.quats(), scene.logScales(), i);
      double box = 1;
      for (int k = 0; k < 3; k++) {
        double reach = EXTENT * Math.sqrt(covariance[4 * k]) + size / 2;
        box *= 2 * reach / size + 1;
        double farthest = Math.abs(scene.means()[3 * i + k]) + reach;
        if (!(farthest / size < AXIS_HALF - 1)) {
          throw tooSmall();
        }
      }
      pairs += box;
    }
    if (!(pairs <= MAX_PAIRS)) {
      throw tooSmall();
    }
  }

  private SceneException tooSmall() {
    return new SceneException(
        "voxels of %s are too small for the extent of this scene; give larger ones, such as %s"
            .formatted(size, size * 4));
  }

  private static long key(int x, int y, int z) {
    return (x + AXIS_HALF) << 2 * AXIS_BITS | (y + AXIS_HALF) << AXIS_BITS | (z + AXIS_HALF);
  }

  /**
   * The inverse, with the voxel's own variance added: a Gaussian thinner than a voxel would pass
   * between the centres.
   */
  private static double[] inverse(double[] c, double size) {
    double own = size * size / 12;
    double a = c[0] + own;
    double d = c[4] + own;
    double f = c[8] + own;
    double b = c[1];
    double e = c[2];
    double g = c[5];
    double ia = d * f - g * g;
    double ib = e * g - b * f;
    double ie = b * g - d * e;
    double scale = 1 / (a * ia + b * ib + e * ie);
    return new double[] {
      scale * ia, scale * ib, scale * ie,
      scale * ib, scale * (a * f - e * e), scale * (b * e - a * g),
      scale * ie, scale * (b * e - a * g), scale * (a * d - b * b)
    };
  }
}

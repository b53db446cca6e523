package dev.diorama.splat.edit;

import dev.diorama.splat.Gaussians;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;

/** Takes rows of scenes. */
public final class Selection {
  private Selection() {}

  /**
   * Some Gaussians of a scene, in the order asked for.
   *
   * @param scene where from
   * @param rows their places
   * @return a new scene
   */
  public static Gaussians take(Gaussians scene, int[] rows) {
    Gaussians taken = Gaussians.zeros(rows.length, scene.shDegree());
    for (int to = 0; to < rows.length; to++) {
      copy(scene, rows[to], taken, to);
    }
    return taken;
  }

  /**
   * The Gaussians that a test keeps, in their order.
   *
   * @param scene where from
   * @param keep asked with each one's place
   * @return the same scene when all are kept
   */
  public static Gaussians filter(Gaussians scene, IntPredicate keep) {
    int[] rows = new int[scene.count()];
    int kept = 0;
    for (int i = 0; i < rows.length; i++) {
      if (keep.test(i)) {
        rows[kept++] = i;
      }
    }
    return kept == rows.length ? scene : take(scene, Arrays.copyOf(rows, kept));
  }

  /**
   * Several scenes as one, at the highest degree among them.
   *
   * @param scenes at least one
   * @return the first itself when there is one
   */
  public static Gaussians concatenate(List<Gaussians> scenes) {
    if (scenes.size() == 1) {
      return scenes.getFirst();
    }
    long count = scenes.stream().mapToLong(Gaussians::count).sum();
    int degree = scenes.stream().mapToInt(Gaussians::shDegree).max().orElseThrow();
    Gaussians all = Gaussians.zeros(Math.toIntExact(count), degree);
    int to = 0;
    for (Gaussians scene : scenes) {
      for (int from = 0; from < scene.count(); from++) {
        copy(scene, from, all, to++);
      }
    }
    return all;
  }

  /** Coefficients that the target lacks are left out, those that the source lacks stay 0. */
  static void copy(Gaussians source, int from, Gaussians target, int to) {
    System.arraycopy(source.means(), 3 * from, target.means(), 3 * to, 3);
    System.arraycopy(source.quats(), 4 * from, target.quats(), 4 * to, 4);
    System.arraycopy(source.logScales(), 3 * from, target.logScales(), 3 * to, 3);
    target.logitOpacities()[to] = source.logitOpacities()[from];
    int sourceRow = 3 * source.coefficients();
    int targetRow = 3 * target.coefficients();
    System.arraycopy(
        source.sh(), sourceRow * from, target.sh(), targetRow * to, Math.min(sourceRow, targetRow));
  }
}

package dev.diorama.splat.edit;

import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SpatialOrder;
import java.util.Arrays;
import java.util.stream.IntStream;

/** Order along Morton's curve: what is near in space becomes near in memory. */
public final class Morton {

  private Morton() {}

  /**
   * Sorts a scene by {@link SpatialOrder}. Positions that are not finite come last.
   *
   * @return the edit
   */
  public static Edit order() {
    return scene -> {
      int[] placed = rows(scene, true);
      Gaussians there = Selection.take(scene, placed);
      int[] order = SpatialOrder.of(there.means());
      return Selection.take(
          scene,
          IntStream.concat(
                  Arrays.stream(order).map(i -> placed[i]), Arrays.stream(rows(scene, false)))
              .toArray());
    };
  }

  private static int[] rows(Gaussians scene, boolean finite) {
    float[] m = scene.means();
    return IntStream.range(0, scene.count())
        .filter(i -> finite == Float.isFinite(m[3 * i] + m[3 * i + 1] + m[3 * i + 2]))
        .toArray();
  }
}

package dev.diorama.splat;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * An order in which neighbours in space are neighbours in the file: along Morton's curve (1966),
 * which interleaves the bits of the three coordinates. Cells that hold too many Gaussians are
 * ordered within once more, as scenes have few Gaussians far out and most within a small part of
 * their box.
 */
public final class SpatialOrder {
  private static final int BITS = 10;
  private static final int INDEX_BITS = Integer.SIZE - 1;
  private static final int CELL = 256;
  private static final int MAX_DEPTH = 8;

  private final float[] means;
  private final long[] keys;

  private SpatialOrder(float[] means) {
    this.means = means;
    this.keys = new long[means.length / 3];
  }

  /**
   * Orders positions.
   *
   * @param means [N, 3], finite
   * @return which Gaussian comes first, second and so on
   */
  public static int[] of(float[] means) {
    SpatialOrder order = new SpatialOrder(means);
    Arrays.setAll(order.keys, i -> i);
    order.sort(0, order.keys.length, 0);
    return IntStream.range(0, order.keys.length).parallel().map(order::index).toArray();
  }

  private int index(int at) {
    return (int) (keys[at] & ((1L << INDEX_BITS) - 1));
  }

  private void sort(int from, int to, int depth) {
    if (to - from < 2) {
      return;
    }
    double[] low = new double[3];
    double[] scale = new double[3];
    box(from, to, low, scale);
    IntStream.range(from, to)
        .parallel()
        .forEach(at -> keys[at] = code(index(at), low, scale) << INDEX_BITS | index(at));
    Arrays.parallelSort(keys, from, to);
    if (depth == MAX_DEPTH) {
      return;
    }
    int start = from;
    for (int at = from + 1; at <= to; at++) {
      if (at == to || keys[at] >>> INDEX_BITS != keys[start] >>> INDEX_BITS) {
        if (at - start > CELL && at - start < to - from) {
          sort(start, at, depth + 1);
        }
        start = at;
      }
    }
  }

  private void box(int from, int to, double[] low, double[] scale) {
    for (int axis = 0; axis < 3; axis++) {
      double min = Double.POSITIVE_INFINITY;
      double max = Double.NEGATIVE_INFINITY;
      for (int at = from; at < to; at++) {
        double value = means[3 * index(at) + axis];
        min = Math.min(min, value);
        max = Math.max(max, value);
      }
      low[axis] = min;
      scale[axis] = max > min ? ((1 << BITS) - 1) / (max - min) : 0;
    }
  }

  private long code(int i, double[] low, double[] scale) {
    long code = 0;
    for (int axis = 0; axis < 3; axis++) {
      int cell = (int) ((means[3 * i + axis] - low[axis]) * scale[axis]);
      code |= spread(cell) << axis;
    }
    return code;
  }

  /** Puts two zeros before each of 10 bits. */
  private static long spread(int cell) {
    int x = cell;
    x = (x | x << 16) & 0x030000ff;
    x = (x | x << 8) & 0x0300f00f;
    x = (x | x << 4) & 0x030c30c3;
    return (x | x << 2) & 0x09249249;
  }
}

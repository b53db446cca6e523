package dev.diorama.splat.format;

import java.util.Arrays;

/**
 * 256 levels that stand for many numbers: one-dimensional k-means by Lloyd's iteration (Lloyd 1982)
 * over the sorted values, whose prefix sums give every cell's mean in constant time.
 */
final class Codebook {

  /** How many levels there are: an index is one byte. */
  static final int SIZE = 256;

  private static final int ITERATIONS = 64;
  private static final int CAPPING_PASSES = 6;

  private final float[] levels;

  private Codebook(float[] levels) {
    this.levels = levels;
  }

  /**
   * The levels for some values.
   *
   * @param values at least one, all finite
   * @return levels that the values lie close to
   */
  static Codebook of(float[] values) {
    float[] sorted = values.clone();
    Arrays.parallelSort(sorted);
    float[] distinct = distinct(sorted);
    if (distinct != null) {
      return new Codebook(distinct);
    }
    float[] levels = start(sorted);
    double[] sums = new double[sorted.length + 1];
    for (int i = 0; i < sorted.length; i++) {
      sums[i + 1] = sums[i] + sorted[i];
    }
    boolean better = true;
    for (int i = 0; i < ITERATIONS && better; i++) {
      better = improve(levels, sorted, sums);
    }
    return new Codebook(levels);
  }

  /** The values themselves, the last repeated, or null when there are more than fit. */
  private static float[] distinct(float[] sorted) {
    float[] levels = new float[SIZE];
    int count = 0;
    for (int i = 0; i < sorted.length; i++) {
      if (i == 0 || sorted[i] != sorted[i - 1]) {
        if (count == SIZE) {
          return null;
        }
        levels[count++] = sorted[i];
      }
    }
    Arrays.fill(levels, count, SIZE, levels[count - 1]);
    return levels;
  }

  /**
   * Levels in the density that is best for many of them, the cube root of the values' (Panter and
   * Dite 1951): a gap between neighbours gets gap^(2/3), but never more than one level, as there is
   * nothing inside it.
   */
  private static float[] start(float[] sorted) {
    double[] weights = new double[sorted.length];
    for (int i = 1; i < sorted.length; i++) {
      double gap = sorted[i] - (double) sorted[i - 1];
      weights[i] = Math.cbrt(gap * gap);
    }
    double total = 0;
    for (int pass = 0; pass < CAPPING_PASSES; pass++) {
      double cap = pass == 0 ? Double.POSITIVE_INFINITY : total / SIZE;
      total = 0;
      for (int i = 1; i < sorted.length; i++) {
        weights[i] = Math.min(weights[i], cap);
        total += weights[i];
      }
    }
    float[] levels = new float[SIZE];
    int right = 1;
    double before = 0;
    for (int i = 0; i < SIZE; i++) {
      double at = (i + 0.5) / SIZE * total;
      while (right < sorted.length - 1 && before + weights[right] < at) {
        before += weights[right++];
      }
      double share = Math.min((at - before) / weights[right], 1);
      levels[i] =
          (float) (sorted[right - 1] + share * (sorted[right] - (double) sorted[right - 1]));
    }
    return levels;
  }

  /** Moves each level to the mean of its cell; a level without values stays. */
  private static boolean improve(float[] levels, float[] sorted, double[] sums) {
    boolean changed = false;
    int from = 0;
    for (int i = 0; i < SIZE; i++) {
      int to =
          i + 1 < SIZE ? firstAbove(sorted, from, middle(levels[i], levels[i + 1])) : sorted.length;
      if (to > from) {
        float mean = (float) ((sums[to] - sums[from]) / (to - from));
        changed |= mean != levels[i];
        levels[i] = mean;
      }
      from = to;
    }
    return changed;
  }

  private static float middle(float a, float b) {
    return (float) ((a + (double) b) / 2);
  }

  private static int firstAbove(float[] sorted, int from, float limit) {
    int low = from;
    int high = sorted.length;
    while (low < high) {
      int mid = (low + high) >>> 1;
      if (sorted[mid] > limit) {
        high = mid;
      } else {
        low = mid + 1;
      }
    }
    return low;
  }

  /**
   * The levels.
   *
   * @return [SIZE] in ascending order; not a copy
   */
  float[] levels() {
    return levels;
  }

  /**
   * The level closest to a value.
   *
   * @param value finite
   * @return its index, 0 to 255
   */
  int nearest(float value) {
    int at = Arrays.binarySearch(levels, value);
    if (at >= 0) {
      return at;
    }
    int above = -at - 1;
    if (above == 0) {
      return 0;
    }
    if (above == SIZE) {
      return SIZE - 1;
    }
    return value - (double) levels[above - 1] <= levels[above] - (double) value ? above - 1 : above;
  }
}

package dev.diorama.splat.edit;

import dev.diorama.splat.Gaussians;

/** Order along the Z-order curve: what is near in space becomes near in memory. */
public final class Morton {
  private static final int BITS = 21;

  private Morton() {}

  /**
   * Sorts a scene along the Z-order curve through its bounding box. Positions that are not finite
   * come last.
   *
   * @return the edit
   */
  public static Edit order() {
    return scene -> Rows.take(scene, order(scene));
  }

  /** The places of the Gaussians along the curve. */
  static int[] order(Gaussians scene) {
    int n = scene.count();
    float[] means = scene.means();
    double[] low = {Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY};
    double[] high = {Double.NEGATIVE_INFINITY, Double.NEGATIVE_INFINITY, Double.NEGATIVE_INFINITY};
    for (int i = 0; i < means.length; i++) {
      if (Float.isFinite(means[i])) {
        low[i % 3] = Math.min(low[i % 3], means[i]);
        high[i % 3] = Math.max(high[i % 3], means[i]);
      }
    }
    double extent = 1e-30;
    for (int k = 0; k < 3; k++) {
      extent = Math.max(extent, high[k] - low[k]);
    }
    double scale = ((1 << BITS) - 1) / extent;
    long[] codes = new long[n];
    for (int i = 0; i < n; i++) {
      long code = 0;
      for (int k = 0; k < 3; k++) {
        float value = means[3 * i + k];
        code |= Float.isFinite(value) ? spread((long) ((value - low[k]) * scale)) << k : 1L << 62;
      }
      codes[i] = code;
    }
    return sorted(codes);
  }

  /** Two zero bits between any two of 21 bits. */
  private static long spread(long v) {
    long x = v & 0x1fffff;
    x = (x | x << 32) & 0x1f00000000ffffL;
    x = (x | x << 16) & 0x1f0000ff0000ffL;
    x = (x | x << 8) & 0x100f00f00f00f00fL;
    x = (x | x << 4) & 0x10c30c30c30c30c3L;
    return (x | x << 2) & 0x1249249249249249L;
  }

  /** A stable radix sort of places by their non-negative codes. */
  private static int[] sorted(long[] codes) {
    int digits = 11;
    int[] from = new int[codes.length];
    int[] to = new int[codes.length];
    for (int i = 0; i < from.length; i++) {
      from[i] = i;
    }
    for (int shift = 0; shift < 63; shift += digits) {
      int[] starts = new int[(1 << digits) + 1];
      for (long code : codes) {
        starts[(int) (code >>> shift & (1 << digits) - 1) + 1]++;
      }
      for (int d = 0; d < 1 << digits; d++) {
        starts[d + 1] += starts[d];
      }
      for (int i : from) {
        to[starts[(int) (codes[i] >>> shift & (1 << digits) - 1)]++] = i;
      }
      int[] swap = from;
      from = to;
      to = swap;
    }
    return from;
  }
}

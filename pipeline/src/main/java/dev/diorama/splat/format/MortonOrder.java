package dev.diorama.splat.format;

import java.util.Arrays;

/** The order along Morton's curve: what is close in space comes close in the file. */
final class MortonOrder {
  private static final int AXIS_BITS = 11;
  private static final int INDEX_BITS = 30;

  private MortonOrder() {}

  /**
   * Sorts points.
   *
   * @param cells [N, 3] coordinates of 16 bits; the upper 11 count
   * @return [N] the indices of the points in order
   */
  static int[] of(char[] cells) {
    int n = cells.length / 3;
    long[] keys = new long[n];
    for (int i = 0; i < n; i++) {
      long code =
          spread(cells[3 * i]) | spread(cells[3 * i + 1]) << 1 | spread(cells[3 * i + 2]) << 2;
      keys[i] = code << INDEX_BITS | i;
    }
    Arrays.parallelSort(keys);
    int[] order = new int[n];
    for (int i = 0; i < n; i++) {
      order[i] = (int) (keys[i] & (1L << INDEX_BITS) - 1);
    }
    return order;
  }

  /** Two zeros between any two bits; 33 bits and the index's 30 leave the sign alone. */
  private static long spread(char cell) {
    long bits = cell >> Character.SIZE - AXIS_BITS;
    bits = (bits | bits << 16) & 0x00ff0000ffL;
    bits = (bits | bits << 8) & 0xf00f00f00fL;
    bits = (bits | bits << 4) & 0xc30c30c30c3L;
    return (bits | bits << 2) & 0x249249249249L;
  }
}

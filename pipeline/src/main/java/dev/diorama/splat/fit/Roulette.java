package dev.diorama.splat.fit;

import java.util.Arrays;
import java.util.SplittableRandom;

/** Draws indices with given weights. */
final class Roulette {
  private final double[] sums;

  /** Weights of at least 0. */
  Roulette(double[] weights) {
    sums = weights.clone();
    Arrays.parallelPrefix(sums, Double::sum);
  }

  double total() {
    return sums.length == 0 ? 0 : sums[sums.length - 1];
  }

  /** An index whose weight is above 0; the total must be. */
  int draw(SplittableRandom random) {
    double ball = random.nextDouble() * total();
    int low = 0;
    int high = sums.length - 1;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (sums[middle] > ball) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }
}

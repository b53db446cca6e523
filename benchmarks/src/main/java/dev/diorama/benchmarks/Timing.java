package dev.diorama.benchmarks;

import java.util.Arrays;

/**
 * Times of one piece of work, in milliseconds.
 *
 * @param median median of the counted runs
 * @param min fastest
 * @param max slowest
 */
public record Timing(double median, double min, double max) {

  /** Two runs uncounted, then {@code repeats} counted ones. */
  public static Timing of(Runnable work, int repeats) {
    work.run();
    work.run();
    double[] times = new double[repeats];
    for (int i = 0; i < repeats; i++) {
      long start = System.nanoTime();
      work.run();
      times[i] = (System.nanoTime() - start) / 1e6;
    }
    Arrays.sort(times);
    double median =
        repeats % 2 == 1 ? times[repeats / 2] : (times[repeats / 2 - 1] + times[repeats / 2]) / 2;
    return new Timing(median, times[0], times[repeats - 1]);
  }
}

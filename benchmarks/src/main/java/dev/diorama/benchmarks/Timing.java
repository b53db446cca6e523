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

  /**
   * Launches shorter than this are timed several at once, so that waiting for them counts little.
   */
  private static final double SAMPLE_MS = 10;

  /**
   * Work on a device, which goes on after its call has returned: each sample is as many calls as
   * last some milliseconds, and a wait.
   */
  public static Timing onDevice(Runnable work, Runnable wait, int repeats) {
    work.run();
    wait.run();
    int calls = 1;
    double sample = sample(work, wait, calls);
    while (sample < SAMPLE_MS / 2 && calls < 4096) {
      calls *= 2;
      sample = sample(work, wait, calls);
    }
    double[] times = new double[repeats];
    for (int i = 0; i < repeats; i++) {
      times[i] = sample(work, wait, calls) / calls;
    }
    return of(times);
  }

  private static double sample(Runnable work, Runnable wait, int calls) {
    long start = System.nanoTime();
    for (int i = 0; i < calls; i++) {
      work.run();
    }
    wait.run();
    return (System.nanoTime() - start) / 1e6;
  }

  /** Two runs uncounted, then {@code repeats} counted ones. */
  public static Timing of(Runnable work, int repeats) {
    return of(turn(work, 2, repeats));
  }

  /** Milliseconds of each counted run. */
  static double[] turn(Runnable work, int uncounted, int repeats) {
    for (int i = 0; i < uncounted; i++) {
      work.run();
    }
    double[] times = new double[repeats];
    for (int i = 0; i < repeats; i++) {
      long start = System.nanoTime();
      work.run();
      times[i] = (System.nanoTime() - start) / 1e6;
    }
    return times;
  }

  static Timing of(double[] times) {
    int repeats = times.length;
    Arrays.sort(times);
    double median =
        repeats % 2 == 1 ? times[repeats / 2] : (times[repeats / 2 - 1] + times[repeats / 2]) / 2;
    return new Timing(median, times[0], times[repeats - 1]);
  }
}

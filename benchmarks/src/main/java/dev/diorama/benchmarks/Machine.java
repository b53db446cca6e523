package dev.diorama.benchmarks;

import dev.diorama.Backend;
import dev.diorama.BackendInfo;
import dev.diorama.Context;

/**
 * The machine's own rates, measured: what a floor is divided by.
 *
 * @param processor processor and instruction set
 * @param threads threads the kernels use
 * @param flops f32 operations per second of independent fused multiply-adds on those threads
 * @param bytesPerSecond read plus write rate of a copy far larger than the caches
 */
public record Machine(String processor, int threads, double flops, double bytesPerSecond) {
  private static final double SECONDS = 0.5;

  /** Measures both rates; takes about a second. */
  public static Machine measure(Context context, int threads) {
    String name = context.backend().name().split(":", 2)[0];
    String processor =
        Backend.list().stream()
            .filter(info -> info.name().equals(name))
            .map(BackendInfo::description)
            .findFirst()
            .orElse(name);
    return new Machine(
        processor, threads, context.measureFlops(SECONDS), context.measureBandwidth(SECONDS));
  }

  /** Milliseconds below which this work can't be done here. */
  public double floorMs(double operations, double bytes) {
    return 1e3 * Math.max(operations / flops, bytes / bytesPerSecond);
  }
}

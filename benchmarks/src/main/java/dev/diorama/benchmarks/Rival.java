package dev.diorama.benchmarks;

import java.util.Optional;

/** What a user would run instead, measured in the same run. */
public interface Rival {

  /**
   * Measures a case.
   *
   * @return the median in milliseconds; empty when it has no such case
   */
  Optional<Double> measure(String operation, String name, int repeats);

  /** Its name and version. */
  String version();
}

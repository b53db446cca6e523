package dev.diorama.benchmarks;

import java.util.Optional;

/** What a user would run instead, measured in the same run. */
public interface Rival {

  /**
   * Measures a case; the same case again goes on with the same inputs.
   *
   * @return milliseconds of the counted runs, or their median alone; empty when it has no such case
   */
  Optional<double[]> measure(String operation, String name, int repeats);

  /** Its name and version. */
  String version();
}

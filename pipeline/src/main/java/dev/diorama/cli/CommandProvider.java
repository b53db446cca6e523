package dev.diorama.cli;

import java.util.List;

/**
 * Adds commands to the command line from another module, found by {@link java.util.ServiceLoader}:
 * {@code bench} and {@code check} come from {@code dev.diorama:diorama-benchmarks}.
 */
public interface CommandProvider {

  /**
   * The commands to add.
   *
   * @return objects annotated with picocli's {@code @Command} that are {@code Callable<Integer>};
   *     the number is the exit code
   */
  List<Object> commands();
}

package dev.diorama.benchmarks;

import dev.diorama.cli.CommandProvider;
import java.util.List;

/** Gives {@code bench} and {@code check} to the command line. */
public final class BenchmarkCommands implements CommandProvider {

  /** Made by the service loader. */
  public BenchmarkCommands() {}

  @Override
  public List<Object> commands() {
    return List.of(new BenchCommand(), new CheckCommand());
  }
}

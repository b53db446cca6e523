package dev.diorama.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** Stands where a command of another module would be, and says how to get that module. */
final class AbsentCommand implements Callable<Integer> {
  private final String name;

  private AbsentCommand(String name) {
    this.name = name;
  }

  static CommandSpec spec(String name, String purpose) {
    CommandSpec spec = CommandSpec.wrapWithoutInspection(new AbsentCommand(name));
    spec.name(name).mixinStandardHelpOptions(true);
    spec.usageMessage().description(purpose + " (needs dev.diorama:diorama-benchmarks)");
    spec.parser().unmatchedOptionsArePositionalParams(true);
    spec.addPositional(
        PositionalParamSpec.builder().arity("0..*").type(String[].class).hidden(true).build());
    return spec;
  }

  @Override
  public Integer call() {
    throw new UsageException(
        "the command %s is in another module: put dev.diorama:diorama-benchmarks on the class path"
            .formatted(name));
  }
}

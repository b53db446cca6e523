package dev.diorama.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceLoader;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/**
 * The command line: {@code diorama <command>}. Results go to stdout, everything else to stderr; the
 * exit code is 0 when done, 1 when something failed, 2 when the command was not understood, 130
 * when interrupted.
 */
@Command(
    name = "diorama",
    description = "Prompt to video on the JVM, and scenes of Gaussian splats.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    subcommands = {
      VideoCommand.class,
      RenderCommand.class,
      FitCommand.class,
      ConvertCommand.class,
      InfoCommand.class
    },
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "Exit code: 0 done, 1 failed, 2 wrong usage.",
      "In a clone, ./diorama test builds and tests everything."
    })
public final class Diorama implements Runnable {
  static final int USAGE = 2;

  /** Commands of the benchmarks module and what stands in for them. */
  private static final Map<String, String> ELSEWHERE =
      Map.of("bench", "measures the kernels", "check", "tests and times one operation");

  @Option(
      names = "--verbose",
      scope = ScopeType.INHERIT,
      description = "Show logs, and where an error came from.")
  private boolean verbose;

  @Spec private CommandSpec spec;

  /**
   * Runs a command and ends the JVM with its exit code.
   *
   * @param arguments the command and its options
   */
  public static void main(String[] arguments) {
    Locale.setDefault(Locale.ROOT);
    System.setProperty("java.awt.headless", "true");
    System.setProperty("logback.configurationFile", "dev/diorama/cli/logback.xml");
    if (Arrays.asList(arguments).contains("--verbose")) {
      System.setProperty("diorama.log.level", "DEBUG");
    }
    System.setOut(utf8(FileDescriptor.out));
    System.setErr(utf8(FileDescriptor.err));
    int code;
    try {
      code = commandLine().execute(Arguments.asTyped(arguments));
    } catch (Error e) {
      code = Failures.report(e, arguments);
    } finally {
      Interruption.finished();
    }
    System.exit(code);
  }

  private static PrintStream utf8(FileDescriptor descriptor) {
    return new PrintStream(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
  }

  static CommandLine commandLine() {
    CommandLine line = new CommandLine(new Diorama());
    for (CommandProvider provider : ServiceLoader.load(CommandProvider.class)) {
      provider.commands().forEach(line::addSubcommand);
    }
    ELSEWHERE.forEach((name, purpose) -> {
      if (!line.getSubcommands().containsKey(name)) {
        line.addSubcommand(name, AbsentCommand.spec(name, purpose));
      }
    });
    Failures failures = new Failures();
    return line.setExpandAtFiles(false)
        .setOut(new PrintWriter(System.out, true))
        .setErr(new PrintWriter(System.err, true))
        .setUsageHelpAutoWidth(true)
        .setParameterExceptionHandler(failures)
        .setExecutionExceptionHandler(failures);
  }

  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "which command?");
  }
}

package dev.diorama.cli;

import dev.diorama.DioramaException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.concurrent.CancellationException;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * Turns every exception into one sentence on stderr and an exit code; --verbose adds the stack
 * trace.
 */
final class Failures implements IParameterExceptionHandler, IExecutionExceptionHandler {
  private static final int FAILED = 1;
  private static final int INTERRUPTED = 130;

  @Override
  public int handleParseException(ParameterException e, String[] arguments) {
    CommandLine line = e.getCommandLine();
    say(line, e.getMessage());
    line.getErr().println("Try: %s --help".formatted(line.getCommandSpec().qualifiedName()));
    trace(line, e, List.of(arguments).contains("--verbose"));
    return Diorama.USAGE;
  }

  @Override
  public int handleExecutionException(Exception e, CommandLine line, ParseResult parsed) {
    boolean verbose = parsed.originalArgs().contains("--verbose");
    if (e instanceof ParameterException wrong) {
      return handleParseException(wrong, parsed.originalArgs().toArray(String[]::new));
    }
    if (e instanceof CancellationException) {
      say(line, "stopped");
      return INTERRUPTED;
    }
    say(line, sentence(e, verbose));
    trace(line, e, verbose);
    return e instanceof UsageException ? Diorama.USAGE : FAILED;
  }

  /** Reports what picocli does not catch, such as a full heap or a library that does not load. */
  static int report(Error e, String[] arguments) {
    boolean verbose = List.of(arguments).contains("--verbose");
    System.err.println(
        "diorama: "
            + (e instanceof OutOfMemoryError
                ? "Java's memory is full: give it more with DIORAMA_JAVA_OPTIONS=-Xmx8g"
                : fault(e, verbose)));
    if (verbose) {
      e.printStackTrace();
    }
    return FAILED;
  }

  private static String sentence(Exception e, boolean verbose) {
    String message =
        switch (e) {
          case NoSuchFileException file -> file.getFile() + " does not exist";
          case AccessDeniedException file -> file.getFile() + ": permission denied";
          default -> e.getMessage();
        };
    boolean meant =
        e instanceof UsageException || e instanceof IOException || e instanceof DioramaException;
    if (message != null && meant) {
      return message.lines().findFirst().orElse("");
    }
    return fault(e, verbose);
  }

  private static String fault(Throwable e, boolean verbose) {
    String hint = verbose ? "" : " (--verbose shows where)";
    return "a fault of ours: " + String.valueOf(e).lines().findFirst().orElse("") + hint;
  }

  private static void say(CommandLine line, String message) {
    line.getErr().println("diorama: " + message);
  }

  private static void trace(CommandLine line, Exception e, boolean verbose) {
    if (verbose) {
      PrintWriter err = line.getErr();
      e.printStackTrace(err);
      err.flush();
    }
  }
}

package dev.diorama.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** What the command line did in a JVM of its own. */
record CommandRun(int code, String out, String err) {
  private static final int PATIENCE_MINUTES = 5;

  /** Runs a command in a folder. */
  static CommandRun of(Path folder, String... arguments) throws IOException, InterruptedException {
    return of(folder, Map.of(), arguments);
  }

  static CommandRun of(Path folder, Map<String, String> environment, String... arguments)
      throws IOException, InterruptedException {
    Path out = Files.createTempFile("out", ".txt");
    Path err = Files.createTempFile("err", ".txt");
    try {
      Process process = start(folder, environment, out, err, List.of(arguments));
      if (!process.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES)) {
        process.destroyForcibly();
        throw new IOException("no end after " + PATIENCE_MINUTES + " minutes: " + text(err));
      }
      return new CommandRun(process.exitValue(), text(out), text(err));
    } finally {
      Files.delete(out);
      Files.delete(err);
    }
  }

  static Process start(
      Path folder, Map<String, String> environment, Path out, Path err, List<String> arguments)
      throws IOException {
    List<String> command = new ArrayList<>(java());
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().put("OMP_NUM_THREADS", "2");
    builder.environment().putAll(environment);
    return builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
  }

  /** The start of every command: Java, its options and the main class. */
  static List<String> java() {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("--sun-misc-unsafe-memory-access=allow");
    command.add("-XX:TieredStopAtLevel=1");
    for (String property : new String[] {"diorama.home", "diorama.library.path"}) {
      String value = System.getProperty(property);
      if (value != null) {
        command.add("-D" + property + "=" + Path.of(value).toAbsolutePath().normalize());
      }
    }
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(Diorama.class.getName());
    return command;
  }

  private static String text(Path file) throws IOException {
    return Files.readString(file, StandardCharsets.UTF_8);
  }
}

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
  private static final String HOME = "diorama.home";

  /** Runs a command in a folder. */
  static CommandRun of(Path folder, String... arguments) throws IOException, InterruptedException {
    return run(folder, Map.of(), java(true), arguments);
  }

  /** The same outside of a clone, with a cache of its own. */
  static CommandRun withoutHome(Path folder, Path cache, String... arguments)
      throws IOException, InterruptedException {
    return run(folder, Map.of("XDG_CACHE_HOME", cache.toString()), java(false), arguments);
  }

  private static CommandRun run(
      Path folder, Map<String, String> environment, List<String> java, String... arguments)
      throws IOException, InterruptedException {
    Path out = Files.createTempFile("out", ".txt");
    Path err = Files.createTempFile("err", ".txt");
    try {
      List<String> command = new ArrayList<>(java);
      command.addAll(List.of(arguments));
      Process process = start(folder, environment, out, err, command);
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

  /** Starts a command and does not wait for it. */
  static Process start(Path folder, Path out, Path err, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(java(true));
    command.addAll(List.of(arguments));
    return start(folder, Map.of(), out, err, command);
  }

  private static Process start(
      Path folder, Map<String, String> environment, Path out, Path err, List<String> command)
      throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().put("OMP_NUM_THREADS", "2");
    builder.environment().put("GOMP_SPINCOUNT", "1000");
    builder.environment().putAll(environment);
    return builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
  }

  /** The start of every command: Java, its options and the main class. */
  static List<String> java(boolean inClone) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("--sun-misc-unsafe-memory-access=allow");
    command.add("-XX:TieredStopAtLevel=1");
    addProperty("diorama.library.path", command);
    if (inClone) {
      addProperty(HOME, command);
    }
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(Diorama.class.getName());
    return command;
  }

  private static void addProperty(String name, List<String> command) {
    String value = System.getProperty(name);
    if (value != null) {
      command.add("-D" + name + "=" + Path.of(value).toAbsolutePath().normalize());
    }
  }

  private static String text(Path file) throws IOException {
    return Files.readString(file, StandardCharsets.UTF_8);
  }
}

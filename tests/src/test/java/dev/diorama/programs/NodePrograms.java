package dev.diorama.programs;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Programs that npm brings, in the versions of a lock file. Installed once into the build folder;
 * where there is no npm, or it has no network, tests are skipped and say so.
 */
final class NodePrograms {
  private static final int INSTALL_SECONDS = 300;
  private static final int RUN_SECONDS = 240;

  private final Path folder;

  private NodePrograms(Path folder) {
    this.folder = folder;
  }

  /** What a program printed, and whether it was content. */
  record Outcome(int status, String output, String errors) {}

  /**
   * Installs what a folder of the repository asks for.
   *
   * @param source holds package.json, package-lock.json and scripts
   */
  static NodePrograms install(String source) throws IOException {
    assumeTrue(runs("node") && runs("npm"), "Node.js with npm is absent");
    Path root = Path.of(System.getProperty("diorama.home", "..")).toAbsolutePath().normalize();
    Path from = root.resolve(source);
    Path folder = root.resolve("build/npm").resolve(key(from.resolve("package-lock.json")));
    Files.createDirectories(folder);
    try (FileChannel lock =
            FileChannel.open(
                folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock held = lock.lock()) {
      assumeTrue(held.isValid());
      try (Stream<Path> files = Files.list(from)) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          Files.copy(file, folder.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
        }
      }
      Path installed = folder.resolve("installed");
      if (!Files.exists(installed)) {
        Outcome outcome =
            run(
                folder,
                INSTALL_SECONDS,
                List.of(
                    "npm",
                    "ci",
                    "--ignore-scripts",
                    "--omit=peer",
                    "--prefer-offline",
                    "--fetch-retries=1"));
        assumeTrue(outcome.status() == 0, "npm could not install: " + outcome.errors());
        Files.createFile(installed);
      }
    }
    return new NodePrograms(folder);
  }

  private static boolean runs(String program) throws IOException {
    try {
      return run(Path.of("."), INSTALL_SECONDS, List.of(program, "--version")).status() == 0;
    } catch (IOException e) {
      // The program is absent, which is what was asked.
      return false;
    }
  }

  private static String key(Path lockFile) throws IOException {
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(lockFile));
      return HexFormat.of().formatHex(hash, 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }

  /** Runs a script, named from the folder where everything is installed. */
  Outcome node(String script, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("node", folder.resolve(script).toString()));
    command.addAll(List.of(arguments));
    return run(folder, RUN_SECONDS, command);
  }

  private static Outcome run(Path folder, int seconds, List<String> command) throws IOException {
    Path output = Files.createTempFile("program", ".out");
    Path errors = Files.createTempFile("program", ".err");
    try {
      Process process =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectOutput(output.toFile())
              .redirectError(errors.toFile())
              .start();
      process.getOutputStream().close();
      if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        throw new AssertionError(command + " did not end within " + seconds + " s");
      }
      return new Outcome(
          process.exitValue(),
          Files.readString(output, StandardCharsets.UTF_8),
          Files.readString(errors, StandardCharsets.UTF_8));
    } catch (InterruptedException e) {
      throw new AssertionError("interrupted", e);
    } finally {
      Files.delete(output);
      Files.delete(errors);
    }
  }
}

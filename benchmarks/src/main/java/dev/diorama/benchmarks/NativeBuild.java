package dev.diorama.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The native build of a checkout, for the researcher's loop. */
final class NativeBuild {
  private final Path home;
  private final Path folder;

  NativeBuild(Path home) throws IOException {
    this.home = home;
    this.folder = home.resolve("build/native");
    if (!Files.isRegularFile(home.resolve("CMakeLists.txt"))) {
      throw new IOException(
          "`diorama check` rebuilds kernels and needs a checkout; start it as ./diorama check in"
              + " one");
    }
    if (!Files.isDirectory(folder)) {
      throw new IOException(folder + " is not there; run ./diorama test once to make it");
    }
  }

  /** Configures with the native benchmarks on and builds what changed. */
  int build() throws IOException, InterruptedException {
    int configured =
        run(
            List.of(
                "cmake",
                "-S",
                home.toString(),
                "-B",
                folder.toString(),
                "-DDIORAMA_BENCHMARKS=ON"));
    return configured != 0
        ? configured
        : run(List.of("cmake", "--build", folder.toString(), "--parallel"));
  }

  /** Runs the CTest cases whose names match. */
  int test(String pattern) throws IOException, InterruptedException {
    return run(
        List.of(
            "ctest",
            "--test-dir",
            folder.toString(),
            "--output-on-failure",
            "--no-tests=error",
            "-R",
            pattern));
  }

  private int run(List<String> command) throws IOException, InterruptedException {
    // The build's own words are no result: they go to standard error.
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .start();
    process.getInputStream().transferTo(System.err);
    return process.waitFor();
  }
}

package dev.diorama.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

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

  /**
   * Builds what changed of the libraries and of the tests whose names match.
   *
   * @param cuda whether to build the CUDA library, too, which takes its time
   */
  int build(String pattern, boolean cuda) throws IOException, InterruptedException {
    int configured =
        run(Map.of(), List.of("cmake", "-S", home.toString(), "-B", folder.toString()));
    if (configured != 0) {
      return configured;
    }
    List<String> command =
        new ArrayList<>(
            List.of("cmake", "--build", folder.toString(), "--parallel", "--target", "diorama"));
    command.add("diorama_simt");
    if (cuda) {
      command.add("diorama_cuda");
    }
    command.addAll(tests(pattern));
    return run(Map.of(), command);
  }

  /** Every file of native tests is one executable and one test of CTest. */
  private List<String> tests(String pattern) throws IOException {
    Pattern wanted = Pattern.compile(pattern);
    try (Stream<Path> files = Files.list(home.resolve("tests/native"))) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith("_test.cpp"))
          .map(name -> name.substring(0, name.length() - ".cpp".length()))
          .filter(name -> wanted.matcher(name).find())
          .sorted()
          .toList();
    }
  }

  /**
   * Runs the CTest cases whose names match.
   *
   * @param backends those whose results are looked at, such as "cpu,simt,cuda"
   */
  int test(String pattern, String backends) throws IOException, InterruptedException {
    return run(
        Map.of("DIORAMA_TEST_BACKENDS", backends),
        List.of(
            "ctest",
            "--test-dir",
            folder.toString(),
            "--output-on-failure",
            "--no-tests=error",
            "-R",
            pattern));
  }

  private int run(Map<String, String> environment, List<String> command)
      throws IOException, InterruptedException {
    // The build's own words are no result: they go to standard error.
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
    builder.environment().putAll(environment);
    Process process = builder.start();
    process.getInputStream().transferTo(System.err);
    return process.waitFor();
  }
}

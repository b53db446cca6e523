package dev.diorama;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole JVMs that start at once, with an empty cache between them. */
class NativeLoadingTest {
  @TempDir Path cache;

  /** Opens the backend that a property names and says so. */
  static final class Main {
    private Main() {}

    public static void main(String[] arguments) {
      try (Backend backend = Backend.open(System.getProperty("backend", "cpu"), 1)) {
        System.out.println("opened " + backend.name());
      }
    }
  }

  @Test
  void shouldLoadInTwoProcessesAtOnce() throws Exception {
    Process first = start(classPath(true));
    Process second = start(classPath(true));
    assertThat(output(first)).isEqualTo("opened cpu\n");
    assertThat(output(second)).isEqualTo("opened cpu\n");
    try (Stream<Path> files = Files.walk(cache)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .contains("libdiorama.so")
          .noneMatch(name -> name.endsWith(".part"));
    }
  }

  @Test
  void shouldNameTheMissingJar() throws Exception {
    assertThat(output(start(classPath(false))))
        .contains("add the dependency dev.diorama:diorama-native:linux-x86_64");
  }

  @Test
  void shouldNameTheFlagForNativeAccess() throws Exception {
    assertThat(output(start(classPath(true), "--illegal-native-access=deny")))
        .contains(
            "this JVM does not let Diorama call native code; add"
                + " --enable-native-access=ALL-UNNAMED");
  }

  @Test
  void shouldSayWhatIsWrongWithTheLibraryForCuda() throws Exception {
    Path cuda = copyOfNatives().resolve("libdiorama_cuda.so");
    Files.writeString(cuda, "not a library: " + "0123456789".repeat(10));
    String access = "--enable-native-access=ALL-UNNAMED";
    String folder = "-D" + NativeLibrary.PATH_PROPERTY + "=" + cuda.getParent();
    Process refused = start(classPath(true), access, folder, "-Dbackend=cuda");
    assertThat(output(refused))
        .contains(
            "DioramaException: backend cuda is not available: libdiorama_cuda.so cannot be loaded ("
                + cuda
                + ": invalid ELF header); install the native package for CUDA again, of the version"
                + " of libdiorama.so\n");
    assertThat(refused.waitFor()).isEqualTo(1);
    assertThat(output(start(classPath(true), access, folder, "-Dbackend=auto")))
        .isEqualTo("opened cpu\n");
  }

  private Path copyOfNatives() throws IOException {
    Path natives =
        new NativeCache(
                cache, NativeLibrary.platform("Linux", "amd64"), Backend.class.getClassLoader())
            .unpack();
    Path copy = Files.createDirectory(cache.resolve("copy"));
    for (String name : List.of("libdiorama.so", "libgomp.so.1")) {
      Files.copy(natives.resolve(name), copy.resolve(name));
    }
    return copy;
  }

  private Process start(String classPath, String... options) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        options.length > 0 ? List.of(options) : List.of("--enable-native-access=ALL-UNNAMED"));
    command.addAll(List.of("-cp", classPath, Main.class.getName()));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("XDG_CACHE_HOME", cache.toString());
    return builder.start();
  }

  private static String output(Process process) throws IOException {
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  /** This JVM's own, from its module path and class path, with or without the natives. */
  private static String classPath(boolean natives) throws Exception {
    Path classes =
        Path.of(Backend.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    Stream<String> entries =
        Stream.of("java.class.path", "jdk.module.path", "surefire.test.class.path")
            .map(name -> System.getProperty(name, ""))
            .flatMap(path -> Arrays.stream(path.split(File.pathSeparator)));
    return Stream.concat(
            Stream.of(classes.toString(), classes.resolveSibling("test-classes").toString()),
            entries.filter(entry -> !entry.isEmpty()))
        .distinct()
        .filter(entry -> natives || !entry.contains("native"))
        .collect(Collectors.joining(File.pathSeparator));
  }
}

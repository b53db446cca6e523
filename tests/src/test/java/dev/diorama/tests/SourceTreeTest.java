package dev.diorama.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Rules for the files of the repository: a clone stays small, and a source file can be read in one
 * sitting.
 */
class SourceTreeTest {
  private static final Path HOME = Path.of(System.getProperty("diorama.home")).normalize();
  private static final long CLONE_LIMIT_BYTES = 48_000_000;
  private static final int LINE_LIMIT = 700;
  private static final Set<String> SOURCE_ENDINGS =
      Set.of("java", "cpp", "h", "cu", "cuh", "py", "cmake", "sh");

  private static List<Path> tracked;

  @BeforeAll
  static void listTrackedFiles() throws IOException, InterruptedException {
    assumeTrue(Files.exists(HOME.resolve(".git")), "this is no clone of the repository");
    Process git = new ProcessBuilder("git", "-C", HOME.toString(), "ls-files", "-z").start();
    String names = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(git.waitFor()).isZero();
    tracked = new ArrayList<>();
    for (String name : names.split("\0")) {
      Path file = HOME.resolve(name);
      if (Files.isRegularFile(file)) {
        tracked.add(file);
      }
    }
  }

  @Test
  void shouldStaySmallEnoughToClone() throws IOException {
    long bytes = 0;
    for (Path file : tracked) {
      bytes += Files.size(file);
    }
    assertThat(bytes).as("bytes of all tracked files").isLessThan(CLONE_LIMIT_BYTES);
  }

  @Test
  void shouldKeepSourceFilesShort() throws IOException {
    List<String> tooLong = new ArrayList<>();
    for (Path file : writtenByHand()) {
      long lines = Files.readAllLines(file).size();
      if (lines > LINE_LIMIT) {
        tooLong.add(HOME.relativize(file) + ": " + lines);
      }
    }
    assertThat(tooLong).as("source files of more than %d lines", LINE_LIMIT).isEmpty();
  }

  @Test
  void shouldLeaveNothingUnfinished() throws IOException {
    List<String> marked = new ArrayList<>();
    for (Path file : writtenByHand()) {
      String text = Files.readString(file);
      // Taken apart, so that this file does not name itself.
      if (text.contains("TO" + "DO") || text.contains("FIX" + "ME")) {
        marked.add(HOME.relativize(file).toString());
      }
    }
    assertThat(marked).as("files with a note of unfinished work").isEmpty();
  }

  private static List<Path> writtenByHand() {
    return tracked.stream()
        .filter(file -> SOURCE_ENDINGS.contains(ending(file)))
        .filter(file -> !file.toString().contains("/dev/diorama/ffi/"))
        .toList();
  }

  private static String ending(Path file) {
    String name = file.getFileName().toString();
    return name.substring(name.lastIndexOf('.') + 1);
  }
}

package dev.diorama.media;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A disk that takes no more: a JVM of its own whose files may have 8 KiB only, which fails in the
 * same calls as a full disk.
 */
class WriteFailureTest {

  @Test
  void shouldSayWhyInOneSentenceAndLeaveNothing(@TempDir Path folder) throws Exception {
    // The libraries must be unpacked before files are limited.
    Ffmpeg.load();
    Process process =
        new ProcessBuilder(
                "bash",
                "-c",
                "ulimit -f 8; exec \"$@\"",
                "bash",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:-UsePerfData",
                "-cp",
                System.getProperty("java.class.path"),
                Writer.class.getName(),
                folder.toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    assertThat(output.lines())
        .hasSize(5)
        .allMatch(line -> line.startsWith("cannot write " + folder))
        .allMatch(line -> line.endsWith(": File too large"));
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).isEmpty();
    }
  }

  /** Writes noise until it fails, in every format. */
  static final class Writer {
    private static final int SIZE = 256;

    public static void main(String[] arguments) {
      for (String name : new String[] {"a.mp4", "a.webm", "a.gif", "frames/", "a.safetensors"}) {
        try (FrameSink sink =
            Output.parse(arguments[0] + "/" + name).open(new Clip(SIZE, SIZE, 8, Map.of()))) {
          byte[] noise = TestPictures.noise(SIZE * SIZE * 3);
          for (int i = 0; i < 30; i++) {
            sink.add(noise);
          }
          sink.commit();
          System.out.println("written: " + name);
        } catch (IOException e) {
          System.out.println(e.getMessage());
        }
      }
    }
  }
}

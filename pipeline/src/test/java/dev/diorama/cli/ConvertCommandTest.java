package dev.diorama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diorama.splat.Gaussians;
import dev.diorama.splat.format.SceneFormats;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConvertCommandTest {
  private static final int COUNT = 100;

  @TempDir private Path folder;
  private Path scene;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeEach
  void writeScene() throws IOException {
    Gaussians gaussians = Gaussians.zeros(COUNT, 1);
    for (int i = 0; i < COUNT; i++) {
      gaussians.means()[3 * i] = i;
      gaussians.quats()[4 * i] = 1;
      gaussians.sh()[12 * i + 3] = 0.25f;
    }
    scene = folder.resolve("scene.ply");
    SceneFormats.write(gaussians, scene);
  }

  private int run(String... arguments) {
    return Diorama.commandLine()
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(arguments);
  }

  private Path target() {
    return folder.resolve("out.ply");
  }

  @Test
  void shouldEditInTheOrderOfTheOptions() throws IOException {
    String from = scene.toString();
    String to = target().toString();
    assertThat(run("convert", from, to, "--translate", "1,0,0", "--scale", "2")).isZero();
    assertThat(SceneFormats.read(target()).means()[3]).isEqualTo(4);
    assertThat(run("convert", from, to, "--scale", "2", "--translate", "1,0,0")).isZero();
    assertThat(SceneFormats.read(target()).means()[3]).isEqualTo(3);
    assertThat(out.toString()).contains("100 Gaussians of degree 1");
  }

  @Test
  void shouldJoinScenes() throws IOException {
    String from = scene.toString();
    assertThat(run("convert", from, from, from, target().toString(), "--json")).isZero();
    assertThat(SceneFormats.read(target()).count()).isEqualTo(3 * COUNT);
    assertThat(out.toString()).contains("\"gaussians\" : 300");
  }

  @Test
  void shouldWriteNothingWhenNothingIsLeft() {
    assertThat(run("convert", scene.toString(), target().toString(), "--crop", "0,5,0,1,6,1"))
        .isEqualTo(1);
    assertThat(err.toString()).contains("is left after the edits");
    assertThat(target()).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --rotate | 1,x,2 | x is not a number
          --rotate | 1,2 | x,y,z in degrees
          --crop | 1,2 | it got 2
          --crop | 1,0,0,0,1,1 | smallest corner first
          --decimate | 0 | at least 1
          --decimate | 0% | above 0
          --decimate | few | not a whole number
          --max-sh | 4 | expected 0 to 3
          --scale | -1 | above 0
          --spz-version | 3 | ends in .spz
          --floaters=1 | --morton | it got 1 numbers
          """)
  void shouldSayWhatIsWrong(String option, String value, String sentence) throws IOException {
    int code = run("convert", scene.toString(), target().toString(), option, value);
    assertThat(code).isEqualTo(2);
    assertThat(err.toString()).startsWith("diorama: ").contains(sentence);
    try (var files = Files.list(folder)) {
      assertThat(files).containsExactly(scene);
    }
  }

  @Test
  void shouldSayThatAFileIsAbsentOrOfNoFormat() throws IOException {
    assertThat(run("convert", "absent.ply", target().toString())).isEqualTo(1);
    assertThat(err.toString()).contains("absent.ply does not exist");
    Path text = Files.writeString(folder.resolve("text.ply"), "hello");
    assertThat(run("convert", text.toString(), target().toString())).isEqualTo(1);
    assertThat(err.toString()).contains("text.ply");
    assertThat(run("convert", scene.toString(), "out.unknown")).isEqualTo(1);
    assertThat(err.toString()).contains("no format goes by that name");
  }
}

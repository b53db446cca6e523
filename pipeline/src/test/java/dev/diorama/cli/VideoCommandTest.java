package dev.diorama.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.diorama.media.Picture;
import dev.diorama.media.Pictures;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The embedded model from the prompt to the file. */
class VideoCommandTest {
  private static final String PROMPT = "a red ball bounces on green grass";

  @TempDir private Path folder;

  @Test
  void shouldMakeAVideoAndDecodeItsLatentsAgain() throws Exception {
    JsonNode made =
        json("video", PROMPT, "-o", "ball.mp4", "--steps", "2", "--keep-latents", "--json");
    assertThat(made.path("frames").asInt()).isEqualTo(17);
    assertThat(made.path("width").asInt()).isEqualTo(256);
    assertThat(made.path("scale").asInt()).isEqualTo(4);
    assertThat(made.path("metadata").path("prompt").asText()).isEqualTo(PROMPT);
    assertThat(made.path("latents").asText()).endsWith("ball.latents.safetensors");
    assertThat(names()).containsExactlyInAnyOrder("ball.mp4", "ball.latents.safetensors");

    decode("again.mp4");
    assertThat(folder.resolve("again.mp4")).hasSameBinaryContentAs(folder.resolve("ball.mp4"));
    decode("ball.webm");
    decode("ball.gif");
    decode("frames/", "--scale", "1");
    decode("ball.safetensors");
    assertThat(folder.resolve("frames")).isDirectoryContaining("glob:**/frame_0016.png");
    Picture first = Pictures.read(folder.resolve("frames/frame_0000.png"));
    assertThat(first.width()).isEqualTo(64);
    assertThat(Files.size(folder.resolve("ball.safetensors")))
        .isBetween(17 * 64 * 64 * 3 * 4L, 17 * 64 * 64 * 3 * 4L + 2000);
    assertThat(names()).noneMatch(name -> name.startsWith("."));
  }

  private void decode(String output, String... more) throws Exception {
    String[] command = {"video", "--decode", "ball.latents.safetensors", "-o", output};
    String[] all = Stream.concat(Stream.of(command), Stream.of(more)).toArray(String[]::new);
    CommandRun run = CommandRun.of(folder, all);
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).startsWith(output.replace("/", "") + ": 17 frames of ");
  }

  @Test
  void shouldWriteTheSameBytesTwiceAndKeepNoLatents() throws Exception {
    for (String output : new String[] {"one.gif", "two.gif"}) {
      CommandRun run =
          CommandRun.of(folder, "video", PROMPT, "-o", output, "--steps", "1", "--frames", "5");
      assertThat(run.code()).as(run.err()).isZero();
      assertThat(run.out())
          .contains(": 5 frames of 256x256 (64x64 enlarged 4 times for viewing), 8 a second");
    }
    assertThat(names()).containsExactlyInAnyOrder("one.gif", "two.gif");
    assertThat(folder.resolve("one.gif")).hasSameBinaryContentAs(folder.resolve("two.gif"));
  }

  @Test
  void shouldBeginWithAPicture() throws Exception {
    BufferedImage blue = new BufferedImage(90, 40, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < 90 * 40; i++) {
      blue.setRGB(i % 90, i / 90, 0x2040c0);
    }
    ImageIO.write(blue, "png", folder.resolve("blue.png").toFile());
    JsonNode made =
        json(
            "video",
            PROMPT,
            "--image",
            "blue.png",
            "-o",
            "frames/",
            "--scale",
            "1",
            "--steps",
            "1",
            "--frames",
            "5",
            "--json");
    assertThat(made.path("scale").asInt()).isEqualTo(1);
    byte[] first = Pictures.read(folder.resolve("frames/frame_0000.png")).rgb();
    double[] mean = new double[3];
    for (int i = 0; i < first.length; i++) {
      mean[i % 3] += (first[i] & 0xff) * 3.0 / first.length;
    }
    assertThat(mean[0]).isBetween(10.0, 60.0);
    assertThat(mean[2]).isBetween(160.0, 220.0);
  }

  @Test
  void shouldStopAtOnceAndLeaveNothing() throws Exception {
    Path err = Files.createTempFile("err", ".txt");
    Path out = Files.createTempFile("out", ".txt");
    Process process =
        CommandRun.start(folder, out, err, "video", PROMPT, "-o", "a.mp4", "--steps", "5000");
    waitFor(process, err, "denoising 0/5000");
    assertThat(new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor())
        .isZero();
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue()).isEqualTo(130);
    assertThat(Files.readString(err)).contains("diorama: stopped").doesNotContain("\tat ");
    assertThat(out).isEmptyFile();
    assertThat(names()).isEmpty();
    Files.delete(err);
    Files.delete(out);
  }

  private static void waitFor(Process process, Path file, String text) throws Exception {
    while (!Files.readString(file).contains(text)) {
      if (!process.isAlive()) {
        throw new AssertionError("it ended early: " + Files.readString(file));
      }
      Thread.sleep(50);
    }
  }

  @Test
  void shouldUnpackTheEmbeddedModelOnce() throws Exception {
    URL index = getClass().getClassLoader().getResource("dev/diorama/models/nano/model_index.json");
    assumeTrue(
        index != null && index.getProtocol().equals("jar"), "the model is not in a jar here");
    for (int i = 0; i < 2; i++) {
      Path none = Files.createDirectories(folder.resolve("none"));
      CommandRun run =
          CommandRun.withoutHome(
              folder, folder.resolve("cache"), "video", "x", "-o", none + "/", "--frames", "6");
      assertThat(run.err()).contains("the number of frames must be 4n + 1, got 6");
      assertThat(run.code()).isEqualTo(2);
    }
    try (Stream<Path> models = Files.list(folder.resolve("cache/diorama/models"))) {
      assertThat(models).hasSize(1).allMatch(path -> Files.isDirectory(path.resolve("nano/vae")));
    }
  }

  private JsonNode json(String... command) throws Exception {
    CommandRun run = CommandRun.of(folder, command);
    assertThat(run.code()).as(run.err()).isZero();
    return new ObjectMapper().readTree(run.out().getBytes(StandardCharsets.UTF_8));
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }
}

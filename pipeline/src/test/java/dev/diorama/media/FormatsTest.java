package dev.diorama.media;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What we write, read by other programs. */
class FormatsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int FRAMES = 17;
  private static final int WIDTH = TestPictures.WIDTH;
  private static final int HEIGHT = TestPictures.HEIGHT;

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({
    "a.mp4, h264, yuv420p, 8, 8/1, 38",
    "a.mp4, h264, yuv420p, 16, 16/1, 38",
    "a.mp4, h264, yuv420p, 23.976, 2997/125, 38",
    "a.webm, vp9, yuv420p, 8, 8/1, 38",
    "a.webm, vp9, yuv420p, 24, 24/1, 39",
    "a.gif, gif, bgra, 10, 10/1, 29",
  })
  void shouldBeReadByFfprobe(
      String name, String codec, String pixels, double fps, String rate, double quality)
      throws Exception {
    Path file = folder.resolve(name);
    TestPictures.write(Output.parse(file.toString()), FRAMES, fps);
    JsonNode probe = probe(file);
    JsonNode stream = probe.path("streams").path(0);
    assertThat(stream.path("codec_name").asText()).isEqualTo(codec);
    assertThat(stream.path("pix_fmt").asText()).isEqualTo(pixels);
    assertThat(stream.path("width").asInt()).isEqualTo(WIDTH);
    assertThat(stream.path("height").asInt()).isEqualTo(HEIGHT);
    assertThat(stream.path("nb_read_frames").asInt()).isEqualTo(FRAMES);
    assertThat(stream.path("r_frame_rate").asText()).isEqualTo(rate);
    assertThat(probe.path("format").path("duration").asDouble())
        .isCloseTo(FRAMES / fps, org.assertj.core.data.Offset.offset(0.011));
    assertThat(decodedQuality(file)).isGreaterThan(quality);
  }

  @ParameterizedTest
  @CsvSource({"a.mp4", "a.webm"})
  void shouldSayWhichColoursItHas(String name) throws Exception {
    Path file = folder.resolve(name);
    TestPictures.write(Output.parse(file.toString()), 3, 8);
    JsonNode stream = probe(file).path("streams").path(0);
    assertThat(stream.path("color_range").asText()).isEqualTo("tv");
    assertThat(stream.path("color_space").asText()).isEqualTo("bt709");
    assertThat(stream.path("color_transfer").asText()).isEqualTo("bt709");
    assertThat(stream.path("color_primaries").asText()).isEqualTo("bt709");
  }

  @ParameterizedTest
  @CsvSource({"a.mp4", "a.webm", "a.gif"})
  void shouldCarryPromptAndSeed(String name) throws Exception {
    Path file = folder.resolve(name);
    TestPictures.write(Output.parse(file.toString()), 3, 8);
    JsonNode probe = probe(file);
    JsonNode tags = probe.path("format").path("tags");
    if (tags.isMissingNode()) {
      tags = probe.path("streams").path(0).path("tags");
    }
    String comment = tags.has("comment") ? "comment" : "COMMENT";
    JsonNode all = JSON.readTree(tags.path(comment).asText());
    assertThat(all.path("prompt").asText()).isEqualTo("a red ball, \"grün\" 球");
    assertThat(all.path("seed").asText()).isEqualTo("42");
    assertThat(all.path("version").asText()).isEqualTo("0.1.0");
  }

  @Test
  void shouldPutTheIndexOfAnMp4First() throws IOException {
    Path file = folder.resolve("a.mp4");
    TestPictures.write(Output.parse(file.toString()), FRAMES, 8);
    ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file));
    List<String> boxes = new ArrayList<>();
    while (in.hasRemaining()) {
      int start = in.position();
      int length = in.getInt();
      byte[] type = new byte[4];
      in.get(type);
      boxes.add(new String(type, StandardCharsets.US_ASCII));
      in.position(start + length);
    }
    assertThat(boxes).containsSubsequence("ftyp", "moov", "mdat");
  }

  @Test
  void shouldKeepEveryPixelInPng() throws IOException {
    TestPictures.write(Output.parse(folder + "/frames/"), 3, 8);
    for (int i = 0; i < 3; i++) {
      Picture picture = Pictures.read(folder.resolve("frames/frame_000%d.png".formatted(i)));
      assertThat(picture.rgb()).isEqualTo(Samples.toBytes(TestPictures.frame(i, WIDTH, HEIGHT)));
    }
    String text =
        new String(
            Files.readAllBytes(folder.resolve("frames/frame_0001.png")), StandardCharsets.UTF_8);
    assertThat(text).contains("iTXtprompt", "a red ball, \"grün\" 球", "iTXtseed");
  }

  @Test
  void shouldKeepEveryNumberInSafetensors() throws IOException {
    Path file = folder.resolve("a.safetensors");
    TestPictures.write(Output.parse(file.toString()), 3, 8);
    ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    int length = (int) in.getLong();
    byte[] header = new byte[length];
    in.get(header);
    JsonNode json = JSON.readTree(new String(header, StandardCharsets.UTF_8));
    int bytes = 3 * HEIGHT * WIDTH * 3 * Float.BYTES;
    assertThat(length % 8).isZero();
    assertThat(json.path("frames").toString())
        .isEqualTo(
            "{\"dtype\":\"F32\",\"shape\":[3,48,64,3],\"data_offsets\":[0,%d]}".formatted(bytes));
    assertThat(json.path("__metadata__").path("prompt").asText()).contains("球");
    assertThat(in.remaining()).isEqualTo(bytes);
    for (int i = 0; i < 3; i++) {
      float[] frame = new float[HEIGHT * WIDTH * 3];
      in.asFloatBuffer().get(frame);
      in.position(in.position() + frame.length * Float.BYTES);
      assertThat(frame).isEqualTo(TestPictures.frame(i, WIDTH, HEIGHT));
    }
  }

  @Test
  void shouldKeepAGifOfFewColoursExact() throws IOException {
    Path file = folder.resolve("flat.gif");
    byte[] flat = new byte[200 * 150 * 3];
    byte[] noise = TestPictures.noise(200 * 150);
    for (int i = 0; i < noise.length; i++) {
      flat[3 * i] = (byte) (noise[i] & 0xf0);
      flat[3 * i + 1] = (byte) ((noise[i] & 0xf) << 4);
    }
    try (FrameSink sink =
        Output.parse(file.toString()).open(new Clip(200, 150, 12, java.util.Map.of()))) {
      sink.add(flat);
      sink.add(new byte[flat.length]);
      sink.commit();
    }
    try (ImageInputStream in = ImageIO.createImageInputStream(file.toFile())) {
      ImageReader reader = ImageIO.getImageReaders(in).next();
      reader.setInput(in);
      assertThat(reader.getNumImages(true)).isEqualTo(2);
      assertThat(Picture.of(reader.read(0)).rgb()).isEqualTo(flat);
      assertThat(Picture.of(reader.read(1)).rgb()).containsOnly((byte) 0);
    }
  }

  @Test
  void shouldRoundSamplesAsNumPy() {
    float[] in = {-1, 0, 0.5f / 255, 1.5f / 255, 0.5f, 1, 2, Float.NaN};
    assertThat(Samples.toBytes(in)).containsExactly(0, 0, 0, 2, 128, 255, 255, 0);
    assertThat(Samples.toFloats(new byte[] {0, (byte) 255})).containsExactly(0f, 1f);
  }

  private static JsonNode probe(Path file) throws Exception {
    byte[] json =
        TestPictures.run(
            "ffprobe",
            "-v",
            "error",
            "-count_frames",
            "-show_format",
            "-show_streams",
            "-of",
            "json",
            file.toString());
    return JSON.readTree(json);
  }

  /** The worst frame's PSNR against what was written. */
  private static double decodedQuality(Path file) throws Exception {
    byte[] raw =
        TestPictures.run(
            "ffmpeg",
            "-v",
            "error",
            "-i",
            file.toString(),
            "-f",
            "rawvideo",
            "-pix_fmt",
            "rgb24",
            "-sws_flags",
            "accurate_rnd+full_chroma_int",
            "-");
    int size = WIDTH * HEIGHT * 3;
    assertThat(raw).hasSize(FRAMES * size);
    double worst = Double.POSITIVE_INFINITY;
    for (int i = 0; i < FRAMES; i++) {
      byte[] decoded = Arrays.copyOfRange(raw, i * size, (i + 1) * size);
      byte[] written = Samples.toBytes(TestPictures.frame(i, WIDTH, HEIGHT));
      worst = Math.min(worst, TestPictures.psnr(decoded, written));
    }
    return worst;
  }
}

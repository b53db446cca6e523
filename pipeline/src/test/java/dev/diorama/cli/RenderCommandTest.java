package dev.diorama.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.diorama.media.Picture;
import dev.diorama.media.Pictures;
import dev.diorama.media.VideoFrames;
import dev.diorama.splat.Gaussians;
import dev.diorama.splat.format.SceneFormats;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** From a scene's file to videos and pictures. */
class RenderCommandTest {
  private static final double SH = 0.28209479177387814;
  private static final String CAMERAS =
      """
      {"w": 32, "h": 24, "fl_x": 20, "fps": 10, "frames": [
        {"transform_matrix": [[1,0,0,0],[0,-1,0,0],[0,0,-1,-4],[0,0,0,1]]},
        {"transform_matrix": [[1,0,0,1],[0,-1,0,0],[0,0,-1,-4],[0,0,0,1]]}]}
      """;

  @TempDir private Path folder;

  /** The JVM waits for this when it ends, as after a real command. */
  @AfterAll
  static void finish() {
    Interruption.finished();
  }

  @BeforeEach
  void writeScene() throws IOException {
    Random random = new Random(5);
    Gaussians scene = Gaussians.zeros(400, 1);
    for (int i = 0; i < 400; i++) {
      for (int axis = 0; axis < 3; axis++) {
        scene.means()[3 * i + axis] = (float) random.nextGaussian();
        scene.logScales()[3 * i + axis] = -1.5f;
        scene.sh()[12 * i + axis] = (float) ((axis == 0 ? 0.5 : -0.5) / SH);
      }
      scene.quats()[4 * i] = 1;
      scene.logitOpacities()[i] = 3;
    }
    SceneFormats.write(scene, folder.resolve("red.ply"));
    Files.writeString(folder.resolve("cameras.json"), CAMERAS);
  }

  private CommandRun run(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    String[] resolved = new String[arguments.length];
    for (int i = 0; i < arguments.length; i++) {
      boolean file = arguments[i].matches("[a-z][\\w/]*(/|\\.\\w+)");
      resolved[i] = file ? folder + "/" + arguments[i] : arguments[i];
    }
    int code =
        Diorama.commandLine()
            .setOut(new PrintWriter(out, true))
            .setErr(new PrintWriter(err, true))
            .execute(resolved);
    return new CommandRun(code, out.toString(), err.toString());
  }

  private CommandRun done(String line) {
    CommandRun run = run(line.strip().split(" +"));
    assertThat(run.code()).as(run.err()).isZero();
    return run;
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> !List.of("red.ply", "cameras.json").contains(name))
          .toList();
    }
  }

  @Test
  void shouldOrbitByDefaultAndWriteAVideo() throws IOException {
    CommandRun run = done("render red.ply -o a.mp4 --width 64 --height 48 --frames 6 --fps 12");
    assertThat(run.out()).contains("a.mp4: 6 frames of 64x48, 400 Gaussians");
    assertThat(names()).containsExactly("a.mp4");
    int frames = 0;
    try (VideoFrames video = VideoFrames.open(folder.resolve("a.mp4"))) {
      for (Picture p = video.next(); p != null; p = video.next()) {
        frames++;
        int middle = 3 * (24 * 64 + 32);
        assertThat(p.rgb()[middle] & 0xff).isGreaterThan(180);
        assertThat(p.rgb()[middle + 2] & 0xff).isLessThan(60);
        assertThat(p.rgb()[2] & 0xff).isLessThan(40);
      }
    }
    assertThat(frames).isEqualTo(6);
  }

  /** simt runs the CUDA kernels' own source, with frames drawn ahead of their output. */
  @Test
  void shouldDrawTheSameOnADevice() throws IOException {
    String options = " --width 64 --height 48 --frames 5 --background 0.2,0.4,0.6";
    done("render red.ply -o host/ --backend cpu" + options);
    done("render red.ply -o device/ --backend simt" + options);
    for (int i = 0; i < 5; i++) {
      byte[] host = Pictures.read(folder.resolve("host/frame_%04d.png".formatted(i))).rgb();
      byte[] device = Pictures.read(folder.resolve("device/frame_%04d.png".formatted(i))).rgb();
      int off = 0;
      for (int k = 0; k < host.length; k++) {
        off += Math.abs((host[k] & 0xff) - (device[k] & 0xff)) > 1 ? 1 : 0;
      }
      // Rounding may tip a level; a pixel at a threshold may be farther off.
      assertThat(off).isLessThanOrEqualTo(host.length / 1000);
    }
    done("render red.ply -o host.mp4 --backend simt" + options);
    done("render red.ply -o again.mp4 --backend simt" + options);
    assertThat(folder.resolve("again.mp4")).hasSameBinaryContentAs(folder.resolve("host.mp4"));
    done("render red.ply -o depth.mp4 --depth --sh-precision f16 --backend simt" + options);
    done("render red.ply -o all.safetensors --backend simt" + options);
  }

  @Test
  void shouldDrawFromGivenCamerasIntoAFolder() throws Exception {
    CommandRun run = done("render red.ply --cameras cameras.json -o frames/ --json");
    JsonNode json = new ObjectMapper().readTree(run.out());
    assertThat(json.path("frames").asInt()).isEqualTo(2);
    assertThat(json.path("width").asInt()).isEqualTo(32);
    assertThat(json.path("fps").asDouble()).isEqualTo(10);
    assertThat(json.path("gaussians").asInt()).isEqualTo(400);
    assertThat(json.path("visible").asInt()).isBetween(1, 400);
    assertThat(json.path("milliseconds").path("raster").asDouble()).isPositive();
    Picture second = Pictures.read(folder.resolve("frames/frame_0001.png"));
    assertThat(second.width()).isEqualTo(32);
    assertThat(second.rgb()[3 * (12 * 32 + 8)] & 0xff).isGreaterThan(128);
  }

  @Test
  void shouldShowTheBackgroundWhereNothingIsDrawn() throws IOException {
    done("render red.ply -o far.png --width 8 --height 8 --far 0.02 --background 0,0.2,1");
    assertThat(Pictures.read(folder.resolve("far.png")).rgb())
        .contains((byte) 0, (byte) 51, (byte) 255)
        .containsOnly((byte) 0, (byte) 51, (byte) 255);
  }

  @Test
  void shouldWriteOnePicture() throws IOException {
    done("render red.ply -o one.png --width 40 --height 30");
    Picture orbit = Pictures.read(folder.resolve("one.png"));
    assertThat(orbit.width()).isEqualTo(40);
    done("render red.ply --cameras cameras.json --frame 1 -o two.png --height 48");
    Picture second = Pictures.read(folder.resolve("two.png"));
    assertThat(second.width()).isEqualTo(64);
    assertThat(second.height()).isEqualTo(48);
    assertThat(names()).containsExactlyInAnyOrder("one.png", "two.png");
  }

  @Test
  void shouldWriteTensorsThatAgreeWithThePictures() throws Exception {
    done("render red.ply --cameras cameras.json -o all.safetensors --threads 1");
    ByteBuffer in =
        ByteBuffer.wrap(Files.readAllBytes(folder.resolve("all.safetensors")))
            .order(ByteOrder.LITTLE_ENDIAN);
    byte[] header = new byte[(int) in.getLong()];
    in.get(header);
    JsonNode json = new ObjectMapper().readTree(new String(header, StandardCharsets.UTF_8));
    assertThat(json.path("rgb").path("shape").toString()).isEqualTo("[2,24,32,3]");
    assertThat(json.path("depth").path("shape").toString()).isEqualTo("[2,24,32,1]");
    assertThat(json.path("alpha").path("shape").toString()).isEqualTo("[2,24,32,1]");
    int begin = in.position();
    int pixels = 24 * 32;
    assertThat(in.remaining()).isEqualTo(2 * pixels * 5 * Float.BYTES);
    done("render red.ply --cameras cameras.json -o frames/ --threads 1");
    for (int f = 0; f < 2; f++) {
      Picture png = Pictures.read(folder.resolve("frames/frame_000%d.png".formatted(f)));
      for (int i = 0; i < 3 * pixels; i++) {
        float value = in.getFloat(begin + (f * 3 * pixels + i) * Float.BYTES);
        assertThat(png.rgb()[i] & 0xff)
            .isEqualTo((int) Math.rint(Math.max(0, Math.min(1, value)) * 255f));
      }
    }
    int depth = begin + json.path("depth").path("data_offsets").path(0).asInt();
    int alpha = begin + json.path("alpha").path("data_offsets").path(0).asInt();
    int middle = (12 * 32 + 16) * Float.BYTES;
    float expected = in.getFloat(depth + middle) / in.getFloat(alpha + middle);
    // The ball's near side: its middle is 4 away.
    assertThat(expected).isBetween(1f, 4f);
  }

  @Test
  void shouldPaintDepth() throws IOException {
    done("render red.ply --cameras cameras.json --frame 0 -o d.png --depth --depth-range 1,6");
    Picture depth = Pictures.read(folder.resolve("d.png"));
    int middle = 3 * (12 * 32 + 16);
    // Not the scene's red and nothing else: Turbo has green between its ends.
    assertThat(depth.rgb()[middle + 1] & 0xff).isGreaterThan(80);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--dolly 1.5",
        "--pan -40",
        "--spline",
        "--spline --loop",
        "--orbit --elevation -10 --up z --radius 9 --center 0,1,0"
      })
  void shouldMoveTheCamera(String move) throws Exception {
    CommandRun run =
        done("render red.ply --cameras cameras.json -o m.gif --json --frames 5 " + move);
    JsonNode json = new ObjectMapper().readTree(run.out());
    assertThat(json.path("frames").asInt()).isEqualTo(5);
    assertThat(json.path("width").asInt()).isEqualTo(32);
  }

  @ParameterizedTest
  @CsvSource({"pinhole", "fisheye", "orthographic"})
  void shouldFillThePictureInEveryProjection(String projection) throws IOException {
    done("render red.ply -o p.png --width 60 --height 60 --projection " + projection);
    Picture picture = Pictures.read(folder.resolve("p.png"));
    assertThat(picture.rgb()[3 * (30 * 60 + 30)] & 0xff).isGreaterThan(200);
    int corners = 0;
    int edges = 0;
    for (int side : new int[] {0, 59}) {
      corners += (picture.rgb()[3 * (side * 60 + 59 - side)] & 0xff) / 2;
      edges += (picture.rgb()[3 * (side * 60 + 30)] & 0xff) / 2;
    }
    // The scene reaches the edges, and hardly the corners.
    assertThat(edges).isGreaterThan(corners);
    assertThat(corners).isLessThan(128);
  }

  @Test
  void shouldDrawTheSameOnTheReference() throws IOException {
    done("render red.ply --cameras cameras.json --frame 0 -o cpu.png");
    done("render red.ply --cameras cameras.json --frame 0 -o ref.png --backend reference");
    byte[] a = Pictures.read(folder.resolve("cpu.png")).rgb();
    byte[] b = Pictures.read(folder.resolve("ref.png")).rgb();
    for (int i = 0; i < a.length; i++) {
      // A value near a half rounds either way.
      assertThat((a[i] & 0xff) - (b[i] & 0xff)).isCloseTo(0, within(1));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          render red.ply                                     | missing required option: '--output=FILE'
          render -o a.mp4                                    | missing required parameter: 'SCENE'
          render red.ply -o a.avi                            | has no known format
          render red.ply -o a.mp4 --spline                   | --spline needs --cameras
          render red.ply -o a.mp4 --loop                     | --loop is about --spline
          render red.ply -o a.mp4 --dolly 1 --pan 2          | mutually exclusive
          render red.ply -o a.mp4 --frames 0                 | --frames must be at least 1
          render red.ply -o a.mp4 --fps 0                    | --fps must be more than 0
          render red.ply -o a.mp4 --width 0                  | --width and --height go from 1 to 32768
          render red.ply -o a.mp4 --radius -2                | --radius must be more than 0
          render red.ply -o a.mp4 --elevation 90             | --elevation must be between -90 and 90
          render red.ply -o a.mp4 --fov 180                  | a field of view of 180.0 degrees
          render red.ply -o a.mp4 --up w                     | must be x, y, z, -x, -y, -z or a direction
          render red.ply -o a.mp4 --up 0,0,0                 | must be x, y, z, -x, -y, -z or a direction
          render red.ply -o a.mp4 --center 1,2               | must be three numbers
          render red.ply -o a.mp4 --background 0,0,2         | --background goes from 0 to 1, got 2.0
          render red.ply -o a.mp4 --projection flat          | must be pinhole, fisheye or orthographic
          render red.ply -o a.mp4 --sh-degree 4              | --sh-degree must be 0 to 3, got 4
          render red.ply -o a.mp4 --sh-precision bf16        | --sh-precision must be f32 or f16, got 'bf16'
          render red.ply -o a.mp4 --near 5 --far 2           | --near must be at least 0 and --far farther
          render red.ply -o a.mp4 --depth-range 1,2          | --depth-range is about --depth
          render red.ply -o a.mp4 --depth --depth-range 2,1  | must be two depths above 0
          render red.ply -o a.mp4 --threads -1               | --threads must be at least 1
          render red.ply -o a.mp4 --backend abacus           | abacus
          render red.ply -o a.png --frames 2                 | a .png holds one picture, but there are 2 cameras
          render red.ply -o a.png --cameras cameras.json     | a .png holds one picture, but there are 2 cameras
          render red.ply -o a.mp4 --cameras cameras.json --frame 2  | --frame is 2, but there are 2 cameras
          render red.ply -o a.mp4 --cameras cameras.json --frames 2 | --frames is about a move
          render red.ply -o a.mp4 --cameras cameras.json --radius 2 | --radius is about --orbit
          """)
  void shouldRefuseWrongUsage(String command, String sentence) throws IOException {
    CommandRun run = run(command.strip().split(" +"));
    assertOneSentence(run, 2, sentence);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          render none.ply -o a.mp4                           | none.ply does not exist
          render cameras.json -o a.mp4                       | is not a scene in a known format
          render red.ply -o nowhere/a.mp4                    | does not exist
          render red.ply -o a.mp4 --cameras red.ply          | is not valid JSON
          render red.ply -o a.mp4 --cameras none.json        | none.json does not exist
          render red.ply -o a.mp4 --width 33 --height 20     | needs an even width and height
          render red.ply -o a.gif --fps 60                   | a GIF shows at most 50 frames a second
          render red.ply -o a.mp4 --backend cuda             | cuda
          """)
  void shouldSayWhatIsMissing(String command, String sentence) throws IOException {
    CommandRun run = run(command.strip().split(" +"));
    assertOneSentence(run, 1, sentence);
  }

  private void assertOneSentence(CommandRun run, int code, String sentence) throws IOException {
    assertThat(run.code()).as(run.err()).isEqualTo(code);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).containsIgnoringCase(sentence).doesNotContain("\tat ", "Exception");
    assertThat(run.err().lines().filter(line -> !line.startsWith("Try: "))).hasSize(1);
    assertThat(names()).isEmpty();
  }

  @Test
  void shouldStopAtOnceAndLeaveNothing() throws Exception {
    Path err = Files.createTempFile("err", ".txt");
    Path out = Files.createTempFile("out", ".txt");
    Process process =
        CommandRun.start(
            folder, out, err, "render", "red.ply", "-o", "a.mp4", "--frames", "1000000");
    while (!Files.readString(err).contains("rendering 0/1000000")) {
      assertThat(process.isAlive()).as(Files.readString(err)).isTrue();
      Thread.sleep(50);
    }
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
}

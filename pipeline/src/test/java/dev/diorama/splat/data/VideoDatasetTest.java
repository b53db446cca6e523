package dev.diorama.splat.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.diorama.media.Clip;
import dev.diorama.media.FrameSink;
import dev.diorama.media.MediaException;
import dev.diorama.media.Output;
import dev.diorama.media.Picture;
import dev.diorama.media.VideoFrames;
import dev.diorama.splat.SceneException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A video whose frame i is grey 20 i, with poses. */
class VideoDatasetTest {
  private static final int FRAMES = 10;

  @TempDir private Path folder;

  @BeforeEach
  void writeVideos() throws IOException {
    for (String name : new String[] {"a.mp4", "a.webm", "a.gif"}) {
      Output output = Output.parse(folder.resolve(name).toString());
      try (FrameSink sink = output.open(new Clip(32, 24, 10, Map.of()))) {
        for (int i = 0; i < FRAMES; i++) {
          byte[] grey = new byte[32 * 24 * 3];
          Arrays.fill(grey, (byte) (20 * i));
          sink.add(grey);
        }
        sink.commit();
      }
    }
  }

  private Path poses(String... frames) throws IOException {
    String matrix = "\"transform_matrix\": [[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]";
    String list = String.join(", ", frames).replace("M", matrix);
    return Files.writeString(
        folder.resolve("poses.json"),
        "{\"w\": 32, \"h\": 24, \"fl_x\": 30, \"frames\": [%s]}".formatted(list));
  }

  @ParameterizedTest
  @ValueSource(strings = {"a.mp4", "a.webm", "a.gif"})
  void shouldTakeFramesByTheirOrder(String video) throws IOException {
    Dataset dataset = Datasets.read(poses("{M}", "{M}", "{M}"), folder.resolve(video));
    assertThat(dataset.views()).hasSize(3);
    for (int i = 0; i < 3; i++) {
      // Codecs are lossy: a flat grey stays within a few steps.
      assertThat(dataset.views().get(i).picture().rgb()[999] & 0xff).isCloseTo(20 * i, within(4));
    }
  }

  @Test
  void shouldTakeTheFramesThatPosesName() throws IOException {
    Path poses = poses("{\"frame\": 7, M}", "{\"frame\": 2, M}", "{\"frame\": 9, M}");
    Dataset dataset = Datasets.read(poses, folder.resolve("a.mp4"));
    int[] expected = {2, 7, 9};
    for (int i = 0; i < 3; i++) {
      assertThat(dataset.views().get(i).picture().rgb()[999] & 0xff)
          .isCloseTo(20 * expected[i], within(4));
    }
  }

  @Test
  void shouldRefuseWhatDoesNotFit() throws IOException {
    Path late = poses("{\"frame\": 10, M}");
    assertThatThrownBy(() -> Datasets.read(late, folder.resolve("a.mp4")))
        .isInstanceOf(SceneException.class)
        .hasMessageContaining("has 10 frames, but")
        .hasMessageContaining("a pose for frame 10");
    Path fine = poses("{M}");
    assertThatThrownBy(() -> Datasets.read(fine, folder.resolve("none.mp4")))
        .isInstanceOf(MediaException.class)
        .hasMessageContaining("none.mp4: it does not exist");
    Path text = Files.writeString(folder.resolve("text.mp4"), "no video at all");
    assertThatThrownBy(() -> Datasets.read(fine, text))
        .isInstanceOf(MediaException.class)
        .hasMessageContaining("cannot read the video");
  }

  @Test
  void shouldNotFollowListsToOtherFiles() throws IOException {
    Path fine = poses("{M}");
    Path list =
        Files.writeString(
            folder.resolve("list.ffconcat"),
            "ffconcat version 1.0\nfile '%s'\n".formatted(folder.resolve("a.mp4")));
    Path playlist =
        Files.writeString(
            folder.resolve("list.m3u8"),
            "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\na.mp4\n#EXT-X-ENDLIST\n");
    for (Path file : new Path[] {list, playlist}) {
      assertThatThrownBy(() -> Datasets.read(fine, file))
          .isInstanceOf(MediaException.class)
          .hasMessageContaining("cannot read the video");
    }
  }

  @Test
  void shouldRefuseAVideoThatIsCutOff() throws IOException {
    Path file = folder.resolve("a.webm");
    byte[] whole = Files.readAllBytes(file);
    Path cut = Files.write(folder.resolve("cut.webm"), Arrays.copyOf(whole, whole.length / 2));
    Path poses = poses("{\"frame\": 9, M}");
    assertThatThrownBy(() -> Datasets.read(poses, cut)).isInstanceOf(IOException.class);
  }

  /** ffmpeg's own decoding is the yardstick, turned pictures included. */
  @ParameterizedTest
  @ValueSource(ints = {0, 90, 180, 270})
  void shouldDecodeAsFfmpegDoes(int degrees) throws Exception {
    assumeTrue(isInstalled("ffmpeg"), "ffmpeg is not installed");
    Path source = folder.resolve("source.mp4");
    Path video = folder.resolve("turned.mp4");
    Path raw = folder.resolve("frame.rgb");
    String pattern = "testsrc2=size=64x48:rate=5:duration=1";
    ffmpeg("-f", "lavfi", "-i", pattern, "-pix_fmt", "yuv420p", "-c:v", "mpeg4", source.toString());
    ffmpeg(
        "-i",
        source.toString(),
        "-c",
        "copy",
        "-metadata:s:v:0",
        "rotate=" + degrees,
        video.toString());
    String filter =
        "scale=flags=bicubic+accurate_rnd+full_chroma_int+bitexact:out_range=pc,format=rgb24";
    String[] decoding = {"-frames:v", "1", "-vf", filter, "-f", "rawvideo", raw.toString()};
    ffmpeg(
        Stream.concat(Stream.of("-i", source.toString()), Stream.of(decoding))
            .toArray(String[]::new));
    byte[] upright = Files.readAllBytes(raw);
    ffmpeg(
        Stream.concat(Stream.of("-i", video.toString()), Stream.of(decoding))
            .toArray(String[]::new));
    byte[] shown = Files.readAllBytes(raw);
    try (VideoFrames frames = VideoFrames.open(video)) {
      Picture first = frames.next();
      // The same colours to the bit, before the turn.
      byte[][] turns = new byte[4][];
      for (int i = 0; i < 4; i++) {
        turns[i] = clockwise(upright, 64, 48, i);
      }
      assertThat(List.of(turns)).contains(first.rgb());
      // And the same turn: ffmpeg enlarges chroma after it, which rounds otherwise at edges; any
      // other turn is another picture.
      byte[] nearest = turns[0];
      for (byte[] turn : turns) {
        nearest = difference(turn, shown) < difference(nearest, shown) ? turn : nearest;
      }
      assertThat(first.rgb()).isEqualTo(nearest);
    }
  }

  private static long difference(byte[] a, byte[] b) {
    long sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += Math.abs((a[i] & 0xff) - (b[i] & 0xff));
    }
    return sum;
  }

  /** A picture after some quarter turns. */
  private static byte[] clockwise(byte[] rgb, int width, int height, int turns) {
    if (turns == 0) {
      return rgb;
    }
    byte[] out = new byte[rgb.length];
    for (int y = 0; y < width; y++) {
      for (int x = 0; x < height; x++) {
        System.arraycopy(rgb, 3 * ((height - 1 - x) * width + y), out, 3 * (y * height + x), 3);
      }
    }
    return clockwise(out, height, width, turns - 1);
  }

  private static boolean isInstalled(String program) {
    return Arrays.stream(System.getenv("PATH").split(":"))
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
  }

  private static void ffmpeg(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("ffmpeg", "-y", "-loglevel", "error"));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes());
    assertThat(process.waitFor()).as(said).isZero();
  }
}

package dev.diorama.splat.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diorama.media.Clip;
import dev.diorama.media.FrameSink;
import dev.diorama.media.MediaException;
import dev.diorama.media.Output;
import dev.diorama.splat.SceneException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
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
}

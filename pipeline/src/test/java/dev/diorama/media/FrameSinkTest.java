package dev.diorama.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds for every format. */
class FrameSinkTest {
  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"a.mp4", "a.webm", "a.gif", "a/", "a.safetensors"})
  void shouldWriteTheSameBytesTwice(String name) throws IOException {
    write("one-" + name);
    write("two-" + name);
    Map<String, String> one = contents("one-" + name);
    assertThat(one).isNotEmpty().isEqualTo(contents("two-" + name));
    write("one-" + name);
    assertThat(contents("one-" + name)).isEqualTo(one);
    assertThat(names()).containsExactlyInAnyOrder(bare("one-" + name), bare("two-" + name));
  }

  @ParameterizedTest
  @ValueSource(strings = {"a.mp4", "a.webm", "a.gif", "a/", "a.safetensors"})
  void shouldLeaveNothingWithoutCommit(String name) throws IOException {
    try (FrameSink sink = open(name)) {
      sink.add(TestPictures.frame(0, TestPictures.WIDTH, TestPictures.HEIGHT));
      assertThat(names()).hasSize(1).allMatch(n -> n.startsWith(".") && n.endsWith(".part"));
    }
    assertThat(names()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"a.mp4", "a.webm", "a.gif", "a/", "a.safetensors"})
  void shouldKeepTheOldFileWithoutCommit(String name) throws IOException {
    write(name);
    Map<String, String> before = contents(name);
    try (FrameSink sink = open(name)) {
      sink.add(TestPictures.frame(7, TestPictures.WIDTH, TestPictures.HEIGHT));
    }
    assertThat(contents(name)).isEqualTo(before);
    assertThat(names()).containsExactly(bare(name));
  }

  @ParameterizedTest
  @ValueSource(strings = {"a.mp4", "a.webm", "a.gif", "a/", "a.safetensors"})
  void shouldRefuseAFrameOfAnotherSize(String name) throws IOException {
    try (FrameSink sink = open(name)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> sink.add(new byte[17]))
          .withMessage("a frame of 64x48 has 9216 samples, got 17");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"a.mp4", "a.webm", "a.gif", "a/", "a.safetensors"})
  void shouldRefuseAVideoWithoutFrames(String name) throws IOException {
    try (FrameSink sink = open(name)) {
      assertThatThrownBy(sink::commit)
          .isInstanceOf(MediaException.class)
          .hasMessageContaining("there are no frames");
    }
    assertThat(names()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"a.mp4", "a.webm", "a.gif", "a/", "a.safetensors"})
  void shouldNameAFolderThatIsNotThere(String name) {
    assertThatThrownBy(() -> open("nowhere/" + name))
        .isInstanceOf(MediaException.class)
        .hasMessage(
            "cannot write %s: the folder %s does not exist",
            folder.resolve("nowhere/" + bare(name)), folder.resolve("nowhere"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"a.mp4", "a.webm"})
  void shouldRefuseOddAndTinySizes(String name) {
    Output output = Output.parse(folder.resolve(name).toString());
    assertThatThrownBy(() -> output.open(new Clip(65, 48, 8, Map.of())))
        .hasMessageContaining("needs an even width and height, got 65x48");
    assertThatThrownBy(() -> output.open(new Clip(2, 48, 8, Map.of())))
        .hasMessageContaining("needs at least 16x16 pixels, got 2x48");
    assertThat(names()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"a.mp4", "a.webm"})
  void shouldRefuseASizeBeyondTheCodecAndLeaveNothing(String name) {
    Output output = Output.parse(folder.resolve(name).toString());
    assertThatThrownBy(() -> output.open(new Clip(65534, 65534, 8, Map.of())))
        .isInstanceOf(MediaException.class)
        .hasMessageContaining("cannot write ");
    assertThat(names()).isEmpty();
  }

  @Test
  void shouldNotMixFramesWithOtherFiles() throws IOException {
    Path mine = Files.createDirectory(folder.resolve("mine"));
    Files.writeString(mine.resolve("letter.txt"), "dear");
    assertThatThrownBy(() -> open("mine/"))
        .isInstanceOf(MediaException.class)
        .hasMessage("cannot write frames into %s: it holds other files, such as letter.txt", mine);
    assertThat(mine.resolve("letter.txt")).hasContent("dear");
  }

  @Test
  void shouldNameWhatIsInTheWay() throws IOException {
    Files.createDirectories(folder.resolve("film.mp4/x"));
    Path path = folder.resolve("film.mp4");
    Output output = new Output(path, Output.Format.MP4);
    assertThatThrownBy(() -> output.open(TestPictures.clip(8)))
        .hasMessage("cannot write %s: it is a folder", path);
    Path file = Files.createFile(folder.resolve("file"));
    assertThatThrownBy(() -> open("file/frame.gif"))
        .hasMessage("cannot write %s/frame.gif: the folder %s is a file", file, file);
    assertThatThrownBy(() -> open("file/"))
        .hasMessage("cannot write frames into %s: it is a file", file);
  }

  @Test
  void shouldChooseTheFormatByTheName() {
    assertThat(Output.parse("a/B.MP4").format()).isEqualTo(Output.Format.MP4);
    assertThat(Output.parse("b.webm").format()).isEqualTo(Output.Format.WEBM);
    assertThat(Output.parse("b.gif").format()).isEqualTo(Output.Format.GIF);
    assertThat(Output.parse("frames/").format()).isEqualTo(Output.Format.PNG);
    assertThat(Output.parse(folder.toString()).format()).isEqualTo(Output.Format.PNG);
    assertThat(Output.parse("b.safetensors").format()).isEqualTo(Output.Format.SAFETENSORS);
    for (String unknown : new String[] {"", "ball", "ball.avi", "ball.mp4.txt", "a\0b.mp4"}) {
      assertThatIllegalArgumentException().isThrownBy(() -> Output.parse(unknown));
    }
  }

  @Test
  void shouldEnlargeForViewingOnly() throws IOException {
    Clip clip = TestPictures.clip(8);
    Output frames = Output.parse(folder.resolve("big") + "/");
    byte[] frame = TestPictures.noise(clip.width() * clip.height() * 3);
    try (FrameSink sink = Upscale.open(frames, clip, 3)) {
      sink.add(frame);
      sink.commit();
    }
    Picture big = Pictures.read(folder.resolve("big/frame_0000.png"));
    assertThat(big.width()).isEqualTo(3 * clip.width());
    assertThat(big.rgb())
        .isEqualTo(new Picture(clip.width(), clip.height(), frame).stretched(192, 144).rgb());
    Output tensor = Output.parse(folder.resolve("a.safetensors").toString());
    assertThatThrownBy(() -> Upscale.open(tensor, clip, 2)).hasMessageContaining("never enlarged");
  }

  private FrameSink open(String name) throws IOException {
    return Output.parse(folder + "/" + name).open(TestPictures.clip(8));
  }

  private void write(String name) throws IOException {
    TestPictures.write(Output.parse(folder + "/" + name), 5, 8);
  }

  private static String bare(String name) {
    return name.replace("/", "");
  }

  private java.util.List<String> names() {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Map<String, String> contents(String name) throws IOException {
    Path root = folder.resolve(bare(name));
    try (Stream<Path> files = Files.walk(root)) {
      return files
          .filter(Files::isRegularFile)
          .collect(Collectors.toMap(f -> root.relativize(f).toString(), FrameSinkTest::sum));
    }
  }

  private static String sum(Path file) {
    try {
      return TestPictures.sha256(Files.readAllBytes(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

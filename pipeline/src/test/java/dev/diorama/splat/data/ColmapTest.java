package dev.diorama.splat.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diorama.CameraModel;
import dev.diorama.splat.Camera;
import dev.diorama.splat.SceneException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** COLMAP's models, written by hand. */
class ColmapTest {
  private static final String CAMERAS =
      """
      # Camera list with one line of data per camera:
      #   CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[]
      7 PINHOLE 8 6 5 5.5 4 3
      3 OPENCV_FISHEYE 10 4 6 6.5 5 2 0 0 0 0
      """;
  private static final String IMAGES =
      """
      # Image list with two lines of data per image:
      11 0.5 0.5 0.5 0.5 1 2 3 3 sub/z.png
      1 2 -1 3 4 5
      12 2 0 0 0 0 0 4 7 a.png

      """;
  private static final String POINTS =
      """
      # 3D point list
      5 1 2 3 10 200 30 0.1 11 0 12 1
      9 -4 5 -6 255 0 1 0.1 11 1
      """;

  @TempDir private Path folder;

  private void writePictures() throws IOException {
    TinyPictures.write(folder.resolve("images/a.png"), 8, 6, 0x112233);
    TinyPictures.write(folder.resolve("images/sub/z.png"), 10, 4, 0x445566);
  }

  private void writeText(Path model) throws IOException {
    Files.createDirectories(model);
    Files.writeString(model.resolve("cameras.txt"), CAMERAS);
    Files.writeString(model.resolve("images.txt"), IMAGES);
    Files.writeString(model.resolve("points3D.txt"), POINTS);
  }

  @ParameterizedTest
  @ValueSource(strings = {"sparse/0", "sparse", "colmap/sparse/0", "."})
  void shouldReadBothEncodingsAlike(String place) throws IOException {
    writePictures();
    Path model = folder.resolve(place);
    ColmapFiles.writeModel(model);
    check(Datasets.read(folder));
    for (String name : new String[] {"cameras", "images", "points3D"}) {
      Files.delete(model.resolve(name + ".bin"));
    }
    writeText(model);
    check(Datasets.read(folder));
  }

  private static void check(Dataset dataset) {
    // By name, not in the order of the file.
    assertThat(dataset.views()).extracting(View::name).containsExactly("a.png", "sub/z.png");
    Camera a = dataset.views().get(0).camera();
    assertThat(a.model()).isEqualTo(CameraModel.PINHOLE);
    assertThat(a.fy()).isEqualTo(5.5);
    // Its quaternion is not normalised: no turn, 4 away along z.
    assertThat(a.worldToCamera()).containsExactly(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 4, 0, 0, 0, 1);
    Camera z = dataset.views().get(1).camera();
    assertThat(z.model()).isEqualTo(CameraModel.FISHEYE);
    // A third of a turn around the diagonal takes x to y, y to z and z to x.
    assertThat(z.worldToCamera())
        .containsExactly(
            new double[] {0, 0, 1, 1, 1, 0, 0, 2, 0, 1, 0, 3, 0, 0, 0, 1}, within(1e-12));
    assertThat(dataset.points().positions()).containsExactly(1, 2, 3, -4, 5, -6);
    assertThat(dataset.points().colours())
        .containsExactly((byte) 10, (byte) 200, 30, (byte) 255, 0, 1);
  }

  @Test
  void shouldFindThePicturesOfAModelThatIsNamedItself() throws IOException {
    writePictures();
    ColmapFiles.writeModel(folder.resolve("sparse/0"));
    check(Datasets.read(folder.resolve("sparse/0")));
    assertThat(CameraFiles.read(folder.resolve("sparse/0")).cameras()).hasSize(2);
  }

  @Test
  void shouldReadAllModelsOfLensesThatAreDrawn() throws IOException {
    String[] lines = {
      "1 SIMPLE_PINHOLE 8 6 5 4 3",
      "1 SIMPLE_RADIAL 8 6 5 4 3 0.1",
      "1 RADIAL 8 6 5 4 3 0.1 0.2",
      "1 OPENCV 8 6 5 5 4 3 0.1 0.2 0.3 0.4",
      "1 FULL_OPENCV 8 6 5 5 4 3 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8",
      "1 SIMPLE_RADIAL_FISHEYE 8 6 5 4 3 0.1",
      "1 RADIAL_FISHEYE 8 6 5 4 3 0.1 0.2"
    };
    for (String line : lines) {
      Files.writeString(folder.resolve("cameras.txt"), line);
      Files.writeString(folder.resolve("images.txt"), "1 1 0 0 0 0 0 0 1 a b.png\n\n");
      Capture capture = Datasets.capture(folder, false);
      Lens lens = capture.shots().getFirst().lens();
      assertThat(capture.shots().getFirst().name()).isEqualTo("a b.png");
      assertThat(new double[] {lens.fx(), lens.fy(), lens.cx(), lens.cy()})
          .as(line)
          .containsExactly(5, 5, 4, 3);
      assertThat(lens.isDistorted()).isEqualTo(!line.contains("SIMPLE_PINHOLE"));
      if (line.contains("FULL")) {
        assertThat(lens.radial()).containsExactly(0.1, 0.2, 0.5);
        assertThat(lens.divisor()).containsExactly(0.6, 0.7, 0.8);
        assertThat(new double[] {lens.p1(), lens.p2()}).containsExactly(0.3, 0.4);
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          cameras  | 1 PINHOLE 8 6 5 5 4                | line 1: a PINHOLE camera has 4 parameters, got 3
          cameras  | 1 FISHY 8 6 5 5 4                  | camera 1 has the model FISHY, which is not known
          cameras  | 1 FOV 8 6 5 5 4 3 0.9              | camera 1 has the model FOV, which is not drawn
          cameras  | 1 PINHOLE 8 x 5 5 4 3              | line 1: x, expected a whole number
          cameras  | 1 PINHOLE 8 99999 5 5 4 3          | a picture of 8x99999 pixels, expected 1 to 32768
          cameras  | 1 PINHOLE 8 6 -5 5 4 3             | focal lengths above 0
          cameras  | 1                                  | expected a camera: CAMERA_ID MODEL
          images   | 1 1 0 0 0 0 0 0 9 a.png            | the image a.png is of camera 9, which is not among
          images   | 1 0 0 0 0 0 0 0 7 a.png            | the image a.png has no pose
          images   | 1 1 0 0                            | expected an image: IMAGE_ID QW
          images   | 1 1 0 0 zero 0 0 0 7 a.png         | line 1: zero, expected a number
          images   | # nothing                          | has no image with a pose
          points3D | 5 1 2 3 10 200 300 0.1             | line 1: 300, expected a colour from 0 to 255
          points3D | 5 1 2                              | expected a point: POINT3D_ID X Y Z
          """)
  void shouldSayWhatIsWrongInText(String file, String line, String sentence) throws IOException {
    writeText(folder);
    Files.writeString(folder.resolve(file + ".txt"), line + "\n\n");
    assertThatThrownBy(() -> Datasets.capture(folder, false))
        .isInstanceOf(SceneException.class)
        .hasMessageContaining(file + ".txt")
        .hasMessageContaining(sentence);
  }

  @ParameterizedTest
  @ValueSource(strings = {"cameras", "images", "points3D"})
  void shouldRefuseEveryTruncation(String name) throws IOException {
    ColmapFiles.writeModel(folder);
    Path file = folder.resolve(name + ".bin");
    byte[] whole = Files.readAllBytes(file);
    for (int length = 0; length < whole.length; length++) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> Datasets.capture(folder, false))
          .as("%d of %d bytes", length, whole.length)
          .isInstanceOf(SceneException.class)
          .hasMessageContaining(name + ".bin");
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1_000_000_000_000L, Long.MAX_VALUE, -1, 4})
  void shouldNotBelieveACount(long count) throws IOException {
    ColmapFiles.writeModel(folder);
    for (String name : new String[] {"points3D", "images", "cameras"}) {
      Path file = folder.resolve(name + ".bin");
      byte[] whole = Files.readAllBytes(file);
      byte[] lying = whole.clone();
      System.arraycopy(new ColmapFiles().i64(count).toBytes(), 0, lying, 0, 8);
      Files.write(file, lying);
      assertThatThrownBy(() -> Datasets.capture(folder, false))
          .isInstanceOf(SceneException.class)
          .hasMessageContaining(name + ".bin");
      Files.write(file, whole);
    }
  }

  @Test
  void shouldSayThatThePicturesAreAbsent() throws IOException {
    ColmapFiles.writeModel(folder.resolve("sparse/0"));
    assertThatThrownBy(() -> Datasets.read(folder))
        .isInstanceOf(SceneException.class)
        .hasMessageContaining("no folder images");
    Files.createDirectory(folder.resolve("images"));
    assertThatThrownBy(() -> Datasets.read(folder)).hasMessageContaining("a.png");
  }
}

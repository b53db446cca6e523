package dev.diorama.splat.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diorama.CameraModel;
import dev.diorama.splat.Camera;
import dev.diorama.splat.SceneException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** nerfstudio's transforms.json, written by hand. */
class TransformsTest {
  private static final String IDENTITY = "[[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]";

  @TempDir private Path folder;

  private Path write(String json) throws IOException {
    return Files.writeString(folder.resolve("transforms.json"), json);
  }

  @Test
  void shouldReadViewsWithIntrinsicsOfTheirOwnAndMasksAndPoints() throws IOException {
    TinyPictures.write(folder.resolve("images/a.png"), 8, 6, 0x102030);
    TinyPictures.write(folder.resolve("images/b.png"), 10, 4, 0x405060);
    TinyPictures.write(folder.resolve("masks/b.png"), 10, 4, (x, y) -> x < 3 ? 0 : 0xffffff);
    Files.writeString(
        folder.resolve("points.ply"),
        """
        ply
        format ascii 1.0
        element vertex 2
        property float x
        property float y
        property float z
        property uchar red
        property uchar green
        property uchar blue
        end_header
        1 2 3 4 5 6
        -1 0.5 9 255 0 128
        """);
    Path file =
        write(
            """
            {"camera_model": "OPENCV", "w": 8, "h": 6, "fl_x": 7, "fl_y": 7.5, "cx": 4, "cy": 3,
             "ply_file_path": "points.ply", "applied_scale": 2,
             "frames": [
               {"file_path": "images/a.png",
                "transform_matrix": [[1,0,0,1],[0,1,0,2],[0,0,1,3],[0,0,0,1]]},
               {"file_path": "./images/b.png", "mask_path": "masks/b.png", "w": 10, "h": 4,
                "fl_x": 9, "cx": 5, "cy": 2,
                "transform_matrix": [[0,-1,0,0],[1,0,0,0],[0,0,1,5],[0,0,0,1]]}]}
            """);
    Dataset dataset = Datasets.read(file);
    assertThat(dataset.views())
        .extracting(View::name)
        .containsExactly("images/a.png", "./images/b.png");
    View a = dataset.views().get(0);
    // Used as it is: nothing is centred, and applied_scale is not undone.
    assertThat(a.camera().position()).containsExactly(1, 2, 3);
    assertThat(a.camera().forward()).containsExactly(new double[] {0, 0, -1}, within(1e-12));
    assertThat(a.camera().down()).containsExactly(new double[] {0, -1, 0}, within(1e-12));
    assertThat(a.camera().fx()).isEqualTo(7);
    assertThat(a.camera().fy()).isEqualTo(7.5);
    assertThat(a.mask()).isNull();
    assertThat(a.picture().rgb()[2]).isEqualTo((byte) 0x30);
    View b = dataset.views().get(1);
    assertThat(b.camera().width()).isEqualTo(10);
    assertThat(b.camera().fx()).isEqualTo(9);
    assertThat(b.camera().fy()).isEqualTo(7.5);
    assertThat(b.camera().right()).containsExactly(new double[] {0, 1, 0}, within(1e-12));
    assertThat(b.mask()[2]).isZero();
    assertThat(b.mask()[3]).isEqualTo((byte) 255);
    assertThat(dataset.points().positions()).containsExactly(1, 2, 3, -1, 0.5f, 9);
    assertThat(dataset.points().colours()[3]).isEqualTo((byte) 255);
    assertThat(Datasets.read(folder).views()).hasSize(2);
  }

  @Test
  void shouldReadTheBlenderScenesOfNerf() throws IOException {
    TinyPictures.write(folder.resolve("train/r_0.png"), 20, 10, 0);
    Path file =
        write(
            "{\"camera_angle_x\": 1.5707963267948966, \"frames\": [{\"file_path\": \"./train/r_0\","
                + " \"transform_matrix\": "
                + IDENTITY
                + "}]}");
    Camera camera = Datasets.read(file).views().getFirst().camera();
    assertThat(camera.fx()).isCloseTo(10, within(1e-12)).isEqualTo(camera.fy());
    assertThat(camera.cx()).isEqualTo(10);
    assertThat(camera.height()).isEqualTo(10);
  }

  @ParameterizedTest
  @CsvSource({
    "PINHOLE, PINHOLE",
    "SIMPLE_PINHOLE, PINHOLE",
    "OPENCV, PINHOLE",
    "SIMPLE_RADIAL, PINHOLE",
    "OPENCV_FISHEYE, FISHEYE",
    "ORTHOPHOTO, ORTHOGRAPHIC"
  })
  void shouldKnowTheCameraModels(String name, CameraModel model) throws IOException {
    Path file = write(frame("\"camera_model\": \"" + name + "\","));
    assertThat(CameraFiles.read(file).cameras().getFirst().model()).isEqualTo(model);
  }

  private static String frame(String more) {
    return "{%s \"w\": 8, \"h\": 6, \"fl_x\": 7, \"frames\": [{\"transform_matrix\": %s}]}"
        .formatted(more, IDENTITY);
  }

  @Test
  void shouldFitTheCameraToASmallerCopyOfThePicture() throws IOException {
    TinyPictures.write(folder.resolve("a.png"), 50, 34, 0);
    Path file =
        write(
            "{\"w\": 101, \"h\": 67, \"fl_x\": 80, \"cx\": 50, \"cy\": 33, \"frames\":"
                + " [{\"file_path\": \"a.png\", \"transform_matrix\": "
                + IDENTITY
                + "}]}");
    Camera camera = Datasets.read(file).views().getFirst().camera();
    assertThat(camera.width()).isEqualTo(50);
    assertThat(camera.fx()).isCloseTo(80 * 50 / 101.0, within(1e-12));
    assertThat(camera.cy()).isCloseTo(33 * 34 / 67.0, within(1e-12));
    TinyPictures.write(folder.resolve("a.png"), 50, 50, 0);
    assertThatThrownBy(() -> Datasets.read(file))
        .isInstanceOf(SceneException.class)
        .hasMessageContaining("has 50x50 pixels, expected the camera's 101x67");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          {                                                                | not valid JSON
          []                                                               | does not hold a JSON object
          {}                                                               | holds no cameras
          {"frames": 5}                                                    | frames is 5, expected a list
          {"frames": []}                                                   | frames is empty
          {"frames": [7]}                                                  | frames is 7, expected a list
          {"w":8,"h":6,"fl_x":7,"frames":[{}]}                             | frames[0]: transform_matrix is missing
          {"w":8,"h":6,"fl_x":7,"frames":[{"transform_matrix":[1,2]}]}     | expected 16 numbers
          {"w":8,"h":6,"fl_x":7,"frames":[{"transform_matrix":[[2,0,0,0],[0,2,0,0],[0,0,2,0],[0,0,0,1]]}]}  | no rotation and translation
          {"w":8,"h":6,"fl_x":7,"frames":[{"transform_matrix":[[-1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]}]} | no rotation and translation
          {"w":8,"h":6,"fl_x":7,"frames":[{"transform_matrix":[[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,1,1]]}]}  | no rotation and translation
          {"frames":[{"transform_matrix":ID}]}                             | w and h are missing
          {"w":8.5,"h":6,"fl_x":7,"frames":[{"transform_matrix":ID}]}      | w is 8.5, expected a whole number
          {"w":8,"h":1e12,"fl_x":7,"frames":[{"transform_matrix":ID}]}     | h is 1.0E12, expected a whole number
          {"w":8,"h":6,"frames":[{"transform_matrix":ID}]}                 | fl_x is missing
          {"w":8,"h":6,"fl_x":-7,"frames":[{"transform_matrix":ID}]}       | focal lengths above 0
          {"w":8,"h":6,"fl_x":"7","frames":[{"transform_matrix":ID}]}      | fl_x is "7", expected a number
          {"camera_model":"EQUIRECTANGULAR","w":8,"h":6,"fl_x":7,"frames":[{"transform_matrix":ID}]} | camera_model EQUIRECTANGULAR is not known
          {"camera_model":"ORTHOPHOTO","k1":1,"w":8,"h":6,"fl_x":7,"frames":[{"transform_matrix":ID}]} | has no distortion
          """)
  void shouldRefuseWhatIsWrong(String json, String sentence) throws IOException {
    Path file = write(json.replace("ID", IDENTITY));
    assertThatThrownBy(() -> CameraFiles.read(file))
        .isInstanceOf(SceneException.class)
        .hasMessageContaining("transforms.json")
        .hasMessageContaining(sentence)
        .hasMessageNotContaining("\n");
  }

  @Test
  void shouldSayWhichPictureOrMaskIsWrong() throws IOException {
    String json =
        "{\"w\": 8, \"h\": 6, \"fl_x\": 7, \"frames\": [{\"file_path\": \"a.png\", \"mask_path\":"
            + " \"m.png\", \"transform_matrix\": "
            + IDENTITY
            + "}]}";
    Path file = write(json);
    assertThatThrownBy(() -> Datasets.read(file)).hasMessageContaining("a.png: it does not exist");
    TinyPictures.write(folder.resolve("a.png"), 8, 6, 0);
    assertThatThrownBy(() -> Datasets.read(file)).hasMessageContaining("m.png: it does not exist");
    TinyPictures.write(folder.resolve("m.png"), 4, 3, 0);
    assertThatThrownBy(() -> Datasets.read(file))
        .hasMessageContaining("m.png has 4x3 pixels, expected its picture's 8x6");
    Files.write(folder.resolve("a.png"), "no picture".getBytes(StandardCharsets.UTF_8));
    assertThatThrownBy(() -> Datasets.read(file)).hasMessageContaining("a.png");
  }

  @Test
  void shouldSayWhatAFolderLacks() {
    assertThatThrownBy(() -> Datasets.read(folder))
        .isInstanceOf(SceneException.class)
        .hasMessageContaining("neither transforms.json nor a COLMAP model");
  }
}

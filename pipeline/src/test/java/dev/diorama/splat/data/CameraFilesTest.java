package dev.diorama.splat.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diorama.CameraModel;
import dev.diorama.splat.Camera;
import dev.diorama.splat.CameraPath;
import dev.diorama.splat.SceneException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CameraFilesTest {
  @TempDir private Path folder;

  private CameraPath read(String json) throws IOException {
    return CameraFiles.read(Files.writeString(folder.resolve("path.json"), json));
  }

  @Test
  void shouldReadWhatItWrites() throws IOException {
    List<Camera> cameras = new ArrayList<>();
    double[] up = {0, -1, 0};
    for (CameraModel model : CameraModel.values()) {
      double[] position = {model.ordinal(), 2, -5};
      cameras.add(Camera.lookAt(model, 40, 30, 25, position, new double[3], up));
    }
    Path file = folder.resolve("path.json");
    CameraFiles.write(new CameraPath(cameras, 12.5), file);
    CameraPath again = CameraFiles.read(file);
    assertThat(again.fps()).isEqualTo(12.5);
    for (int i = 0; i < cameras.size(); i++) {
      Camera wanted = cameras.get(i);
      Camera found = again.cameras().get(i);
      assertThat(found.model()).isEqualTo(wanted.model());
      assertThat(found.fx()).isEqualTo(wanted.fx());
      assertThat(found.cy()).isEqualTo(wanted.cy());
      assertThat(found.worldToCamera()).containsExactly(wanted.worldToCamera(), within(1e-12));
    }
    assertThat(folder)
        .isDirectoryContaining("glob:**/path.json")
        .isDirectoryNotContaining("glob:**/.*");
  }

  @Test
  void shouldLeadThroughKeyframes() throws IOException {
    CameraPath path =
        read(
            """
            {"width": 64, "height": 32, "fov": 90, "frames": 5, "fps": 10, "up": [0, 0, 1],
             "keyframes": [
               {"position": [0, -4, 0], "target": [0, 0, 0]},
               {"position": [4, 0, 0], "target": [0, 0, 0], "fov": 60},
               {"transform_matrix": [[1,0,0,0],[0,1,0,0],[0,0,1,4],[0,0,0,1]]}]}
            """);
    assertThat(path.fps()).isEqualTo(10);
    assertThat(path.cameras()).hasSize(5);
    Camera first = path.cameras().get(0);
    assertThat(first.fx()).isCloseTo(16, within(1e-12));
    assertThat(first.up()).containsExactly(new double[] {0, 0, 1}, within(1e-12));
    assertThat(path.cameras().get(2).position())
        .containsExactly(new double[] {4, 0, 0}, within(1e-12));
    assertThat(path.cameras().get(2).fx()).isCloseTo(16 / Math.tan(Math.PI / 6), within(1e-9));
    assertThat(path.cameras().get(4).forward())
        .containsExactly(new double[] {0, 0, -1}, within(1e-9));
  }

  @Test
  void shouldReadNerfstudiosPaths() throws IOException {
    CameraPath path =
        read(
            """
            {"camera_type": "perspective", "render_width": 30, "render_height": 20, "fps": 30,
             "camera_path": [
               {"camera_to_world": [1,0,0,5, 0,1,0,6, 0,0,1,7, 0,0,0,1], "fov": 90, "aspect": 1.5}]}
            """);
    Camera camera = path.cameras().getFirst();
    assertThat(camera.position()).containsExactly(5, 6, 7);
    assertThat(camera.fx()).isCloseTo(10, within(1e-12));
    assertThat(path.fps()).isEqualTo(30);
  }

  @Test
  void shouldFitCamerasOfAnotherSizeToTheFirst() throws IOException {
    String frame = "{\"transform_matrix\": [1,0,0,0, 0,1,0,0, 0,0,1,0, 0,0,0,1], %s}";
    CameraPath path =
        read(
            "{\"fl_x\": 10, \"frames\": [%s, %s]}"
                .formatted(
                    frame.formatted("\"w\": 20, \"h\": 10"),
                    frame.formatted("\"w\": 40, \"h\": 20")));
    assertThat(path.cameras().get(1).width()).isEqualTo(20);
    assertThat(path.cameras().get(1).fx()).isEqualTo(5);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          {"keyframes": []}                                                 | width is missing
          {"width":8,"height":8,"keyframes":[]}                             | keyframes is empty
          {"width":8,"height":8,"keyframes":[{}]}                           | keyframes[0]: position is missing
          {"width":8,"height":8,"keyframes":[{"position":[0,0,0],"target":[0,0,0]}]}            | target away from its position
          {"width":8,"height":8,"fov":180,"keyframes":[{"position":[0,0,0],"target":[0,0,1]}]}  | a field of view of 180.0 degrees
          {"width":8,"height":8,"projection":"flat","keyframes":[{"position":[0,0,0],"target":[0,0,1]}]} | projection is flat
          {"width":8,"height":8,"frames":0,"keyframes":[{"position":[0,0,0],"target":[0,0,1]}]} | frames is 0, expected a whole number from 1
          {"width":8,"height":8,"fps":0,"keyframes":[{"position":[0,0,0],"target":[0,0,1]}]}    | fps is 0.0, expected more than 0
          {"render_width":8,"render_height":8,"camera_path":[]}             | camera_path is empty
          {"render_width":8,"render_height":8,"camera_type":"equirectangular","camera_path":[{}]} | camera_type is equirectangular
          """)
  void shouldRefuseWhatIsWrong(String json, String sentence) {
    assertThatThrownBy(() -> read(json))
        .isInstanceOf(SceneException.class)
        .hasMessageContaining("path.json")
        .hasMessageContaining(sentence);
  }
}

package dev.diorama.splat.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SceneException;
import dev.diorama.splat.edit.Transforms;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GlbTest {
  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({"1, 0", "3, 1", "1000, 2", "20000, 3"})
  void shouldComeBackAsItWas(int count, int degree) throws IOException {
    Gaussians scene = Scenes.random(count, degree);
    Path file = folder.resolve("a.glb");
    SceneFormats.write(scene, file);
    Gaussians back = SceneFormats.read(file);
    assertThat(back.means()).isEqualTo(scene.means());
    assertThat(back.sh()).isEqualTo(scene.sh());
    for (int i = 0; i < scene.logScales().length; i++) {
      // exp is stored in F32, whose half step of 2^-24 is what its logarithm is off by.
      assertThat(back.logScales()[i]).isCloseTo(scene.logScales()[i], within(1e-6f));
    }
    for (int i = 0; i < count; i++) {
      double opacity = 1 / (1 + Math.exp(-scene.logitOpacities()[i]));
      assertThat(1 / (1 + Math.exp(-back.logitOpacities()[i]))).isCloseTo(opacity, within(1e-6));
      double[] unit = new double[4];
      Quaternions.normalised(scene.quats(), i, unit);
      for (int c = 0; c < 4; c++) {
        assertThat((double) back.quats()[4 * i + c]).isCloseTo(unit[c], within(1e-7));
      }
    }
  }

  /** glTF's axes are half a turn about z away: the edit that turns scenes agrees. */
  @Test
  void shouldTurnScenesAsTheEditDoes() throws Exception {
    Gaussians scene = Scenes.random(50, 3);
    Gaussians turned = Transforms.rotate(new double[] {0, 0, 180}).apply(scene);
    Gaussians back =
        new Gaussians(
            turned.means(),
            turned.quats(),
            turned.logScales(),
            turned.logitOpacities(),
            turned.sh(),
            3);
    GltfAxes.fromGltf(back);
    for (int i = 0; i < scene.means().length; i++) {
      assertThat(back.means()[i]).isCloseTo(scene.means()[i], within(1e-5f));
    }
    for (int i = 0; i < scene.quats().length; i++) {
      assertThat(back.quats()[i]).isCloseTo(scene.quats()[i], within(1e-6f));
    }
    for (int i = 0; i < scene.sh().length; i++) {
      assertThat(back.sh()[i]).isCloseTo(scene.sh()[i], within(1e-5f));
    }
  }

  private Path edited(Gaussians scene, UnaryOperator<String> edit) throws IOException {
    Path file = folder.resolve("edited.glb");
    new GlbFormat().write(scene, file);
    ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    int length = in.getInt(12);
    String json = new String(in.array(), 20, length, StandardCharsets.UTF_8);
    byte[] text = edit.apply(json).getBytes(StandardCharsets.UTF_8);
    byte[] padded = Arrays.copyOf(text, Math.ceilDiv(text.length, 4) * 4);
    Arrays.fill(padded, text.length, padded.length, (byte) ' ');
    int total = in.capacity() - length + padded.length;
    ByteBuffer out = ByteBuffer.allocate(total).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(in.getInt(0)).putInt(2).putInt(total).putInt(padded.length).putInt(in.getInt(16));
    out.put(padded).put(in.array(), 20 + length, in.capacity() - 20 - length);
    Files.write(file, out.array());
    return file;
  }

  @Test
  void shouldFollowTheNodes() throws IOException {
    Gaussians scene = Scenes.random(40, 2);
    // A quarter turn about y and a scale of 2 outside, a step along x and the mesh twice inside.
    Path file =
        edited(
            scene,
            json ->
                json.replace(
                    "\"nodes\":[{\"mesh\":0}]",
                    """
                    "nodes":[{"children":[1,2],"scale":[2,2,2],
                              "rotation":[0,0.70710678118654752,0,0.70710678118654752]},
                             {"mesh":0,"translation":[1,0,0]},
                             {"mesh":0,"matrix":[1,0,0,0,0,1,0,0,0,0,1,0,0,5,0,1]}]\
                    """));
    Gaussians back = SceneFormats.read(file);
    assertThat(back.count()).isEqualTo(80);
    for (int i = 0; i < 40; i++) {
      // glTF: p = (-x, -y, z); (p + (1, 0, 0)) * 2, turned: (x, y, z) -> (z, y, -x).
      float x = scene.means()[3 * i];
      float y = scene.means()[3 * i + 1];
      float z = scene.means()[3 * i + 2];
      assertThat(back.means()[3 * i]).isCloseTo(-2 * z, within(1e-5f));
      assertThat(back.means()[3 * i + 1]).isCloseTo(2 * y, within(1e-5f));
      assertThat(back.means()[3 * i + 2]).isCloseTo(-2 * (1 - x), within(1e-5f));
      assertThat(back.means()[3 * (i + 40) + 1]).isCloseTo(2 * y - 10, within(1e-5f));
      assertThat(back.logScales()[3 * i])
          .isCloseTo(scene.logScales()[3 * i] + (float) Math.log(2), within(1e-5f));
    }
    Gaussians expected = Transforms.rotate(new double[] {0, -90, 0}).apply(scene);
    for (int i = 0; i < expected.sh().length; i++) {
      assertThat(back.sh()[i]).isCloseTo(expected.sh()[i], within(1e-5f));
    }
  }

  @Test
  void shouldTakeColoursFromPointsWhereThereAreNoOthers() throws IOException {
    Gaussians scene = Scenes.random(30, 0);
    Path file = edited(scene, json -> json.replace("SH_DEGREE_0_COEF_0", "SH_DEGREE_0_COEF_X"));
    Gaussians back = SceneFormats.read(file);
    double c0 = Math.sqrt(0.25 / Math.PI);
    for (int i = 0; i < scene.sh().length; i++) {
      double color = Math.clamp(0.5 + c0 * scene.sh()[i], 0, 1);
      // Half a step of 16 bits, where sRGB is steepest against linear values: 12.92.
      assertThat(0.5 + c0 * back.sh()[i]).isCloseTo(color, within(12.92 / 65535 / 2 + 1e-6));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"count\":30 | \"count\":1000000000000 | expected a whole number",
        "\"count\":30 | \"count\":2000000000 | bytes",
        "\"count\":30 | \"count\":31 | bytes",
        "\"kernel\":\"ellipse\" | \"kernel\":\"cube\" | expected \"ellipse\"",
        "srgb_rec709 | lin_rec709 | expected \"srgb_rec709_display\"",
        "\"extensionsUsed\" | \"extensionsRequired\":[\"EXT_meshopt_compression\"],\"x\" | known",
        "\"mesh\":0 | \"mesh\":0,\"scale\":[1,2,1] | stretches",
        "\"mesh\":0 | \"mesh\":0,\"scale\":[-1,1,1] | mirrors",
        "\"mesh\":0 | \"mesh\":0,\"children\":[0] | nowhere else",
        "\"mesh\":0 | \"mesh\":7 | a whole number from 0 to 0",
        "KHR_gaussian_splatting\":{ | KHR_other\":{ | has no mesh with KHR_gaussian_splatting",
        "\"byteOffset\":600 | \"byteOffset\":99999999 | byteOffset",
        "SH_DEGREE_1_COEF_2 | SH_DEGREE_1_COEF_9 | SH_DEGREE_1_COEF_2",
        "OPACITY | TRANSPARENCY | KHR_gaussian_splatting:OPACITY",
        "VEC4 | MAT4 | expected \"VEC4\"",
      })
  void shouldSayWhatIsWrong(String from, String to, String expected) throws IOException {
    Path file = edited(Scenes.random(30, 1), json -> json.replace(from, to));
    assertThatThrownBy(() -> SceneFormats.read(file))
        .isInstanceOf(SceneException.class)
        .hasMessageContaining("edited.glb")
        .hasMessageContaining(expected);
  }

  @Test
  void shouldRefuseToWriteWhatGltfCannotHold() {
    Gaussians scene = Scenes.random(5, 0);
    scene.sh()[7] = Float.POSITIVE_INFINITY;
    assertThatThrownBy(() -> SceneFormats.write(scene, folder.resolve("a.glb")))
        .isInstanceOf(SceneException.class)
        .hasMessageContaining("the colour of Gaussian 2 holds Infinity");
    assertThatThrownBy(() -> SceneFormats.write(Scenes.random(0, 0), folder.resolve("a.glb")))
        .hasMessageContaining("no Gaussians");
    assertThat(folder).isEmptyDirectory();
  }
}

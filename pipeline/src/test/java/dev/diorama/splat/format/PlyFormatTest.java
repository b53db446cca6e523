package dev.diorama.splat.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SceneException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PlyFormatTest {
  private static final String GAUSSIAN =
      """
      property float x
      property float y
      property float z
      property float f_dc_0
      property float f_dc_1
      property float f_dc_2
      property float opacity
      property float scale_0
      property float scale_1
      property float scale_2
      property float rot_0
      property float rot_1
      property float rot_2
      property float rot_3
      """;

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({"0,0", "1,0", "7,1", "1000,2", "5000,3"})
  void shouldKeepEveryBit(int count, int degree) throws IOException {
    Gaussians scene = Scenes.random(count, degree);
    if (count > 2) {
      scene.means()[4] = Float.NaN;
      scene.logScales()[2] = Float.NEGATIVE_INFINITY;
      scene.logitOpacities()[1] = Float.POSITIVE_INFINITY;
    }
    Path file = folder.resolve("scene.ply");
    SceneFormats.write(scene, file);
    assertSame(SceneFormats.read(file), scene);
  }

  @Test
  void shouldWriteTheLayoutOfKerblEtAl() throws IOException {
    Gaussians scene = Scenes.random(2, 1);
    Path file = folder.resolve("scene.PLY");
    SceneFormats.write(scene, file);
    byte[] bytes = Files.readAllBytes(file);
    String text = new String(bytes, StandardCharsets.US_ASCII);
    String header = text.substring(0, text.indexOf("end_header\n") + 11);
    assertThat(header.lines().filter(l -> l.startsWith("property")).map(l -> l.substring(15)))
        .containsExactly(
            ("x y z nx ny nz f_dc_0 f_dc_1 f_dc_2 f_rest_0 f_rest_1 f_rest_2 f_rest_3 f_rest_4"
                    + " f_rest_5 f_rest_6 f_rest_7 f_rest_8 opacity scale_0 scale_1 scale_2 rot_0"
                    + " rot_1 rot_2 rot_3")
                .split(" "));
    ByteBuffer rows = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int second = header.length() + 26 * 4;
    assertThat(rows.getFloat(second)).isEqualTo(scene.means()[3]);
    // f_rest_3 is the first coefficient of green.
    assertThat(rows.getFloat(second + 12 * 4)).isEqualTo(scene.sh()[12 + 3 + 1]);
    assertThat(bytes).hasSize(header.length() + 2 * 26 * 4);
  }

  @ParameterizedTest
  @ValueSource(strings = {"ascii", "binary_little_endian", "binary_big_endian"})
  void shouldReadAnyOrderTypeAndEncoding(String encoding) throws IOException {
    List<String> lines = new ArrayList<>(GAUSSIAN.lines().toList());
    lines.replaceAll(l -> l.equals("property float x") ? "property double x" : l);
    lines.replaceAll(l -> l.equals("property float opacity") ? "property short opacity" : l);
    lines.add("property uchar label");
    lines.add("property uint32 number");
    Collections.shuffle(lines, new Random(5));
    int count = 3;
    String header =
        "ply\r\nformat %s 1.0\r\ncomment made by hand\r\nelement camera 2\r\n".formatted(encoding)
            + "property float fov\r\nelement vertex 3\r\n"
            + String.join("\r\n", lines)
            + "\r\nelement face 1\r\nproperty list uchar int vertex_index\r\nend_header\r\n";
    ByteBuffer data = ByteBuffer.allocate(10_000);
    data.order(encoding.contains("little") ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    StringBuilder text = new StringBuilder("50 60\n");
    data.putFloat(50).putFloat(60);
    for (int i = 0; i < count * lines.size(); i++) {
      String type = lines.get(i % lines.size()).split(" ")[1];
      switch (type) {
        case "double" -> data.putDouble(i);
        case "short" -> data.putShort((short) -i);
        case "uchar" -> data.put((byte) i);
        case "uint32" -> data.putInt(i);
        default -> data.putFloat(i);
      }
      text.append(type.equals("short") ? -i : i).append(i % 5 == 0 ? "\n" : " \t");
    }
    byte[] head = header.getBytes(StandardCharsets.US_ASCII);
    byte[] body =
        encoding.equals("ascii")
            ? text.toString().strip().getBytes(StandardCharsets.US_ASCII)
            : null;
    Path file = folder.resolve("any.ply");
    ByteBuffer all = ByteBuffer.allocate(20_000).put(head);
    all.put(body != null ? ByteBuffer.wrap(body) : data.flip());
    Files.write(file, Arrays.copyOf(all.array(), all.position()));

    Gaussians scene = SceneFormats.read(file);
    assertThat(scene.count()).isEqualTo(count);
    assertThat(scene.shDegree()).isZero();
    for (int row = 0; row < count; row++) {
      int at = row * lines.size();
      assertThat(scene.means()[row * 3]).isEqualTo(at + lines.indexOf("property double x"));
      assertThat(scene.quats()[row * 4 + 3]).isEqualTo(at + lines.indexOf("property float rot_3"));
      assertThat(scene.sh()[row * 3 + 1]).isEqualTo(at + lines.indexOf("property float f_dc_1"));
      assertThat(scene.logitOpacities()[row])
          .isEqualTo(-(at + lines.indexOf("property short opacity")));
    }
  }

  @Test
  void shouldReadNumbersThatAreNone() throws IOException {
    Path file = text(GAUSSIAN, 1, "nan -inf inf 0 0 0 -nan 1e3 -1E-3 +2 Infinity NaN .5 0");
    Gaussians scene = SceneFormats.read(file);
    assertThat(scene.means())
        .containsExactly(Float.NaN, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY);
    assertThat(scene.quats()).containsExactly(Float.POSITIVE_INFINITY, Float.NaN, 0.5f, 0);
  }

  @Test
  void shouldRefuseAbsurdCountsAtOnce() throws IOException {
    for (String encoding : List.of("ascii", "binary_little_endian")) {
      Path file = folder.resolve("absurd.ply");
      String header = "ply\nformat %s 1.0\nelement vertex 1000000000000\n%send_header\n";
      Files.writeString(file, header.formatted(encoding, GAUSSIAN) + "0 1 2");
      assertThatThrownBy(() -> SceneFormats.read(file))
          .isInstanceOf(SceneException.class)
          .hasMessageContaining("claims 1000000000000 rows of vertex");
    }
  }

  @Test
  void shouldSayWhatIsWrong() throws IOException {
    assertRefused(text("property float x\nproperty float y\n", 1, "1 2"), "a cloud of points");
    assertRefused(
        text(GAUSSIAN.replace("rot_3", "rot_x"), 1, "0 ".repeat(14)), "no property rot_3");
    assertRefused(text(GAUSSIAN + "property float x\n", 1, "0 ".repeat(15)), "property x twice");
    assertRefused(
        text(GAUSSIAN + "property float f_rest_0\n", 1, "0 ".repeat(15)), "has 1 propert");
    assertRefused(text(GAUSSIAN + "property list int int a\n", 1, "0 ".repeat(15)), "has a list");
    assertRefused(text(GAUSSIAN + "property half h\n", 1, "0 ".repeat(15)), "property half h");
    assertRefused(text(GAUSSIAN, 1, "0 ".repeat(13) + "one"), "\"one\" among its numbers");
    assertRefused(text(GAUSSIAN, 1, "0".repeat(50) + " 0 0"), "ends before");
    assertRefused(text(GAUSSIAN, 1, "0".repeat(99)), "among its numbers");
    assertRefused(text(GAUSSIAN, 2, "0 ".repeat(27)), "claims 2 rows");
    assertRefused(text("element vertex -1\n", 1, ""), "\"element vertex -1\"");
    assertRefused(raw("ply\nformat binary_little_endian 1.0\nelement vertex 0\n"), "end_header");
    assertRefused(raw("ply\nelement vertex 0\nend_header\n"), "no line \"format\"");
    assertRefused(raw("ply\nformat ascii 1.0\nend_header\n"), "no element vertex");
    assertRefused(raw("ply\nproperty float x\nend_header\n"), "an element before it");
    assertRefused(raw("ply\nformat latin 1.0\nend_header\n"), "binary_big_endian");
    assertRefused(raw("ply\nsomething\nend_header\n"), "\"something\"");
  }

  private Path text(String properties, int count, String numbers) throws IOException {
    return raw(
        "ply\nformat ascii 1.0\nelement vertex %d\n%send_header\n%s"
            .formatted(count, properties, numbers));
  }

  private Path raw(String text) throws IOException {
    return Files.writeString(folder.resolve("bad.ply"), text);
  }

  private static void assertRefused(Path file, String sentence) {
    assertThatThrownBy(() -> SceneFormats.read(file))
        .isInstanceOf(SceneException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining(sentence);
  }

  private static void assertSame(Gaussians actual, Gaussians expected) {
    assertThat(actual.shDegree()).isEqualTo(expected.shDegree());
    assertThat(actual.means()).isEqualTo(expected.means());
    assertThat(actual.quats()).isEqualTo(expected.quats());
    assertThat(actual.logScales()).isEqualTo(expected.logScales());
    assertThat(actual.logitOpacities()).isEqualTo(expected.logitOpacities());
    assertThat(actual.sh()).isEqualTo(expected.sh());
  }
}

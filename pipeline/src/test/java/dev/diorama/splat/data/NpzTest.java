package dev.diorama.splat.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diorama.splat.Camera;
import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SceneException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NpzTest {
  private static final double[] EYE = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 5, 0, 0, 0, 1};

  @TempDir private Path folder;
  private final Map<String, byte[]> arrays = new LinkedHashMap<>();

  /** A .npy with a header as NumPy writes it. */
  private static byte[] npy(String kind, String shape, byte[] data) {
    String header =
        "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }\n".formatted(kind, shape);
    ByteBuffer out =
        ByteBuffer.allocate(10 + header.length() + data.length).order(ByteOrder.LITTLE_ENDIAN);
    out.put((byte) 0x93).put("NUMPY".getBytes(StandardCharsets.US_ASCII)).put(new byte[] {1, 0});
    out.putShort((short) header.length()).put(header.getBytes(StandardCharsets.US_ASCII));
    return out.put(data).array();
  }

  private static byte[] f4(double... values) {
    ByteBuffer out = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (double value : values) {
      out.putFloat((float) value);
    }
    return out.array();
  }

  private static byte[] f8(double... values) {
    ByteBuffer out = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (double value : values) {
      out.putDouble(value);
    }
    return out.array();
  }

  private static byte[] i8(long value) {
    return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
  }

  private Path write() throws IOException {
    Path file = folder.resolve("scene.npz");
    try (OutputStream out = Files.newOutputStream(file);
        ZipOutputStream zip = new ZipOutputStream(out)) {
      for (Map.Entry<String, byte[]> array : arrays.entrySet()) {
        zip.putNextEntry(new ZipEntry(array.getKey() + ".npy"));
        zip.write(array.getValue());
      }
    }
    return file;
  }

  private void addGarden() {
    arrays.put("means3d", npy("<f4", "5, 3", f4(0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0)));
    byte[] colours = {(byte) 255, 0, 51, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0};
    arrays.put("colors", npy("|u1", "5, 3", colours));
    arrays.put("viewmats", npy("<f8", "1, 4, 4", f8(EYE)));
    arrays.put("Ks", npy("<f4", "1, 3, 3", f4(9, 0, 4, 0, 8, 3, 0, 0, 1)));
    arrays.put("width", npy("<i8", "", i8(8)));
    arrays.put("height", npy("<i8", "", i8(6)));
  }

  @Test
  void shouldReadPointsAndCameras() throws IOException {
    addGarden();
    SceneSource source = SceneSource.read(write());
    Gaussians scene = source.scene();
    assertThat(scene.count()).isEqualTo(5);
    // The other places are 1, 2 and 3 away; the copy of the first point does not count.
    assertThat(scene.logScales()[0]).isCloseTo((float) Math.log(2), within(1e-6f));
    assertThat(scene.logScales()[14]).isEqualTo(scene.logScales()[0]);
    assertThat(1 / (1 + Math.exp(-scene.logitOpacities()[3]))).isCloseTo(0.7, within(1e-6));
    assertThat(scene.quats()).startsWith(1, 0, 0, 0);
    assertThat(0.5 + 0.28209479177387814 * scene.sh()[2]).isCloseTo(0.2, within(1e-6));
    Camera camera = source.cameras().getFirst();
    assertThat(camera.worldToCamera()).containsExactly(EYE);
    assertThat(new double[] {camera.fx(), camera.fy(), camera.cx(), camera.cy()})
        .containsExactly(9, 8, 4, 3);
    assertThat(CameraFiles.read(folder.resolve("scene.npz")).cameras()).hasSize(1);
  }

  @Test
  void shouldReadColoursFromZeroToOne() throws IOException {
    addGarden();
    double[] ones = new double[15];
    java.util.Arrays.fill(ones, 0.2);
    arrays.put("colors", npy("<f8", "5, 3", f8(ones)));
    assertThat(NpzCapture.points(write()).colours()[7]).isEqualTo((byte) 51);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          means3d | <f4 | 5, 2                    | has 5x2 numbers
          means3d | <f4 | 4, 3                    | has 4x3 numbers and colors 5x3
          means3d | <f4 | 15                      | expected 2 sizes
          means3d | <f4 | 1000000000000, 3        | claims more numbers than can be read
          means3d | <f4 | 4294967297, 4294967297  | claims more numbers than can be read
          means3d | <f4 | 100000000, 3            | claims 1200000000 bytes, but only
          means3d | <f4 | 6, 3                    | ends after 60 of 72 bytes
          means3d | <c8 | 5, 3                    | it holds <c8 in row-major order
          viewmats| <f8 | 1, 16, 1                | expected [C, 4, 4]
          Ks      | <f4 | 1, 9, 1                 | expected [C, 4, 4]
          """)
  void shouldRefuseArraysThatDoNotFit(String name, String kind, String shape, String sentence)
      throws IOException {
    addGarden();
    byte[] old = arrays.get(name);
    int header = 10 + ((old[8] & 0xff) | (old[9] & 0xff) << 8);
    byte[] data = java.util.Arrays.copyOfRange(old, header, old.length);
    arrays.put(name, npy(kind, shape, data));
    Path file = write();
    assertThatThrownBy(() -> SceneSource.read(file))
        .isInstanceOf(SceneException.class)
        .hasMessageContaining("scene.npz")
        .hasMessageContaining(sentence);
  }

  @Test
  void shouldRefuseCamerasThatAreNone() throws IOException {
    addGarden();
    arrays.put("Ks", npy("<f4", "1, 3, 3", f4(9, 1, 4, 0, 8, 3, 0, 0, 1)));
    assertThatThrownBy(() -> SceneSource.read(write())).hasMessageContaining("skewed");
    arrays.put("Ks", npy("<f4", "1, 3, 3", f4(-9, 0, 4, 0, 8, 3, 0, 0, 1)));
    assertThatThrownBy(() -> SceneSource.read(write())).hasMessageContaining("focal lengths");
    addGarden();
    arrays.put("width", npy("<i8", "", i8(1L << 40)));
    assertThatThrownBy(() -> SceneSource.read(write())).hasMessageContaining("expected 1 to 32768");
    addGarden();
    double[] twice = EYE.clone();
    twice[0] = 2;
    arrays.put("viewmats", npy("<f8", "1, 4, 4", f8(twice)));
    assertThatThrownBy(() -> SceneSource.read(write())).hasMessageContaining("no rotation");
  }

  @Test
  void shouldRefuseEveryDamagedByteOrReadIt() throws IOException {
    addGarden();
    byte[] whole = Files.readAllBytes(write());
    List<Integer> read = new ArrayList<>();
    for (int i = 0; i < whole.length; i++) {
      byte[] damaged = whole.clone();
      damaged[i] ^= 0x55;
      Path file = Files.write(folder.resolve("damaged.npz"), damaged);
      try (Npz npz = Npz.open(file)) {
        npz.values("means3d", 2);
        read.add(i);
      } catch (SceneException e) {
        assertThat(e).hasMessageContaining("damaged.npz");
      }
    }
    assertThat(read).hasSizeLessThan(whole.length);
  }

  @Test
  void shouldStopABombThatDeflateCouldHold() throws IOException {
    // The header is honest about a size that is not there: only that much is ever read.
    ByteArrayOutputStream zeros = new ByteArrayOutputStream();
    zeros.writeBytes(npy("<f4", "5, 3", new byte[50_000_000]));
    addGarden();
    arrays.put("means3d", zeros.toByteArray());
    assertThat(NpzCapture.points(write()).count()).isEqualTo(5);
  }
}

package dev.diorama.splat.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diorama.media.LosslessWebp;
import dev.diorama.media.LosslessWebp.Image;
import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SceneException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SogTest {
  /** Half of a step of one of a quaternion's smaller components. */
  private static final double QUAT_STEP = Math.sqrt(0.5) / 255 + 1e-6;

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({"1, 0", "2, 3", "17, 1", "1000, 2", "1500, 3"})
  void shouldComeBackWithinItsQuantisation(int count, int degree) throws IOException {
    Gaussians scene = RandomScenes.of(count, degree, count);
    Path file = folder.resolve("scene.sog");
    SceneFormats.write(scene, file);
    check(scene, SceneFormats.read(file));
  }

  @Test
  void shouldWriteAndReadAFolder() throws IOException {
    Gaussians scene = RandomScenes.of(300, 1, 5);
    Path target = folder.resolve("scene");
    SceneFormats.write(RandomScenes.of(20, 2, 6), target.resolve("meta.json"));
    SceneFormats.write(scene, target.resolve("meta.json"));
    check(scene, SceneFormats.read(target));
    check(scene, SceneFormats.read(target.resolve("meta.json")));
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left).containsExactly(target);
    }
  }

  @Test
  void shouldNotReplaceAFolderOfOtherThings() throws IOException {
    Files.writeString(folder.resolve("thesis.txt"), "years of work");
    assertThatThrownBy(
            () -> SceneFormats.write(RandomScenes.of(2, 0, 1), folder.resolve("meta.json")))
        .hasMessageContaining("it holds other files, such as thesis.txt");
  }

  private static void check(Gaussians scene, Gaussians back) {
    assertThat(back.count()).isEqualTo(scene.count());
    assertThat(back.shDegree()).isEqualTo(scene.shDegree());
    int[] match = RandomScenes.match(scene, back);
    double[] span = spans(scene);
    int stride = 3 * scene.coefficients();
    for (int i = 0; i < match.length; i++) {
      int j = match[i];
      for (int axis = 0; axis < 3; axis++) {
        double at = logarithm(scene.means()[3 * i + axis]);
        // Half a cell, and the rounding to F32 on both ways.
        assertThat(logarithm(back.means()[3 * j + axis]))
            .isCloseTo(at, within(span[axis] / 65535 / 2 + 1e-6));
      }
      checkRotation(scene.quats(), i, back.quats(), j);
      assertThat(sigmoid(back.logitOpacities()[j]))
          .isCloseTo(sigmoid(scene.logitOpacities()[i]), within(0.5 / 255 + 1e-6));
      // With so few values no cell of a codebook is wider than these.
      for (int axis = 0; axis < 3; axis++) {
        assertThat(back.logScales()[3 * j + axis])
            .isCloseTo(scene.logScales()[3 * i + axis], within(5f / 256 * 2));
      }
      for (int k = 0; k < stride; k++) {
        float value = scene.sh()[stride * i + k];
        assertThat(back.sh()[stride * j + k])
            .isCloseTo(value, within(0.02f + 0.1f * value * value));
      }
    }
  }

  private static void checkRotation(float[] quats, int i, float[] back, int j) {
    double[] q = new double[4];
    Quaternions.normalised(quats, i, q);
    double dot = 0;
    for (int c = 0; c < 4; c++) {
      dot += q[c] * back[4 * j + c];
    }
    int largest = Quaternions.largest(q);
    for (int c = 0; c < 4; c++) {
      // The largest component is at least 1/2 and the others at most sqrt(1/2): d = sum v dv / w.
      double bound = c == largest ? 3 * Math.sqrt(0.5) * QUAT_STEP / 0.5 : QUAT_STEP;
      assertThat(Math.signum(dot) * back[4 * j + c]).isCloseTo(q[c], within(bound));
    }
  }

  private static double[] spans(Gaussians scene) {
    double[] spans = new double[3];
    for (int axis = 0; axis < 3; axis++) {
      double min = Double.POSITIVE_INFINITY;
      double max = Double.NEGATIVE_INFINITY;
      for (int i = 0; i < scene.count(); i++) {
        min = Math.min(min, logarithm(scene.means()[3 * i + axis]));
        max = Math.max(max, logarithm(scene.means()[3 * i + axis]));
      }
      spans[axis] = max - min;
    }
    return spans;
  }

  private static double logarithm(double x) {
    return Math.signum(x) * Math.log1p(Math.abs(x));
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  @Test
  void shouldKeepOpacitiesOfZeroAndOne() throws IOException {
    Gaussians scene = RandomScenes.of(2, 0, 3);
    scene.logitOpacities()[0] = Float.NEGATIVE_INFINITY;
    scene.logitOpacities()[1] = Float.POSITIVE_INFINITY;
    scene.logScales()[0] = Float.NEGATIVE_INFINITY;
    Path file = folder.resolve("a.sog");
    SceneFormats.write(scene, file);
    assertThat(SceneFormats.read(file).logitOpacities())
        .containsExactlyInAnyOrder(Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY);
  }

  @Test
  void shouldRefuseToWriteNan() {
    Gaussians scene = RandomScenes.of(9, 0, 3);
    scene.means()[7] = Float.NaN;
    assertThatThrownBy(() -> SceneFormats.write(scene, folder.resolve("a.sog")))
        .isInstanceOf(SceneException.class)
        .hasMessage(
            "the position of Gaussian 2 holds NaN, which a .sog cannot;"
                + " --drop-invalid leaves such out");
    assertThat(folder).isEmptyDirectory();
  }

  /** Version 1 has ranges where version 2 has codebooks, and opacities as logits. */
  @Test
  void shouldReadVersion1() throws IOException {
    byte[] noise = new byte[4 * 4 * 4];
    new Random(8).nextBytes(noise);
    for (int i = 3; i < noise.length; i += 4) {
      noise[i] = (byte) (252 + i / 4 % 4);
    }
    byte[] labels = new byte[4 * 4 * 4];
    for (int i = 0; i < 16; i++) {
      labels[4 * i] = (byte) (i % 3);
      labels[4 * i + 3] = (byte) 255;
    }
    byte[] centroids = new byte[4 * 192];
    Arrays.fill(centroids, (byte) 51);
    Files.write(folder.resolve("p.webp"), LosslessWebp.encode(new Image(4, 4, noise)));
    Files.write(folder.resolve("l.webp"), LosslessWebp.encode(new Image(4, 4, labels)));
    Files.write(folder.resolve("c.webp"), LosslessWebp.encode(new Image(192, 1, centroids)));
    Files.writeString(
        folder.resolve("meta.json"),
        """
        {"means": {"shape": [15, 3], "dtype": "float32", "mins": [-1, 0, 0], "maxs": [2, 2, 2],
                   "files": ["p.webp", "p.webp"]},
         "scales": {"shape": [15, 3], "mins": [-9, -8, -7], "maxs": [-1, 0, 1], "files": ["p.webp"]},
         "quats": {"shape": [15, 4], "encoding": "quaternion_packed", "files": ["p.webp"]},
         "sh0": {"shape": [15, 1, 4], "mins": [-1, -1, -1, -5], "maxs": [1, 1, 1, 5],
                 "files": ["p.webp"]},
         "shN": {"shape": [15, 3, 3], "mins": -1.0, "maxs": 4.0, "quantization": 8,
                 "files": ["c.webp", "l.webp"]}}
        """);
    Gaussians scene = SceneFormats.read(folder);
    assertThat(scene.count()).isEqualTo(15);
    assertThat(scene.shDegree()).isEqualTo(1);
    int red = noise[4 * 5] & 255;
    assertThat(logarithm(scene.means()[15])).isCloseTo(-1 + 3 * red * 257 / 65535.0, within(1e-6));
    assertThat(scene.logScales()[15]).isCloseTo(-9 + 8 * red / 255f, within(1e-5f));
    assertThat(scene.sh()[5 * 12]).isCloseTo(-1 + 2 * red / 255f, within(1e-6f));
    assertThat(scene.sh()[5 * 12 + 3]).isCloseTo(0f, within(1e-6f));
    assertThat(scene.logitOpacities()[5]).isCloseTo(-5 + 10 * 253 / 255f, within(1e-5f));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "[1, 2]",
        "{\"version\": 2, \"count\": 1000000000000}",
        "{\"version\": 2, \"count\": 2000000000}",
        "{\"version\": 2, \"count\": 0}",
        "{\"version\": 3, \"count\": 5}",
        "{\"version\": 2, \"count\": 5}",
        "{\"version\": 2, \"count\": 5, \"means\": {\"files\": [\"../../secret\", \"b\"]}}",
        "{\"version\": 2, \"count\": 5, \"means\": {\"files\": [\"meta.json\", \"b\"]}}",
        "{\"version\": 2, \"count\": 5, \"shN\": 7}",
        "not json",
      })
  void shouldSayWhatIsWrongWithMeta(String meta) throws IOException {
    Path file = folder.resolve("a.sog");
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      zip.putNextEntry(new ZipEntry("meta.json"));
      zip.write(meta.getBytes(StandardCharsets.UTF_8));
      zip.closeEntry();
    }
    assertThatThrownBy(() -> SceneFormats.read(file))
        .isInstanceOf(SceneException.class)
        .hasMessageContaining("a.sog!meta.json");
  }

  @Test
  void shouldRefuseAZipBomb() throws IOException {
    Path file = folder.resolve("a.sog");
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      zip.putNextEntry(new ZipEntry("meta.json"));
      byte[] blanks = new byte[1 << 20];
      Arrays.fill(blanks, (byte) ' ');
      for (int i = 0; i < 64; i++) {
        zip.write(blanks);
      }
      zip.closeEntry();
    }
    assertThatThrownBy(() -> SceneFormats.read(file))
        .isInstanceOf(SceneException.class)
        .hasMessageContaining("larger than 4194304 bytes");
  }

  /** 16383 x 16383 equal pixels are a few hundred bytes of WebP and a gigabyte of memory. */
  @Test
  void shouldRefuseAnImageThatIsFarTooLarge() throws IOException {
    Path target = folder.resolve("scene");
    SceneFormats.write(RandomScenes.of(300, 0, 5), target.resolve("meta.json"));
    Image large = new Image(4000, 1000, new byte[4 * 4000 * 1000]);
    Files.write(target.resolve("means_u.webp"), LosslessWebp.encode(large));
    assertThatThrownBy(() -> SceneFormats.read(target))
        .isInstanceOf(SceneException.class)
        .hasMessageContaining("means_u.webp");
  }

  @Test
  void shouldRefuseAnImageThatIsTooSmall() throws IOException {
    Path target = folder.resolve("scene");
    SceneFormats.write(RandomScenes.of(300, 0, 5), target.resolve("meta.json"));
    Image small = new Image(4, 4, new byte[64]);
    Files.write(target.resolve("quats.webp"), LosslessWebp.encode(small));
    assertThatThrownBy(() -> SceneFormats.read(target))
        .hasMessageContaining("quats.webp is 4 x 4, too small for the 300 Gaussians");
  }

  @Test
  void shouldRefuseATruncatedZip() throws IOException {
    Path file = folder.resolve("a.sog");
    SceneFormats.write(RandomScenes.of(30, 0, 5), file);
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
    assertThatThrownBy(() -> SceneFormats.read(file))
        .isInstanceOf(SceneException.class)
        .hasMessageContaining("is no whole zip");
  }
}

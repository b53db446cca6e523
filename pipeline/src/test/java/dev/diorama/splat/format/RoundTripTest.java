package dev.diorama.splat.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SceneException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is written is read back within what the format rounds off. */
class RoundTripTest {

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({"1,1", "256,0", "257,3", "700,2"})
  void shouldKeepCompressedPlyWithinItsSteps(int count, int degree) throws IOException {
    check("scene.compressed.ply", WriteOptions.DEFAULT, count, degree, Bounds.COMPRESSED_PLY);
  }

  @ParameterizedTest
  @CsvSource({"1,1", "300,3"})
  void shouldKeepSplatWithinItsSteps(int count, int degree) throws IOException {
    Gaussians made = Scenes.random(count, degree);
    Path file = folder.resolve("scene.splat");
    SceneFormats.write(made, file);
    assertThat(Files.size(file)).isEqualTo(32L * count);
    Gaussians read = SceneFormats.read(file);
    assertThat(read.shDegree()).isZero();
    Bounds.SPLAT.check(read, made);
  }

  @ParameterizedTest
  @CsvSource({"3,1,1", "4,1,0", "3,3000,2", "4,3000,3"})
  void shouldKeepSpzWithinItsSteps(int version, int count, int degree) throws IOException {
    check("scene.spz", new WriteOptions(version), count, degree, Bounds.SPZ);
  }

  private void check(String name, WriteOptions options, int count, int degree, Bounds bounds)
      throws IOException {
    Gaussians made = Scenes.random(count, degree);
    Path file = folder.resolve(name);
    SceneFormats.write(made, file, options);
    Gaussians read = SceneFormats.read(file);
    assertThat(read.shDegree()).isEqualTo(degree);
    bounds.check(read, made);
  }

  @Test
  void shouldKeepOpacitiesOfZeroAndOne() throws IOException {
    Gaussians made = Scenes.random(2, 0);
    made.logitOpacities()[0] = Float.NEGATIVE_INFINITY;
    made.logitOpacities()[1] = Float.POSITIVE_INFINITY;
    for (String name : List.of("a.splat", "a.spz", "a.compressed.ply")) {
      SceneFormats.write(made, folder.resolve(name));
      assertThat(SceneFormats.read(folder.resolve(name)).logitOpacities())
          .as(name)
          .containsExactlyInAnyOrder(made.logitOpacities());
    }
  }

  @Test
  void shouldHoldSpzFarOutWithFewerFractionalBits() throws IOException {
    Gaussians made = Scenes.random(100, 0);
    made.means()[0] = 50_000;
    Path file = folder.resolve("far.spz");
    SceneFormats.write(made, file);
    Gaussians read = SceneFormats.read(file);
    // 50,000 < 2^23 / 2^7: 7 fractional bits remain.
    for (int i = 0; i < 300; i++) {
      assertThat((double) read.means()[i]).isCloseTo(made.means()[i], Offset.offset(0.5 / 128));
    }
    made.means()[0] = 1e9f;
    assertThatThrownBy(() -> SceneFormats.write(made, folder.resolve("x.spz")))
        .isInstanceOf(SceneException.class)
        .hasMessageContaining("reaches out to");
    assertThat(folder.resolve("x.spz")).doesNotExist();
  }

  @Test
  void shouldPlaceOutliersWithoutHarmToTheRestInCompressedPly() throws IOException {
    Gaussians made = Scenes.random(10_000, 0);
    made.means()[0] = 100_000;
    Path file = folder.resolve("outlier.compressed.ply");
    SceneFormats.write(made, file);
    Gaussians read = SceneFormats.read(file);
    // One chunk of 256 holds the outlier and is coarse; the others are not.
    long near = 0;
    for (int i = 0; i < made.count(); i++) {
      for (int j = 0; j < made.count() && i < 100; j++) {
        double d = 0;
        for (int c = 0; c < 3; c++) {
          d = Math.max(d, Math.abs(read.means()[3 * i + c] - made.means()[3 * j + c]));
        }
        if (d < 6.0 / 1023 / 2) {
          near++;
          break;
        }
      }
    }
    assertThat(near).isEqualTo(100);
  }

  @Test
  void shouldRefuseToRoundWhatIsNoNumber() {
    for (String name : List.of("a.splat", "a.spz", "a.compressed.ply")) {
      Gaussians made = Scenes.random(5, 0);
      made.means()[7] = Float.NaN;
      assertThatThrownBy(() -> SceneFormats.write(made, folder.resolve(name)))
          .isInstanceOf(SceneException.class)
          .hasMessageContaining("the position of Gaussian 2 holds NaN");
      assertThat(folder).isEmptyDirectory();
    }
  }

  @Test
  void shouldSayThatKsplatIsNotWritten() {
    assertThatThrownBy(
            () -> SceneFormats.write(Scenes.random(1, 0), folder.resolve("scene.ksplat")))
        .isInstanceOf(SceneException.class)
        .hasMessageContaining("a .ksplat can be read but not written");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void shouldPickTheFormatByName() throws IOException {
    assertThat(SceneFormats.writer(Path.of("a.ply")).name()).isEqualTo(".ply");
    assertThat(SceneFormats.writer(Path.of("A.COMPRESSED.PLY")).name())
        .isEqualTo(".compressed.ply");
    assertThat(SceneFormats.writer(Path.of("a.splat")).name()).isEqualTo(".splat");
    assertThat(SceneFormats.writer(Path.of("a.spz")).name()).isEqualTo(".spz");
    assertThatThrownBy(() -> SceneFormats.writer(Path.of("a.obj")))
        .isInstanceOf(SceneException.class)
        .hasMessageContaining(".compressed.ply, .ply");
  }
}

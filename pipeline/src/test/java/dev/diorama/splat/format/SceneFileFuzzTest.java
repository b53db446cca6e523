package dev.diorama.splat.format;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SceneException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Any bytes are either a scene or refused with a sentence. Runs the seeds as tests; with {@code
 * JAZZER_FUZZ=1} it searches for more.
 */
class SceneFileFuzzTest {
  /** DEFLATE makes 1032 bytes of one, and no format has a Gaussian in less than one. */
  private static final long MOST_GAUSSIANS_PER_BYTE = 1032;

  @FuzzTest(maxDuration = "60s")
  void shouldReadOrRefuseAnyPly(byte[] file) throws IOException {
    check(file, ".ply");
  }

  @FuzzTest(maxDuration = "60s")
  void shouldReadOrRefuseAnySplat(byte[] file) throws IOException {
    check(file, ".splat");
  }

  @FuzzTest(maxDuration = "60s")
  void shouldReadOrRefuseAnySpz(byte[] file) throws IOException {
    check(file, ".spz");
  }

  @FuzzTest(maxDuration = "60s")
  void shouldReadOrRefuseAnyKsplat(byte[] file) throws IOException {
    check(file, ".ksplat");
  }

  private static void check(byte[] bytes, String suffix) throws IOException {
    Path file = Files.createTempFile("fuzz", suffix);
    try {
      Files.write(file, bytes);
      Gaussians scene = SceneFormats.read(file);
      assertThat((long) scene.count()).isLessThanOrEqualTo(MOST_GAUSSIANS_PER_BYTE * bytes.length);
    } catch (SceneException e) {
      assertThat(e.getMessage()).contains(file.toString());
    } finally {
      Files.delete(file);
    }
  }
}

package dev.diorama.splat.format;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diorama.splat.Gaussians;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ShPaletteTest {

  private static double meanSquare(ShPalette palette, Gaussians scene) {
    int stride = 3 * scene.coefficients();
    double sum = 0;
    for (int i = 0; i < scene.count(); i++) {
      float[] entry = palette.entries().get(palette.labels()[i]);
      for (int d = 0; d < entry.length; d++) {
        double error = entry[d] - scene.sh()[stride * i + 3 + d];
        sum += error * error;
      }
    }
    return sum / scene.count();
  }

  @Test
  void shouldKeepASmallSceneAsItIs() {
    Gaussians scene = RandomScenes.of(500, 3, 1);
    assertThat(meanSquare(ShPalette.of(scene, 500), scene)).isZero();
  }

  /** 700 centres with noise of 0.001 around them: more centres than one k-means takes. */
  @Test
  void shouldFindClustersThatAreThere() {
    Gaussians scene = RandomScenes.of(20_000, 1, 2);
    Random random = new Random(3);
    for (int i = 700; i < scene.count(); i++) {
      for (int d = 0; d < 12; d++) {
        scene.sh()[12 * i + d] =
            scene.sh()[12 * (i % 700) + d] + (float) (0.001 * random.nextGaussian());
      }
    }
    ShPalette palette = ShPalette.of(scene, 2800);
    assertThat(palette.entries().size()).isBetween(700, 2800);
    // The clusters are 1.7 apart on average, the noise within one is 9 x 0.001^2.
    assertThat(meanSquare(palette, scene)).isLessThan(20 * 9e-6);
  }

  @Test
  void shouldPutUpWithGaussiansThatAreAllTheSame() {
    Gaussians scene = Gaussians.zeros(5000, 2);
    ShPalette palette = ShPalette.of(scene, 1000);
    assertThat(palette.entries()).hasSize(1);
    assertThat(meanSquare(palette, scene)).isZero();
  }

  @Test
  void shouldSpendNoMoreEntriesThanAllowed() {
    Gaussians scene = RandomScenes.of(3000, 1, 4);
    assertThat(ShPalette.of(scene, 2999).entries()).hasSizeLessThan(3000);
    assertThat(ShPalette.of(scene, 1).entries()).hasSize(1);
  }
}

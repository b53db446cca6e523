package dev.diorama.splat.edit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SceneException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EditTest {

  static Gaussians random(int count, int degree, long seed) {
    Random random = new Random(seed);
    Gaussians scene = Gaussians.zeros(count, degree);
    fill(scene.means(), random, 1, 0);
    fill(scene.quats(), random, 1, 0);
    fill(scene.logScales(), random, 0.5, -3);
    fill(scene.logitOpacities(), random, 1, 0);
    fill(scene.sh(), random, 0.3, 0);
    return scene;
  }

  private static void fill(float[] values, Random random, double spread, double mean) {
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (mean + spread * random.nextGaussian());
    }
  }

  /** The colour of Gaussian i in a direction, without the 0.5. */
  private static double[] colour(Gaussians scene, int i, double[] d) {
    double[] colour = new double[3];
    int row = 3 * scene.coefficients();
    for (int channel = 0; channel < 3; channel++) {
      colour[channel] = scene.sh()[row * i + channel] / Math.sqrt(4 * Math.PI);
      for (int l = 1; l <= scene.shDegree(); l++) {
        double[] band = Harmonics.band(l, d[0], d[1], d[2]);
        for (int k = 0; k < band.length; k++) {
          colour[channel] += scene.sh()[row * i + 3 * (l * l + k) + channel] * band[k];
        }
      }
    }
    return colour;
  }

  @Test
  void shouldTurnColoursWithTheScene() throws SceneException {
    Gaussians scene = random(20, 3, 1);
    Gaussians turned = Transforms.rotate(new double[] {0, 0, 90}).apply(scene);
    for (int i = 0; i < scene.count(); i++) {
      double[] before = colour(scene, i, new double[] {0.36, 0.48, 0.8});
      // A quarter turn about z takes (x, y) to (-y, x).
      double[] after = colour(turned, i, new double[] {-0.48, 0.36, 0.8});
      assertThat(after).containsExactly(before, within(1e-5));
      assertThat(turned.means()[3 * i]).isCloseTo(-scene.means()[3 * i + 1], within(1e-6f));
      assertThat(turned.means()[3 * i + 1]).isCloseTo(scene.means()[3 * i], within(1e-6f));
    }
  }

  @Test
  void shouldTurnCovariancesWithTheScene() throws SceneException {
    Gaussians scene = random(20, 0, 2);
    Gaussians turned = Transforms.rotate(new double[] {90, 0, 0}).apply(scene);
    for (int i = 0; i < scene.count(); i++) {
      double[] before = Covariance.of(scene.quats(), scene.logScales(), i);
      double[] after = Covariance.of(turned.quats(), turned.logScales(), i);
      // About x: y goes to z, z to -y.
      assertThat(after[0]).isCloseTo(before[0], within(1e-6));
      assertThat(after[8]).isCloseTo(before[4], within(1e-6));
      assertThat(after[4]).isCloseTo(before[8], within(1e-6));
      assertThat(after[5]).isCloseTo(-before[5], within(1e-6));
    }
  }

  @Test
  void shouldComeBackAfterAFullTurn() throws SceneException {
    Gaussians scene = random(50, 3, 3);
    Gaussians turned = scene;
    for (int i = 0; i < 5; i++) {
      turned = Transforms.rotate(new double[] {72, 0, 0}).apply(turned);
    }
    assertThat(turned.means()).containsExactly(scene.means(), within(1e-5f));
    assertThat(turned.sh()).containsExactly(scene.sh(), within(1e-5f));
  }

  @Test
  void shouldFindScalesAndRotationOfACovariance() {
    Gaussians scene = random(200, 0, 4);
    Gaussians found = Gaussians.zeros(200, 0);
    for (int i = 0; i < scene.count(); i++) {
      double[] covariance = Covariance.of(scene.quats(), scene.logScales(), i);
      Covariance.write(covariance.clone(), found.quats(), found.logScales(), i);
      double[] again = Covariance.of(found.quats(), found.logScales(), i);
      double size = Math.max(covariance[0], Math.max(covariance[4], covariance[8]));
      for (int k = 0; k < 9; k++) {
        assertThat(again[k]).isCloseTo(covariance[k], within(1e-6 * size));
      }
    }
  }

  @Test
  void shouldMoveAndScale() throws SceneException {
    Gaussians scene = random(10, 1, 5);
    Gaussians moved = Transforms.translate(new double[] {1, 2, 3}).apply(scene);
    Gaussians scaled = Transforms.scale(2).apply(moved);
    assertThat(scaled.means()[4]).isCloseTo(2 * (scene.means()[4] + 2), within(1e-5f));
    assertThat(scaled.logScales()[7] - scene.logScales()[7])
        .isCloseTo((float) Math.log(2), within(1e-6f));
    assertThat(scene.means()).isNotEqualTo(scaled.means());
  }

  @Test
  void shouldCrop() throws SceneException {
    Gaussians scene = random(500, 0, 6);
    Gaussians box = Filters.box(new double[] {-1, -1, 0, 1, 1, 9}).apply(scene);
    Gaussians sphere = Filters.sphere(new double[] {0, 0, 0, 1}).apply(scene);
    int inBox = 0;
    int inSphere = 0;
    for (int i = 0; i < scene.count(); i++) {
      float x = scene.means()[3 * i];
      float y = scene.means()[3 * i + 1];
      float z = scene.means()[3 * i + 2];
      inBox += Math.abs(x) <= 1 && Math.abs(y) <= 1 && z >= 0 && z <= 9 ? 1 : 0;
      inSphere += Math.sqrt((double) x * x + y * y + z * z) <= 1 ? 1 : 0;
    }
    assertThat(box.count()).isEqualTo(inBox).isBetween(50, 450);
    assertThat(sphere.count()).isEqualTo(inSphere).isBetween(50, 450);
  }

  @Test
  void shouldDropWhatCannotBeDrawn() throws SceneException {
    Gaussians scene = random(7, 1, 7);
    scene.means()[0] = Float.NaN;
    scene.quats()[4] = Float.POSITIVE_INFINITY;
    scene.logScales()[6] = Float.POSITIVE_INFINITY;
    scene.sh()[12 * 3] = Float.NaN;
    scene.logitOpacities()[4] = Float.POSITIVE_INFINITY; // opacity 1 is right
    scene.logScales()[15] = Float.NEGATIVE_INFINITY; // a flat one too
    Gaussians kept = Filters.dropInvalid().apply(scene);
    assertThat(kept.count()).isEqualTo(3);
    assertThat(kept.logitOpacities())
        .containsExactly(
            Float.POSITIVE_INFINITY, scene.logitOpacities()[5], scene.logitOpacities()[6]);
    assertThat(Filters.dropInvalid().apply(kept)).isSameAs(kept);
  }

  @Test
  void shouldCutHarmonicsAndJoinDegrees() throws SceneException {
    Gaussians three = random(5, 3, 8);
    Gaussians one = Filters.maxSh(1).apply(three);
    assertThat(one.shDegree()).isEqualTo(1);
    assertThat(one.sh()[12]).isEqualTo(three.sh()[48]);
    Gaussians both = Selection.concatenate(List.of(one, three));
    assertThat(both.count()).isEqualTo(10);
    assertThat(both.shDegree()).isEqualTo(3);
    assertThat(both.sh()[12]).isZero();
    assertThat(both.sh()[48 * 5 + 47]).isEqualTo(three.sh()[47]);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 10, 333, 999})
  void shouldDecimateToTheCountAskedFor(int count) throws SceneException {
    Gaussians scene = random(1000, 2, 9);
    Gaussians fewer = Decimation.to(count).apply(scene);
    assertThat(fewer.count()).isEqualTo(count);
    assertThat(Filters.dropInvalid().apply(fewer)).isSameAs(fewer);
    double[] centre = centre(scene);
    assertThat(centre(fewer)).containsExactly(centre, within(0.1));
  }

  private static double[] centre(Gaussians scene) {
    double[] sum = new double[3];
    double total = 0;
    for (int i = 0; i < scene.count(); i++) {
      double mass = 1 / (1 + Math.exp(-scene.logitOpacities()[i]));
      double[] scales = new double[3];
      for (int k = 0; k < 3; k++) {
        scales[k] = Math.exp(scene.logScales()[3 * i + k]);
      }
      Arrays.sort(scales);
      mass *= scales[1] * scales[2];
      total += mass;
      for (int k = 0; k < 3; k++) {
        sum[k] += mass * scene.means()[3 * i + k];
      }
    }
    return new double[] {sum[0] / total, sum[1] / total, sum[2] / total};
  }

  @Test
  void shouldMergeTwoInOnePlaceIntoOneLikeThem() throws SceneException {
    Gaussians one = random(1, 1, 10);
    one.logitOpacities()[0] = -2;
    Gaussians merged = Decimation.to(1).apply(Selection.concatenate(List.of(one, one)));
    assertThat(merged.means()).containsExactly(one.means(), within(1e-6f));
    assertThat(merged.sh()).containsExactly(one.sh(), within(1e-6f));
    double opacity = 1 / (1 + Math.exp(-merged.logitOpacities()[0]));
    assertThat(opacity).isCloseTo(2 / (1 + Math.exp(2)), within(1e-4));
  }

  @Test
  void shouldDropFloatersAndKeepTheSolid() throws SceneException {
    Gaussians solid = random(3000, 0, 11);
    for (int i = 0; i < solid.means().length; i++) {
      solid.means()[i] *= 0.2f;
      solid.logScales()[i] = (float) Math.log(0.03);
    }
    Gaussians floaters = random(20, 0, 12);
    for (int i = 0; i < floaters.count(); i++) {
      floaters.means()[3 * i] += 50 + 5 * i;
      floaters.logitOpacities()[i] = -3; // 0.047: no voxel of its own is solid
    }
    Gaussians kept =
        Floaters.drop(0.05, 0.1, 0.004).apply(Selection.concatenate(List.of(solid, floaters)));
    assertThat(kept.count()).isBetween(2900, 3000);
    for (int i = 0; i < kept.count(); i++) {
      assertThat(kept.means()[3 * i]).isLessThan(10);
    }
  }

  @Test
  void shouldRefuseVoxelsThatAreTooSmall() {
    Gaussians scene = random(10, 0, 13);
    assertThatThrownBy(() -> Floaters.drop(1e-7, 0.1, 0.004).apply(scene))
        .isInstanceOf(SceneException.class)
        .hasMessageContaining("too small");
  }

  @Test
  void shouldSortAlongTheCurve() throws SceneException {
    Gaussians sorted = Morton.order().apply(random(4096, 0, 14));
    Gaussians mixed = random(4096, 0, 14);
    assertThat(steps(sorted)).isLessThan(steps(mixed) / 4);
  }

  private static double steps(Gaussians scene) {
    double sum = 0;
    for (int i = 3; i < scene.means().length; i += 3) {
      double d = 0;
      for (int k = 0; k < 3; k++) {
        d += Math.pow(scene.means()[i + k] - scene.means()[i + k - 3], 2);
      }
      sum += Math.sqrt(d);
    }
    return sum;
  }

  @Test
  void shouldSayWhatIsWrong() {
    assertThatThrownBy(() -> Filters.box(new double[] {1, 0, 0, 0, 1, 1}))
        .hasMessageContaining("smallest corner first");
    assertThatThrownBy(() -> Transforms.scale(0)).hasMessageContaining("above 0");
    assertThatThrownBy(() -> Decimation.toPercent(0)).hasMessageContaining("above 0");
    assertThatThrownBy(() -> Transforms.rotate(new double[] {1, 2}))
        .hasMessageContaining("x,y,z in degrees");
  }
}

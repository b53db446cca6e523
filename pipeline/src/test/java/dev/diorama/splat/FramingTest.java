package dev.diorama.splat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.diorama.CameraModel;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FramingTest {

  /** A ball of points around (5, 6, 7) with a tenth of them anywhere. */
  private static Gaussians ball(int count, double radius) {
    Random random = new Random(3);
    Gaussians scene = Gaussians.zeros(count, 0);
    for (int i = 0; i < count; i++) {
      double[] d = {random.nextGaussian(), random.nextGaussian(), random.nextGaussian()};
      double length = Poses.norm(d);
      for (int axis = 0; axis < 3; axis++) {
        double stray = i % 10 == 0 ? random.nextGaussian() * 1e4 : 0;
        scene.means()[3 * i + axis] = (float) (5 + axis + d[axis] / length * radius + stray);
      }
    }
    return scene;
  }

  @Test
  void shouldFindTheMiddleWhateverIsFarAway() {
    Framing framing = Framing.of(ball(20_000, 2));
    for (int axis = 0; axis < 3; axis++) {
      // The median of 20,000 points lies within some 1/sqrt(n) of the radius; here three times
      // that.
      assertThat(framing.center()[axis]).isCloseTo(5 + axis, within(3 * 2 / Math.sqrt(20_000)));
    }
    assertThat(framing.radius()).isCloseTo(2, within(0.1));
  }

  @Test
  void shouldNotCountWhatIsFaintOrNotFinite() {
    Gaussians scene = Gaussians.zeros(6, 0);
    float[] x = {1, 1, 1, Float.NaN, 900, Float.POSITIVE_INFINITY};
    for (int i = 0; i < 6; i++) {
      scene.means()[3 * i] = x[i];
    }
    scene.logitOpacities()[4] = -5;
    Framing framing = Framing.of(scene);
    assertThat(framing.center()).containsExactly(1, 0, 0);
    assertThat(framing.radius()).isEqualTo(1);
  }

  @Test
  void shouldHaveSomethingToSayAboutAnEmptyScene() {
    Framing framing = Framing.of(Gaussians.zeros(0, 3));
    assertThat(framing.center()).containsExactly(0, 0, 0);
    assertThat(framing.radius()).isEqualTo(1);
  }

  @Test
  void shouldTakeUpFromTheCameras() {
    double[] up = {0, 0, 1};
    Camera lens = new Camera(CameraModel.PINHOLE, 8, 8, 8, 8, 4, 4, Poses.identity());
    List<Camera> around = CameraPath.orbit(lens, new double[3], 3, 10, up, 12).cameras();
    assertThat(Framing.up(around)).containsExactly(up, within(1e-12));
    assertThat(Framing.up(List.of())).containsExactly(0, -1, 0);
    Camera upside = lens.at(Poses.of(new double[] {0, 0, 0, 1}, new double[3]));
    assertThat(Framing.up(List.of(lens, upside))).containsExactly(0, -1, 0);
  }
}

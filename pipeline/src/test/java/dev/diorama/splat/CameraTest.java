package dev.diorama.splat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diorama.CameraModel;
import dev.diorama.SplatCamera;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CameraTest {
  private static final double[] UP = {0, -1, 0};
  private static final double[] POSITION = {2, -1, -3};

  private static Camera camera() {
    return Camera.lookAt(CameraModel.PINHOLE, 200, 100, 80, POSITION, new double[] {1, 1, 1}, UP);
  }

  /** Where a point of the world is in the picture of a pinhole. */
  private static double[] pixel(Camera c, double[] point) {
    double[] p = new double[3];
    for (int row = 0; row < 3; row++) {
      p[row] = c.worldToCamera()[4 * row + 3];
      for (int i = 0; i < 3; i++) {
        p[row] += c.worldToCamera()[4 * row + i] * point[i];
      }
    }
    return new double[] {c.fx() * p[0] / p[2] + c.cx(), c.fy() * p[1] / p[2] + c.cy()};
  }

  @Test
  void shouldLookAtItsTargetWithUpUp() {
    Camera camera = camera();
    assertThat(pixel(camera, new double[] {1, 1, 1}))
        .containsExactly(new double[] {100, 50}, within(1e-9));
    double[] above = pixel(camera, new double[] {1, 0.9, 1});
    assertThat(above[0]).isCloseTo(100, within(1e-9));
    assertThat(above[1]).isLessThan(50);
    assertThat(camera.position()).containsExactly(POSITION, within(1e-12));
    assertThat(Poses.dot(camera.up(), UP)).isPositive();
    assertThat(Poses.dot(camera.forward(), camera.right())).isCloseTo(0, within(1e-12));
    assertThat(Poses.cross(camera.right(), camera.down()))
        .containsExactly(camera.forward(), within(1e-12));
  }

  @Test
  void shouldScaleBothAxes() {
    double[] point = {0.5, 0, 2};
    double[] before = pixel(camera(), point);
    double[] after = pixel(camera().scaled(100, 300), point);
    assertThat(after[0]).isCloseTo(before[0] / 2, within(1e-9));
    assertThat(after[1]).isCloseTo(before[1] * 3, within(1e-9));
  }

  @Test
  void shouldKeepThePixelsShapeWhenFitted() {
    Camera wide = camera().fitted(600, 200);
    assertThat(wide.fx()).isEqualTo(wide.fy()).isEqualTo(160);
    double[] point = {0.5, 0, 2};
    double[] before = pixel(camera(), point);
    double[] after = pixel(wide, point);
    assertThat(after[0] - 300).isCloseTo(2 * (before[0] - 100), within(1e-9));
    assertThat(after[1]).isCloseTo(2 * before[1], within(1e-9));
    Camera same = camera().fitted(400, 200);
    Camera scaled = camera().scaled(400, 200);
    assertThat(same.cx()).isEqualTo(scaled.cx());
    assertThat(same.fx()).isEqualTo(scaled.fx());
  }

  @ParameterizedTest
  @CsvSource({"PINHOLE, 90, 50", "FISHEYE, 180, 31.830988618379067"})
  void shouldTurnAFieldOfViewIntoAFocalLength(CameraModel model, double degrees, double focal) {
    assertThat(Camera.focalLength(model, 100, degrees)).isCloseTo(focal, within(1e-12));
  }

  @ParameterizedTest
  @CsvSource({"PINHOLE, 180", "PINHOLE, 0", "FISHEYE, 400", "ORTHOGRAPHIC, 50", "PINHOLE, NaN"})
  void shouldRefuseAFieldOfViewThatIsNone(CameraModel model, double degrees) {
    assertThatThrownBy(() -> Camera.focalLength(model, 100, degrees))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("field of view");
  }

  @Test
  void shouldTellTheKernelsTheSame() {
    SplatCamera kernels = camera().toSplatCamera();
    assertThat(kernels.width()).isEqualTo(200);
    assertThat(kernels.view()[3]).isEqualTo((float) camera().worldToCamera()[3]);
    assertThat(kernels.cy()).isEqualTo(50f);
  }

  @Test
  void shouldRefuseAMatrixOfAnotherSize() {
    assertThatThrownBy(() -> new Camera(CameraModel.PINHOLE, 1, 1, 1, 1, 0, 0, new double[12]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("12 entries");
  }
}

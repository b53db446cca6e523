package dev.diorama.splat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.diorama.CameraModel;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class OrbitShapeTest {
  private static final double[] UP = {0, -1, 0};
  private static final Camera LENS =
      new Camera(CameraModel.PINHOLE, 8, 8, 8, 8, 4, 4, Poses.identity());

  @Test
  void shouldFindTheOrbitThatCamerasWent() {
    double[] center = {3, -1, 2};
    CameraPath walk = CameraPath.orbit(LENS, center, 5, 33, UP, 7);
    OrbitShape shape = OrbitShape.of(walk.cameras(), UP);
    assertThat(shape.center()).containsExactly(center, within(1e-9));
    assertThat(shape.radius()).isCloseTo(5, within(1e-9));
    assertThat(shape.elevation()).isCloseTo(33, within(1e-9));
  }

  @Test
  void shouldFindNoneWhereCamerasLookAtNothingInCommon() {
    assertThat(OrbitShape.of(List.of(), UP)).isNull();
    assertThat(OrbitShape.of(List.of(LENS), UP)).isNull();
    assertThat(OrbitShape.of(CameraPath.dolly(LENS, 3, 5).cameras(), UP)).isNull();
    List<Camera> outwards = new ArrayList<>();
    double[] center = {0, 0, 0};
    for (Camera camera : CameraPath.orbit(LENS, center, 2, 0, UP, 6).cameras()) {
      double[] away = Poses.plus(camera.position(), camera.forward(), -1);
      outwards.add(camera.at(Poses.lookAt(camera.position(), away, UP)));
    }
    assertThat(OrbitShape.of(outwards, UP)).isNull();
  }

  @Test
  void shouldStepBackUntilTheSceneFitsIn() {
    OrbitShape shape = OrbitShape.around(new Framing(new double[] {1, 2, 3}, 2), 0.5);
    assertThat(shape.center()).containsExactly(1, 2, 3);
    assertThat(shape.radius()).isCloseTo(6, within(1e-12));
    assertThat(shape.elevation()).isEqualTo(20);
  }
}

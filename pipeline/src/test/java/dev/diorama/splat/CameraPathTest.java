package dev.diorama.splat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diorama.CameraModel;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CameraPathTest {
  private static final double[] UP = {0, -1, 0};
  private static final double[] CENTER = {1, 2, 3};
  private static final Camera LENS =
      new Camera(CameraModel.PINHOLE, 64, 48, 50, 50, 32, 24, Poses.identity());

  private static Camera camera(double x, double y, double z) {
    return Camera.lookAt(
        CameraModel.PINHOLE, 64, 48, 50, new double[] {x, y, z}, new double[] {0, 0, 100}, UP);
  }

  @Test
  void shouldOrbitAtOneDistanceAndHeight() {
    CameraPath path = CameraPath.orbit(LENS, CENTER, 4, 30, UP, 8);
    assertThat(path.cameras()).hasSize(8);
    for (Camera camera : path.cameras()) {
      double[] away = Poses.subtract(camera.position(), CENTER);
      assertThat(Poses.norm(away)).isCloseTo(4, within(1e-12));
      assertThat(Poses.dot(away, UP)).isCloseTo(2, within(1e-12));
      assertThat(Poses.dot(Poses.normalized(away), camera.forward())).isCloseTo(-1, within(1e-12));
      assertThat(Poses.dot(camera.up(), UP)).isPositive();
    }
    // It begins on the side of -z and, seen from above (x right, z ahead), moves to the right.
    assertThat(path.cameras().get(0).position()[2]).isLessThan(CENTER[2] - 3);
    assertThat(path.cameras().get(1).position()[0]).isGreaterThan(CENTER[0] + 1);
  }

  @Test
  void shouldOrbitAroundAnyAxis() {
    for (double[] up : List.of(new double[] {0, 0, 1}, new double[] {1, 1, 0})) {
      for (Camera camera : CameraPath.orbit(LENS, CENTER, 2, -20, up, 5).cameras()) {
        assertThat(Poses.dot(camera.up(), up)).isPositive();
        assertThat(Poses.dot(camera.right(), up)).isCloseTo(0, within(1e-12));
      }
    }
  }

  @Test
  void shouldDollyAlongTheLineOfSight() {
    CameraPath path = CameraPath.dolly(camera(0, 0, -5), 3, 4);
    for (int i = 0; i < 4; i++) {
      Camera camera = path.cameras().get(i);
      assertThat(camera.position()).containsExactly(new double[] {0, 0, -5.0 + i}, within(1e-12));
      assertThat(camera.forward()).containsExactly(new double[] {0, 0, 1}, within(1e-12));
    }
  }

  @Test
  void shouldPanToTheRightOnTheSpot() {
    Camera start = camera(1, 0, 0);
    CameraPath path = CameraPath.pan(start, 90, UP, 3);
    Camera last = path.cameras().getLast();
    assertThat(last.position()).containsExactly(start.position(), within(1e-12));
    assertThat(last.forward()).containsExactly(start.right(), within(1e-12));
    assertThat(path.cameras().get(1).down()).containsExactly(start.down(), within(1e-12));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void shouldPassThroughEveryKeyframe(boolean closed) {
    List<Camera> keys = new ArrayList<>();
    keys.add(camera(0, 0, 0));
    keys.add(camera(1, 2, 0));
    keys.add(camera(3, -1, 1).scaled(64, 48));
    keys.add(camera(2, 0, -2));
    CameraPath path = CameraPath.spline(keys, closed ? 40 : 31, closed);
    for (int k = 0; k < 4; k++) {
      Camera at = path.cameras().get(10 * k);
      assertThat(at.worldToCamera()).containsExactly(keys.get(k).worldToCamera(), within(1e-9));
    }
    double longest = 0;
    double shortest = Double.POSITIVE_INFINITY;
    for (int i = 1; i < path.cameras().size(); i++) {
      double[] a = path.cameras().get(i - 1).position();
      double step = Poses.norm(Poses.subtract(path.cameras().get(i).position(), a));
      longest = Math.max(longest, step);
      shortest = Math.min(shortest, step);
    }
    // A tenth of the longest span, three times as fast at most.
    assertThat(longest).isLessThan(1.2);
    assertThat(shortest).isPositive();
  }

  @Test
  void shouldGoStraightBetweenTwoKeyframes() {
    CameraPath path = CameraPath.spline(List.of(camera(0, 0, 0), camera(4, 0, 0)), 5, false);
    for (int i = 0; i < 5; i++) {
      assertThat(path.cameras().get(i).position())
          .containsExactly(new double[] {i, 0, 0}, within(1e-12));
    }
  }

  @Test
  void shouldStandStillAtOneKeyframe() {
    for (boolean closed : new boolean[] {true, false}) {
      CameraPath path = CameraPath.spline(List.of(camera(1, 2, 3)), 3, closed);
      assertThat(path.cameras())
          .hasSize(3)
          .allSatisfy(camera ->
              assertThat(camera.position()).containsExactly(new double[] {1, 2, 3}, within(1e-12)));
    }
  }

  @Test
  void shouldRefuseWhatIsNoPath() {
    Camera other = LENS.scaled(32, 32);
    refused("at least one camera", () -> new CameraPath(List.of(), 24));
    refused("of one size", () -> new CameraPath(List.of(LENS, other), 24));
    refused("more than 0", () -> new CameraPath(List.of(LENS), 0));
    refused("at least 1 frame", () -> CameraPath.dolly(LENS, 1, 0));
    refused("radius", () -> CameraPath.orbit(LENS, CENTER, -1, 0, UP, 3));
    refused("elevation", () -> CameraPath.orbit(LENS, CENTER, 1, 90, UP, 3));
    Camera flat = new Camera(CameraModel.ORTHOGRAPHIC, 64, 48, 9, 9, 32, 24, Poses.identity());
    refused("one projection", () -> CameraPath.spline(List.of(LENS, flat), 3, false));
  }

  private static void refused(
      String words, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(words);
  }
}

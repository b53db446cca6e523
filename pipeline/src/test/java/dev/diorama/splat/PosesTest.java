package dev.diorama.splat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PosesTest {
  /** A few hundred roundings of numbers below 10. */
  private static final double EPS = 1e-12;

  private static double[] randomQuaternion(Random random) {
    double[] q = new double[4];
    for (int i = 0; i < 4; i++) {
      q[i] = random.nextGaussian();
    }
    return Poses.normalized(q);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void shouldInvertAnyPose(long seed) {
    Random random = new Random(seed);
    double[] pose = Poses.of(randomQuaternion(random), new double[] {1, -2, 3});
    pose[0] *= 2;
    pose[6] += 0.5;
    double[] product = Poses.multiply(pose, Poses.inverse(pose));
    assertThat(product).containsExactly(Poses.identity(), within(1e-9));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void shouldFindTheQuaternionOfARotation(long seed) {
    Random random = new Random(seed);
    double[] q = randomQuaternion(random);
    double[] pose = Poses.of(q, new double[3]);
    assertThat(Poses.distanceFromRotation(pose)).isLessThan(EPS);
    double[] found = Poses.quaternion(pose);
    double sign = found[0] * q[0] > 0 ? 1 : -1;
    for (int i = 0; i < 4; i++) {
      assertThat(sign * found[i]).isCloseTo(q[i], within(EPS));
    }
  }

  @Test
  void shouldFindTheQuaternionOfHalfTurns() {
    for (int axis = 1; axis < 4; axis++) {
      double[] q = new double[4];
      q[axis] = 1;
      double[] found = Poses.quaternion(Poses.of(q, new double[3]));
      assertThat(Math.abs(found[axis])).isCloseTo(1, within(EPS));
    }
  }

  @Test
  void shouldInterpolateRotationsAtConstantSpeedAlongTheShorterArc() {
    double[] a = {1, 0, 0, 0};
    // Minus the quaternion of 80 degrees around z: the same rotation, the longer way.
    double half = Math.toRadians(40);
    double[] b = {-Math.cos(half), 0, 0, -Math.sin(half)};
    double[] quarter = Poses.slerp(a, b, 0.25);
    double angle = 2 * Math.atan2(quarter[3], quarter[0]);
    assertThat(Math.toDegrees(angle)).isCloseTo(20, within(1e-9));
    assertThat(Poses.slerp(a, a, 0.3)).containsExactly(a, within(EPS));
  }

  @Test
  void shouldLookAtAPoint() {
    // From -z with -y up is OpenCV's own camera, moved.
    double[] view = Poses.lookAt(new double[] {0, 0, -5}, new double[3], new double[] {0, -1, 0});
    double[] expected = Poses.identity();
    expected[11] = 5;
    assertThat(view).containsExactly(expected, within(EPS));
  }

  @Test
  void shouldLookStraightDown() {
    double[] view = Poses.lookAt(new double[] {0, -3, 0}, new double[3], new double[] {0, -1, 0});
    assertThat(Poses.distanceFromRotation(view)).isLessThan(EPS);
    assertThat(view[11]).isCloseTo(3, within(EPS));
  }

  @Test
  void shouldRefuseToLookNowhere() {
    assertThatThrownBy(() -> Poses.lookAt(new double[3], new double[3], new double[] {0, 1, 0}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("target");
    assertThatThrownBy(() -> Poses.lookAt(new double[3], new double[] {1, 0, 0}, new double[3]))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void shouldTurnOpenGlAxes() {
    // nerfstudio's camera at the origin looks along -z with y up: OpenCV's y and z are reversed.
    double[] view = Poses.fromOpenGl(Poses.identity());
    assertThat(view)
        .containsExactly(
            new double[] {1, 0, 0, 0, 0, -1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1}, within(EPS));
    double[] pose = Poses.of(randomQuaternion(new Random(9)), new double[] {4, 5, 6});
    assertThat(Poses.toOpenGl(Poses.fromOpenGl(pose))).containsExactly(pose, within(1e-11));
  }

  @Test
  void shouldKnowMirrorsAndScales() {
    double[] mirror = Poses.identity();
    mirror[0] = -1;
    assertThat(Poses.distanceFromRotation(mirror)).isInfinite();
    double[] twice = Poses.identity();
    twice[5] = 2;
    assertThat(Poses.distanceFromRotation(twice)).isCloseTo(3, within(EPS));
    double[] broken = Poses.identity();
    broken[2] = Double.NaN;
    assertThat(Poses.distanceFromRotation(broken)).isInfinite();
  }
}

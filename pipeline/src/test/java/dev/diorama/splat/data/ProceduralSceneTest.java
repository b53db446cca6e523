package dev.diorama.splat.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.diorama.Backend;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ProceduralSceneTest {

  @Test
  void shouldHaveTwentyThousandGaussiansAndAThirdOfThemAsPoints() {
    GaussianScene scene = new GaussianScene();
    assertThat(scene.gaussians().count()).isEqualTo(20_000);
    PointCloud points = scene.noisyThird();
    assertThat(points.count()).isEqualTo(6_666);
    double squares = 0;
    for (int i = 0; i < points.count(); i++) {
      for (int axis = 0; axis < 3; axis++) {
        double moved = points.positions()[3 * i + axis] - scene.gaussians().means()[9 * i + axis];
        squares += moved * moved;
      }
    }
    // Of 20,000 draws a standard deviation is known to 0.5%.
    assertThat(Math.sqrt(squares / (3 * points.count()))).isCloseTo(0.02, within(4e-4));
  }

  @Test
  void shouldShowTheKnownSceneFromAround() {
    try (Backend backend = Backend.open("cpu")) {
      Dataset dataset = ProceduralScene.KNOWN.dataset(backend, 32);
      assertThat(dataset.views()).hasSize(ProceduralScene.VIEWS);
      assertThat(dataset.points().count()).isEqualTo(6_666);
      for (View view : dataset.views()) {
        assertThat(lit(view)).isBetween(0.1, 0.9);
        assertThat(view.camera().position()[1]).isNegative();
      }
    }
  }

  @Test
  void shouldCastRaysAtSolids() {
    Dataset dataset = ProceduralScene.SOLIDS.dataset(null, 33);
    assertThat(dataset.views()).hasSize(48);
    assertThat(dataset.points()).isNull();
    for (View view : dataset.views()) {
      assertThat(lit(view)).isBetween(0.1, 0.9);
    }
    Dataset again = ProceduralScene.SOLIDS.dataset(null, 33);
    assertThat(again.views().get(7).picture().rgb())
        .isEqualTo(dataset.views().get(7).picture().rgb());
  }

  @Test
  void shouldHitSolidsWhereTheyAre() {
    Solid ball = new Solid.Ball(new double[] {0, 0, 5}, 2, Paint.BANDS);
    assertThat(ball.hit(new double[3], new double[] {0, 0, 2})).isCloseTo(1.5, within(1e-12));
    assertThat(ball.hit(new double[3], new double[] {0, 0, -1})).isInfinite();
    assertThat(ball.hit(new double[3], new double[] {1, 0, 1})).isInfinite();
    assertThat(ball.normal(new double[] {0, 0, 3})).containsExactly(0, 0, -1);
    double turn = Math.toRadians(45);
    Solid box = new Solid.Box(new double[] {0, 0, 5}, new double[] {1, 1, 1}, turn, Paint.BRICKS);
    double edge = box.hit(new double[] {1e-9, 0, 0}, new double[] {0, 0, 1});
    assertThat(edge).isCloseTo(5 - Math.sqrt(2), within(1e-6));
    double[] normal = box.normal(new double[] {1e-9, 0, edge});
    assertThat(Math.abs(normal[0])).isCloseTo(Math.sqrt(0.5), within(1e-12));
    assertThat(normal[2]).isCloseTo(-Math.sqrt(0.5), within(1e-12));
    assertThat(box.hit(new double[] {0, 1.01, 0}, new double[] {0, 0, 1})).isInfinite();
    Solid disc = new Solid.Disc(new double[] {0, 1, 0}, 1, Paint.TILES);
    assertThat(disc.hit(new double[] {0.9, 0, 0}, new double[] {0, 2, 0})).isEqualTo(0.5);
    assertThat(disc.hit(new double[] {1.1, 0, 0}, new double[] {0, 2, 0})).isInfinite();
    assertThat(disc.hit(new double[] {0, 2, 0}, new double[] {0, -1, 0})).isInfinite();
  }

  @Test
  void shouldKnowItsNames() {
    assertThat(ProceduralScene.named("solids")).isEqualTo(ProceduralScene.SOLIDS);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ProceduralScene.named("garden"))
        .withMessageContaining("only known and solids");
  }

  /** The part of the pixels that are not black. */
  private static double lit(View view) {
    byte[] rgb = view.picture().rgb();
    long lit =
        IntStream.range(0, rgb.length / 3)
            .filter(i -> (rgb[3 * i] | rgb[3 * i + 1] | rgb[3 * i + 2]) != 0)
            .count();
    return 3.0 * lit / rgb.length;
  }
}

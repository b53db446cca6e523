package dev.diorama.splat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NearestNeighboursTest {

  /** Every pair, in double. */
  private static double[] bruteForce(float[] positions, int neighbours) {
    int n = positions.length / 3;
    double[] means = new double[n];
    for (int i = 0; i < n; i++) {
      double[] squares = new double[n];
      for (int j = 0; j < n; j++) {
        for (int axis = 0; axis < 3; axis++) {
          double d = (double) positions[3 * i + axis] - positions[3 * j + axis];
          squares[j] += d * d;
        }
      }
      means[i] =
          Arrays.stream(squares)
              .filter(square -> square > 0)
              .sorted()
              .map(Math::sqrt)
              .limit(neighbours)
              .average()
              .orElse(0);
    }
    return means;
  }

  @ParameterizedTest
  @CsvSource({"1, 3, 1", "9, 3, 2", "500, 3, 3", "2000, 1, 4", "1000, 16, 5"})
  void shouldFindWhatEveryPairFinds(int count, int neighbours, long seed) {
    Random random = new Random(seed);
    float[] positions = new float[3 * count];
    for (int i = 0; i < positions.length; i++) {
      // Clusters of very different sizes, as structure from motion makes them.
      double size = i / 3 % 4 == 0 ? 10 : 0.1;
      positions[i] = (float) (random.nextGaussian() * size);
    }
    float[] found = NearestNeighbours.meanDistances(positions, neighbours);
    double[] wanted = bruteForce(positions, neighbours);
    for (int i = 0; i < count; i++) {
      // F32 differences of numbers up to 40, squared and summed.
      assertThat((double) found[i]).isCloseTo(wanted[i], within(1e-5 * wanted[i] + 4e-6));
    }
  }

  @Test
  void shouldCountAPlaceOnce() {
    float[] positions = {0, 0, 0, 0, 0, 0, -0f, 0, 0, 1, 0, 0, 0, 2, 0};
    assertThat(NearestNeighbours.meanDistances(positions, 3))
        .startsWith(1.5f, 1.5f, 1.5f)
        .hasSize(5);
    assertThat(NearestNeighbours.meanDistances(new float[6], 3)).containsExactly(0, 0);
    assertThat(NearestNeighbours.meanDistances(new float[0], 3)).isEmpty();
  }

  @Test
  void shouldRefuseWhatDoesNotFit() {
    assertThatThrownBy(() -> NearestNeighbours.meanDistances(new float[4], 3))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> NearestNeighbours.meanDistances(new float[3], 17))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void shouldTakeAMillionCopiesOfOnePoint() {
    float[] positions = new float[3 * 1_000_000];
    positions[0] = 2;
    float[] found = NearestNeighbours.meanDistances(positions, 3);
    assertThat(found[0]).isEqualTo(2);
    assertThat(found[999_999]).isEqualTo(2);
  }

  @Test
  void shouldTakeAFarPointAmongThoseOfALine() {
    float[] positions = new float[3 * 200];
    for (int i = 0; i < 200; i++) {
      positions[3 * i + 1] = i;
    }
    positions[0] = 1e9f;
    float[] found = NearestNeighbours.meanDistances(positions, 2);
    assertThat(found[0]).isCloseTo(1e9f, within(1e3f));
    assertThat(found[1]).isEqualTo(1.5f);
    assertThat(found[100]).isEqualTo(1);
  }
}

package dev.diorama.splat.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class CodebookTest {

  private static double meanSquare(Codebook codebook, float[] values) {
    double sum = 0;
    for (float value : values) {
      double error = value - codebook.levels()[codebook.nearest(value)];
      sum += error * error;
    }
    return sum / values.length;
  }

  @Test
  void shouldKeepValuesThatAreFewEnough() {
    float[] values = new float[1000];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i % 250) * 0.37f - 40;
    }
    assertThat(meanSquare(Codebook.of(values), values)).isZero();
    assertThat(meanSquare(Codebook.of(new float[] {-3}), new float[] {-3})).isZero();
  }

  /** The error of the best quantiser of many levels: (integral of p^(1/3))^3 / (12 L^2). */
  @Test
  void shouldComeCloseToTheBestForNormalValues() {
    Random random = new Random(1);
    float[] values = new float[200_000];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    double best = Math.sqrt(3) * Math.PI / 2 / (256.0 * 256);
    assertThat(meanSquare(Codebook.of(values), values)).isBetween(0.9 * best, 1.1 * best);
  }

  @Test
  void shouldNotLetOneOutlierSpoilTheRest() {
    Random random = new Random(2);
    float[] values = new float[100_000];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextDouble();
    }
    values[77] = 1e6f;
    double uniform = 1 / (12 * 256.0 * 256);
    assertThat(meanSquare(Codebook.of(values), values)).isLessThan(1.1 * uniform);
  }

  @Test
  void shouldFindTheNearestLevel() {
    Random random = new Random(3);
    float[] values = new float[5000];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    Codebook codebook = Codebook.of(values);
    for (float value : new float[] {-100, -1, 0, 0.123f, 2, 100}) {
      double best = Double.POSITIVE_INFINITY;
      for (float level : codebook.levels()) {
        best = Math.min(best, Math.abs(level - (double) value));
      }
      assertThat(Math.abs(codebook.levels()[codebook.nearest(value)] - (double) value))
          .isEqualTo(best);
    }
  }
}

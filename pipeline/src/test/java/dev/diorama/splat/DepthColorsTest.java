package dev.diorama.splat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class DepthColorsTest {

  private static Rendering picture(float[] depth, float[] alpha) {
    return new Rendering(depth.length, 1, null, null, depth, alpha, null);
  }

  @Test
  void shouldPaintNearRedAndFarBlueOverTheBackground() {
    float[] depth = {2, 8, 4, 0, 2};
    float[] alpha = {1, 1, 1, 0, 0.5f};
    float[] background = {0, 1, 0.5f};
    float[] rgb = new DepthColors(2, 8).paint(picture(depth, alpha), background);
    assertThat(rgb[0]).isGreaterThan(rgb[2] + 0.3f);
    assertThat(rgb[5]).isGreaterThan(rgb[4]);
    // A third of the way in 1/depth: the green middle of the map.
    assertThat(rgb[7]).isGreaterThan(0.5f);
    assertThat(Arrays.copyOfRange(rgb, 9, 12)).containsExactly(background);
    for (int c = 0; c < 3; c++) {
      assertThat(rgb[12 + c]).isCloseTo((rgb[c] + background[c]) / 2, within(1e-6f));
    }
  }

  @Test
  void shouldTakeTheRangeWithoutStrays() {
    float[] depth = new float[1000];
    for (int i = 0; i < depth.length; i++) {
      depth[i] = i < 5 ? 0.01f : i > 994 ? 1e6f : 5 + i / 1000f;
    }
    float[] alpha = new float[1000];
    Arrays.fill(alpha, 1);
    DepthColors colors = DepthColors.of(picture(depth, alpha));
    assertThat(colors.near()).isBetween(5.0, 5.1);
    assertThat(colors.far()).isBetween(5.9, 6.0);
  }

  @Test
  void shouldHaveARangeForNothingAndForAWall() {
    float[] zeros = new float[4];
    assertThat(DepthColors.of(picture(zeros, zeros))).isEqualTo(new DepthColors(1, 2));
    float[] ones = {1, 1, 1, 1};
    assertThat(DepthColors.of(picture(ones, ones)).far()).isGreaterThan(1);
    assertThatThrownBy(() -> new DepthColors(2, 2)).isInstanceOf(IllegalArgumentException.class);
  }
}

package dev.diorama.splat;

import java.util.Arrays;

/**
 * Depth as colours: Turbo (Mikhailov 2019, by its published polynomial), red near and blue far,
 * even steps of 1/depth, over the background where the scene is transparent.
 *
 * @param near the depth that is red, more than 0
 * @param far the depth that is blue, more than near
 */
public record DepthColors(double near, double far) {
  private static final double[][] TURBO = {
    {0.13572138, 4.61539260, -42.66032258, 132.13108234, -152.94239396, 59.28637943},
    {0.09140261, 2.19418839, 4.84296658, -14.18503333, 4.27729857, 2.82956604},
    {0.10667330, 12.64194608, -60.58204836, 110.36276771, -89.90310912, 27.34824973}
  };
  private static final double STRAY = 0.02;

  /**
   * Checks the range.
   *
   * @throws IllegalArgumentException when it is none
   */
  public DepthColors {
    if (!(near > 0) || !(far > near) || Double.isInfinite(far)) {
      throw new IllegalArgumentException(
          "a range of depths goes from more than 0 to more than that, got %s to %s"
              .formatted(near, far));
    }
  }

  /**
   * The range that a picture uses: its depths without the nearest and farthest 2%.
   *
   * @param picture with expectedDepth and alpha
   * @return the range; 1 to 2 where nothing is seen
   */
  public static DepthColors of(Rendering picture) {
    float[] depths = new float[picture.expectedDepth().length];
    int n = 0;
    for (int i = 0; i < depths.length; i++) {
      float depth = picture.expectedDepth()[i];
      if (picture.alpha()[i] >= 0.5f && depth > 0) {
        depths[n++] = depth;
      }
    }
    if (n == 0) {
      return new DepthColors(1, 2);
    }
    Arrays.sort(depths, 0, n);
    double near = depths[(int) (n * STRAY)];
    double far = depths[n - 1 - (int) (n * STRAY)];
    // A flat wall has one depth.
    return new DepthColors(near, Math.max(far, near * 1.0001));
  }

  /**
   * Paints a picture's depth.
   *
   * @param picture with expectedDepth and alpha
   * @param background red, green, blue, 0 to 1
   * @return [H, W, 3], 0 to 1
   */
  public float[] paint(Rendering picture, float[] background) {
    float[] alpha = picture.alpha();
    float[] rgb = new float[3 * alpha.length];
    for (int i = 0; i < alpha.length; i++) {
      double depth = Math.max(near, Math.min(far, picture.expectedDepth()[i]));
      double x = (1 / depth - 1 / far) / (1 / near - 1 / far);
      for (int c = 0; c < 3; c++) {
        double value = 0;
        for (int power = 5; power >= 0; power--) {
          value = value * x + TURBO[c][power];
        }
        double color = Math.max(0, Math.min(1, value));
        rgb[3 * i + c] = (float) (color * alpha[i] + background[c] * (1 - alpha[i]));
      }
    }
    return rgb;
  }
}

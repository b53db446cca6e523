package dev.diorama.splat;

/**
 * A scene of Gaussians in the layout of the INRIA .ply, on the heap. The arrays are the scene's
 * own, not copies: row-major, one row for each Gaussian.
 *
 * <p>Colours are spherical harmonics in the order of Kerbl et al. 2023: colour = max(0,
 * SH(direction) + 0.5), the direction going from the camera to the Gaussian.
 *
 * @param means [N, 3] positions
 * @param quats [N, 4] rotations, wxyz, not necessarily normalised
 * @param logScales [N, 3] natural logarithms of the standard deviations
 * @param logitOpacities [N] logits of the opacities; -infinity and infinity are 0 and 1
 * @param sh [N, K, 3] with K = (degree + 1)^2; coefficient first, then red, green, blue
 * @param shDegree 0 to 3
 */
public record Gaussians(
    float[] means,
    float[] quats,
    float[] logScales,
    float[] logitOpacities,
    float[] sh,
    int shDegree) {

  /** The largest degree of spherical harmonics. */
  public static final int MAX_SH_DEGREE = 3;

  /** The constant spherical harmonic, 1 / (2 sqrt(pi)): colour = 0.5 + this * coefficient. */
  public static final double CONSTANT_HARMONIC = 0.28209479177387814;

  /**
   * Checks that the arrays belong together.
   *
   * @throws IllegalArgumentException when their lengths do not fit each other
   */
  public Gaussians {
    if (shDegree < 0 || shDegree > MAX_SH_DEGREE) {
      throw new IllegalArgumentException(
          "the degree of the spherical harmonics is " + shDegree + ", expected 0 to 3");
    }
    int n = logitOpacities.length;
    check("means", means, n, 3);
    check("quats", quats, n, 4);
    check("logScales", logScales, n, 3);
    check("sh", sh, n, 3 * coefficients(shDegree));
  }

  /**
   * A scene of zeros, to be filled.
   *
   * @param count how many Gaussians
   * @param shDegree 0 to 3
   * @return the scene
   * @throws IllegalArgumentException when there would be more than arrays can hold
   */
  public static Gaussians zeros(int count, int shDegree) {
    int sh = 3 * coefficients(shDegree);
    if (count < 0 || (long) count * Math.max(sh, 4) > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          count
              + " Gaussians of degree "
              + shDegree
              + " do not fit into one scene, which holds at most "
              + (Integer.MAX_VALUE - 8) / Math.max(sh, 4));
    }
    return new Gaussians(
        new float[count * 3],
        new float[count * 4],
        new float[count * 3],
        new float[count],
        new float[count * sh],
        shDegree);
  }

  /**
   * The number of coefficients of a degree, for each colour channel.
   *
   * @param degree 0 to 3
   * @return 1, 4, 9 or 16
   */
  public static int coefficients(int degree) {
    return (degree + 1) * (degree + 1);
  }

  /**
   * How many Gaussians there are.
   *
   * @return N
   */
  public int count() {
    return logitOpacities.length;
  }

  /**
   * The number of coefficients for each colour channel.
   *
   * @return K: 1, 4, 9 or 16
   */
  public int coefficients() {
    return coefficients(shDegree);
  }

  private static void check(String name, float[] values, int n, int columns) {
    if (values.length != (long) n * columns) {
      throw new IllegalArgumentException(
          name + " has " + values.length + " values, expected " + n + " x " + columns);
    }
  }
}

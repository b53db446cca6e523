package dev.diorama.splat.edit;

import dev.diorama.splat.Gaussians;

/** Edits that leave Gaussians, or parts of them, out. */
public final class Filters {
  private Filters() {}

  /**
   * Leaves out what no renderer can draw: a value that is NaN, or infinite where that means
   * nothing. An opacity logit may be infinite (opacity 0 or 1), a log scale may be -infinity (a
   * scale of 0).
   *
   * @return the edit
   */
  public static Edit dropInvalid() {
    return scene -> Selection.filter(scene, i -> valid(scene, i));
  }

  /**
   * Keeps what lies inside a box, its faces included.
   *
   * @param box the smallest x, y, z, then the largest
   * @return the edit
   */
  public static Edit box(double[] box) {
    double[] b = box.clone();
    if (b.length != 6 || !(b[0] <= b[3] && b[1] <= b[4] && b[2] <= b[5])) {
      throw new IllegalArgumentException(
          "a box is x,y,z,X,Y,Z with the smallest corner first, such as -1,-1,-1,1,1,1");
    }
    return scene ->
        Selection.filter(
            scene,
            i -> {
              float[] m = scene.means();
              return inside(m[3 * i], b[0], b[3])
                  && inside(m[3 * i + 1], b[1], b[4])
                  && inside(m[3 * i + 2], b[2], b[5]);
            });
  }

  /**
   * Keeps what lies inside a sphere, its surface included.
   *
   * @param sphere x, y, z of the centre, then the radius
   * @return the edit
   */
  public static Edit sphere(double[] sphere) {
    double[] s = sphere.clone();
    if (s.length != 4 || !(s[3] >= 0)) {
      throw new IllegalArgumentException(
          "a sphere is x,y,z,radius with a radius of at least 0, such as 0,0,0,2");
    }
    return scene ->
        Selection.filter(
            scene,
            i -> {
              double x = scene.means()[3 * i] - s[0];
              double y = scene.means()[3 * i + 1] - s[1];
              double z = scene.means()[3 * i + 2] - s[2];
              return x * x + y * y + z * z <= s[3] * s[3];
            });
  }

  /**
   * Leaves out the spherical harmonics above a degree.
   *
   * @param degree 0 to 3
   * @return the edit
   */
  public static Edit maxSh(int degree) {
    if (degree < 0 || degree > Gaussians.MAX_SH_DEGREE) {
      throw new IllegalArgumentException("the degree is " + degree + ", expected 0 to 3");
    }
    return scene -> {
      if (scene.shDegree() <= degree) {
        return scene;
      }
      Gaussians less = Gaussians.zeros(scene.count(), degree);
      for (int i = 0; i < scene.count(); i++) {
        Selection.copy(scene, i, less, i);
      }
      return less;
    };
  }

  private static boolean valid(Gaussians scene, int i) {
    float length = 0;
    for (int k = 4 * i; k < 4 * i + 4; k++) {
      length += scene.quats()[k] * scene.quats()[k];
    }
    boolean good = Float.isFinite(length) && length > 0 && !Float.isNaN(scene.logitOpacities()[i]);
    for (int k = 3 * i; k < 3 * i + 3; k++) {
      float logScale = scene.logScales()[k];
      good &= Float.isFinite(scene.means()[k]);
      good &= logScale < Float.POSITIVE_INFINITY; // false for NaN too
    }
    int row = 3 * scene.coefficients();
    for (int k = row * i; good && k < row * (i + 1); k++) {
      good = Float.isFinite(scene.sh()[k]);
    }
    return good;
  }

  private static boolean inside(double value, double low, double high) {
    return value >= low && value <= high;
  }
}

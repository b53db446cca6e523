package dev.diorama.splat.format;

import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SceneException;

/** What formats without room for NaN and infinity ask of a scene before they write it. */
final class SceneChecks {

  /** exp of it is still a normal number in F32, and its square, a variance, does not overflow. */
  private static final float MAX_LOG_SCALE = 43;

  private SceneChecks() {}

  /**
   * Refuses what cannot be stored. Logarithms of scales may be infinite, opacities' logits as well.
   *
   * @param scene to be written
   * @param format for the message
   * @throws SceneException when the scene is empty, or a position or colour is not finite, a scale
   *     or opacity is NaN, or a rotation has no direction
   */
  static void finite(Gaussians scene, String format) throws SceneException {
    if (scene.count() == 0) {
      throw new SceneException(
          "the scene has no Gaussians, a %s holds at least one".formatted(format));
    }
    check("position", format, scene.means(), 3, false);
    check("rotation", format, scene.quats(), 4, false);
    check("scale", format, scene.logScales(), 3, true);
    check("opacity", format, scene.logitOpacities(), 1, true);
    check("colour", format, scene.sh(), 3 * scene.coefficients(), false);
    for (int i = 0; i < scene.count(); i++) {
      float[] q = scene.quats();
      if (q[4 * i] == 0 && q[4 * i + 1] == 0 && q[4 * i + 2] == 0 && q[4 * i + 3] == 0) {
        throw new SceneException(
            "the rotation of Gaussian %d is a quaternion of zeros; --drop-invalid leaves such out"
                .formatted(i));
      }
    }
  }

  private static void check(
      String what, String format, float[] values, int stride, boolean infinite)
      throws SceneException {
    for (int i = 0; i < values.length; i++) {
      float value = values[i];
      if (infinite ? Float.isNaN(value) : !Float.isFinite(value)) {
        throw new SceneException(
            "the %s of Gaussian %d holds %s, which a %s cannot; --drop-invalid leaves such out"
                .formatted(what, i / stride, value, format));
      }
    }
  }

  /**
   * A scale's logarithm within what F32 can square and invert.
   *
   * @param logScale may be infinite
   * @return -43 to 43
   */
  static float finiteLogScale(float logScale) {
    return Math.clamp(logScale, -MAX_LOG_SCALE, MAX_LOG_SCALE);
  }
}

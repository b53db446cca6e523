package dev.diorama.splat.fit;

/**
 * Learning rates of Adam, each at least 0.
 *
 * @param means of positions at the first step, for a scene whose cameras reach 1 from their middle;
 *     scaled by the scene's extent and lowered exponentially
 * @param meansAtEnd what is left of it at the last step, as a factor
 * @param quats of rotations
 * @param logScales of logarithms of the standard deviations
 * @param logitOpacities of logits of the opacities
 * @param constantColors of the spherical harmonics of degree 0
 * @param otherColors of those above
 */
public record LearningRates(
    double means,
    double meansAtEnd,
    double quats,
    double logScales,
    double logitOpacities,
    double constantColors,
    double otherColors) {

  /** Those of gsplat's simple_trainer. */
  public static final LearningRates DEFAULT =
      new LearningRates(1.6e-4, 0.01, 1e-3, 5e-3, 5e-2, 2.5e-3, 2.5e-3 / 20);

  /**
   * Checks the rates.
   *
   * @throws IllegalArgumentException when one is below 0 or not finite
   */
  public LearningRates {
    double[] all = {
      means, meansAtEnd, quats, logScales, logitOpacities, constantColors, otherColors
    };
    for (double rate : all) {
      if (!(rate >= 0) || Double.isInfinite(rate)) {
        throw new IllegalArgumentException(
            "a learning rate is " + rate + ", expected a finite number of at least 0");
      }
    }
  }
}

package dev.diorama.splat.fit;

import dev.diorama.splat.Gaussians;

/**
 * How a scene is fitted. Made by {@link #builder()}.
 *
 * @param iterations how many pictures are looked at, one each
 * @param shDegree of the scene's colours, 0 to 3
 * @param shEvery iterations until the next degree is used; the first ones see constant colours
 * @param ssimWeight of 1 - SSIM in the loss, 0 to 1; the rest is the mean difference
 * @param rates of learning
 * @param densification how the number of Gaussians changes
 * @param initialPoints how many Gaussians begin at random places where the dataset has no points
 * @param initialOpacity of the first Gaussians, between 0 and 1
 * @param initialScale of the first Gaussians: times the mean distance to their neighbours
 * @param antialiased renders with opacity compensation; the scene should then be viewed so
 * @param background red, green, blue behind the scene, 0 to 1
 * @param randomBackground instead another one each iteration, so that nothing stays transparent
 * @param testEvery every so many-th view, from the first on, is held out for measuring; 0: none
 * @param seed of all random choices
 */
public record FitOptions(
    int iterations,
    int shDegree,
    int shEvery,
    double ssimWeight,
    LearningRates rates,
    Densification densification,
    int initialPoints,
    double initialOpacity,
    double initialScale,
    boolean antialiased,
    Background background,
    boolean randomBackground,
    int testEvery,
    long seed) {

  /** A colour behind the scene. */
  public record Background(float red, float green, float blue) {
    /** No light. */
    public static final Background BLACK = new Background(0, 0, 0);
  }

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException when one is out of its range
   */
  public FitOptions {
    if (iterations < 1) {
      throw new IllegalArgumentException(iterations + " iterations, expected at least 1");
    }
    if (shDegree < 0 || shDegree > Gaussians.MAX_SH_DEGREE) {
      throw new IllegalArgumentException(
          "the degree of the spherical harmonics must be 0 to 3, got " + shDegree);
    }
    if (shEvery < 1 || initialPoints < 1) {
      throw new IllegalArgumentException(
          "shEvery is %d and initialPoints is %d, expected at least 1"
              .formatted(shEvery, initialPoints));
    }
    if (!(ssimWeight >= 0 && ssimWeight <= 1)) {
      throw new IllegalArgumentException("the weight of SSIM must be 0 to 1, got " + ssimWeight);
    }
    if (!(initialOpacity > 0 && initialOpacity < 1) || !(initialScale > 0)) {
      throw new IllegalArgumentException(
          "Gaussians begin with the opacity %s and the scale %s, expected 0 to 1 and above 0"
              .formatted(initialOpacity, initialScale));
    }
    if (testEvery < 0 || testEvery == 1) {
      throw new IllegalArgumentException(
          "every " + testEvery + "th view held out leaves none; expected 0 or at least 2");
    }
  }

  /**
   * Whether a view is held out.
   *
   * @param index of the view in its dataset
   * @return true when it only serves for measuring
   */
  public boolean holdsOut(int index) {
    return testEvery > 0 && index % testEvery == 0;
  }

  /**
   * Begins with what suits most datasets.
   *
   * @return a builder
   */
  public static FitOptionsBuilder builder() {
    return new FitOptionsBuilder();
  }
}

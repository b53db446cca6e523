package dev.diorama.splat.fit;

import dev.diorama.SplatCamera;
import dev.diorama.Tensor;

/** A strategy at work. Iterations count from 1. */
interface Densifier {

  /**
   * Where the backward pass shall put the gradient of places in the picture.
   *
   * @return [N, 2], or null when the strategy does not look at it
   */
  Tensor means2d();

  /** What the loss gets for each unit of mean opacity. */
  default double opacityPenalty() {
    return 0;
  }

  /** What the loss gets for each unit of mean standard deviation. */
  default double scalePenalty() {
    return 0;
  }

  /** Behind Adam: noise, bookkeeping, and where it is due more or fewer Gaussians. */
  void step(int iteration, SplatCamera camera, double meansRate);

  /** What must be kept between runs beside the parameters; may be empty. */
  float[][] state();

  /** How long the arrays of {@link #state} are where there are any. */
  int[] stateLengths();

  /** Takes up what {@link #state} gave, with as many Gaussians. */
  void resume(float[][] state);
}

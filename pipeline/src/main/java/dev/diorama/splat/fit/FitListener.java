package dev.diorama.splat.fit;

/** Hears how far a fit is; called on the thread that runs it. */
@FunctionalInterface
public interface FitListener {

  /** Hears nothing. */
  FitListener NONE = (iteration, iterations, loss, gaussians) -> {};

  /**
   * Called after each iteration.
   *
   * @param iteration how many are done
   * @param iterations of the whole run
   * @param loss of the picture just looked at
   * @param gaussians that there are
   */
  void progress(int iteration, int iterations, double loss, int gaussians);
}

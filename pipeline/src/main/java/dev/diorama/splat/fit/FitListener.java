package dev.diorama.splat.fit;

import java.util.function.DoubleSupplier;

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
   * @param loss of the picture just looked at; asking for it waits until the step is done
   * @param gaussians that there are
   */
  void progress(int iteration, int iterations, DoubleSupplier loss, int gaussians);
}

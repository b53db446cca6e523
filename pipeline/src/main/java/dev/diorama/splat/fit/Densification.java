package dev.diorama.splat.fit;

/**
 * When and how the number of Gaussians changes.
 *
 * @param strategy who decides
 * @param cap the most Gaussians there may be, at least 1
 * @param from the first iteration that may change it
 * @param until and the last; behind it MCMC only adds noise and classic does nothing
 * @param every iterations from one change to the next, at least 1
 * @param opacityPenalty times the mean opacity is added to the loss; MCMC only
 * @param scalePenalty times the mean standard deviation over the scene's extent; MCMC only
 */
public record Densification(
    Strategy strategy,
    int cap,
    int from,
    int until,
    int every,
    double opacityPenalty,
    double scalePenalty) {

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException when one is out of its range
   */
  public Densification {
    if (cap < 1) {
      throw new IllegalArgumentException("the cap is " + cap + ", expected at least 1");
    }
    if (every < 1) {
      throw new IllegalArgumentException(
          "densification every " + every + " iterations, expected at least 1");
    }
    if (!(opacityPenalty >= 0) || !(scalePenalty >= 0)) {
      throw new IllegalArgumentException(
          "the penalties are %s and %s, expected at least 0"
              .formatted(opacityPenalty, scalePenalty));
    }
  }

  /**
   * What gsplat does, in proportion where the run is shorter than its 30,000 iterations.
   *
   * @param strategy who decides
   * @param cap the most Gaussians there may be
   * @param iterations of the whole run
   * @return the schedule
   */
  public static Densification standard(Strategy strategy, int cap, int iterations) {
    boolean mcmc = strategy == Strategy.MCMC;
    int from = Math.min(500, iterations / 14);
    int until = (int) ((long) iterations * (mcmc ? 25 : 15) / 30);
    return new Densification(strategy, cap, from, until, 100, mcmc ? 0.01 : 0, mcmc ? 0.01 : 0);
  }

  /** Whether Gaussians are added and taken away after this iteration, counted from 1. */
  boolean due(int iteration) {
    return iteration > from && iteration <= until && iteration % every == 0;
  }
}

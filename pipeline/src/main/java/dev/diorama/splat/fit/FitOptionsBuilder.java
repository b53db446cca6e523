package dev.diorama.splat.fit;

import dev.diorama.splat.fit.FitOptions.Background;

/** Gathers {@link FitOptions}; what is not given is gsplat's, in proportion to the iterations. */
public final class FitOptionsBuilder {
  private int iterations = 7_000;
  private int shDegree = 3;
  private double ssimWeight = 0.2;
  private LearningRates rates = LearningRates.DEFAULT;
  private Strategy strategy = Strategy.MCMC;
  private int cap = 200_000;
  private Densification densification;
  private int initialPoints = 10_000;
  private Double initialOpacity;
  private double initialScale = 1;
  private boolean antialiased;
  private Background background = Background.BLACK;
  private boolean randomBackground;
  private int testEvery = 8;
  private long seed;

  FitOptionsBuilder() {}

  /** How many pictures are looked at, one each; at least 1. Default: 7000. */
  public FitOptionsBuilder iterations(int value) {
    iterations = value;
    return this;
  }

  /** Of the scene's colours, 0 to 3. Default: 3. */
  public FitOptionsBuilder shDegree(int value) {
    shDegree = value;
    return this;
  }

  /** Of 1 - SSIM in the loss, 0 to 1. Default: 0.2. */
  public FitOptionsBuilder ssimWeight(double value) {
    ssimWeight = value;
    return this;
  }

  /** Of learning. Default: gsplat's. */
  public FitOptionsBuilder rates(LearningRates value) {
    rates = value;
    return this;
  }

  /** Who adds and removes Gaussians. Default: MCMC. */
  public FitOptionsBuilder strategy(Strategy value) {
    strategy = value;
    return this;
  }

  /** The most Gaussians there may be. Default: 200,000. */
  public FitOptionsBuilder cap(int value) {
    cap = value;
    return this;
  }

  /** The whole schedule, instead of strategy and cap. */
  public FitOptionsBuilder densification(Densification value) {
    densification = value;
    return this;
  }

  /** How many Gaussians begin at random places where there are no points. Default: 10,000. */
  public FitOptionsBuilder initialPoints(int value) {
    initialPoints = value;
    return this;
  }

  /** Of the first Gaussians, between 0 and 1. Default: 0.5 with MCMC, else 0.1. */
  public FitOptionsBuilder initialOpacity(double value) {
    initialOpacity = value;
    return this;
  }

  /** Of the first Gaussians, times the mean distance to their neighbours. Default: 1. */
  public FitOptionsBuilder initialScale(double value) {
    initialScale = value;
    return this;
  }

  /** Renders with opacity compensation. Default: without. */
  public FitOptionsBuilder antialiased(boolean value) {
    antialiased = value;
    return this;
  }

  /** What is behind the scene, red, green, blue, 0 to 1. Default: black. */
  public FitOptionsBuilder background(float red, float green, float blue) {
    background = new Background(red, green, blue);
    return this;
  }

  /** Another background each iteration. Default: no. */
  public FitOptionsBuilder randomBackground(boolean value) {
    randomBackground = value;
    return this;
  }

  /** Every so many-th view is held out; 0: none. Default: 8. */
  public FitOptionsBuilder testEvery(int value) {
    testEvery = value;
    return this;
  }

  /** Of all random choices. Default: 0. */
  public FitOptionsBuilder seed(long value) {
    seed = value;
    return this;
  }

  /**
   * The options.
   *
   * @return checked
   * @throws IllegalArgumentException when a value is out of its range
   */
  public FitOptions build() {
    Densification schedule =
        densification != null ? densification : Densification.standard(strategy, cap, iterations);
    double opacity = schedule.strategy() == Strategy.MCMC ? 0.5 : 0.1;
    return new FitOptions(
        iterations,
        shDegree,
        Math.clamp(iterations / 7, 1, 1000),
        ssimWeight,
        rates,
        schedule,
        initialPoints,
        initialOpacity != null ? initialOpacity : opacity,
        initialScale,
        antialiased,
        background,
        randomBackground,
        testEvery,
        seed);
  }
}

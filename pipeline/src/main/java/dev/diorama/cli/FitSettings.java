package dev.diorama.cli;

import dev.diorama.splat.fit.FitOptions;
import dev.diorama.splat.fit.FitOptionsBuilder;
import dev.diorama.splat.fit.Strategy;
import java.util.Arrays;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** How {@code diorama fit} learns; null stands for the default. A resumed fit takes none. */
final class FitSettings {
  private static final String LIST_OF_STRATEGIES = "mcmc|classic";

  @Option(
      names = "--iterations",
      paramLabel = "N",
      description = "How many pictures are looked at. Default: 7000.")
  Integer iterations;

  @Option(
      names = "--cap",
      paramLabel = "N",
      description = "The most Gaussians. Default: 200000; 25000 with --scene.")
  Integer cap;

  @Option(
      names = "--strategy",
      paramLabel = LIST_OF_STRATEGIES,
      converter = StrategyConverter.class,
      description = "3DGS-MCMC, or split, clone and prune. Default: mcmc.")
  Strategy strategy;

  @Option(
      names = "--sh-degree",
      paramLabel = "0..3",
      description = "How finely colours depend on the direction. Default: 3.")
  Integer shDegree;

  @Option(
      names = "--ssim-weight",
      paramLabel = "0..1",
      description = "Of 1 - SSIM in the loss. Default: 0.2.")
  Double ssimWeight;

  @Option(
      names = "--test-every",
      paramLabel = "N",
      description = "Every N-th view is held out; 0: none. Default: 8; 6 with --scene.")
  Integer testEvery;

  @Option(
      names = "--initial-points",
      paramLabel = "N",
      description = "Random Gaussians to begin with where there are no points. Default: 10000.")
  Integer initialPoints;

  @Option(
      names = "--antialiased",
      arity = "0",
      description = "Learn with opacity compensation; render with it too.")
  Boolean antialiased;

  @Option(
      names = "--background",
      paramLabel = "R,G,B",
      converter = ColorConverter.class,
      description = "Behind the scene, each 0 to 1. Default: 0,0,0.")
  float[] background;

  @Option(
      names = "--random-background",
      arity = "0",
      description = "Another background each iteration, so that nothing stays transparent.")
  Boolean randomBackground;

  @Option(names = "--seed", paramLabel = "N", description = "Of random choices. Default: 0.")
  Long seed;

  /** The name of the first option that was given, or null. */
  String firstGiven() {
    Object[] values = {
      iterations,
      cap,
      strategy,
      shDegree,
      ssimWeight,
      testEvery,
      initialPoints,
      antialiased,
      background,
      randomBackground,
      seed
    };
    String[] names = {
      "--iterations",
      "--cap",
      "--strategy",
      "--sh-degree",
      "--ssim-weight",
      "--test-every",
      "--initial-points",
      "--antialiased",
      "--background",
      "--random-background",
      "--seed"
    };
    for (int i = 0; i < values.length; i++) {
      if (values[i] != null) {
        return names[i];
      }
    }
    return null;
  }

  /** What was given over a builder's values. */
  FitOptions over(FitOptionsBuilder builder) {
    if (iterations != null) {
      builder.iterations(iterations);
    }
    if (cap != null) {
      builder.cap(cap);
    }
    if (strategy != null) {
      builder.strategy(strategy);
    }
    if (shDegree != null) {
      builder.shDegree(shDegree);
    }
    if (ssimWeight != null) {
      builder.ssimWeight(ssimWeight);
    }
    if (testEvery != null) {
      builder.testEvery(testEvery);
    }
    if (initialPoints != null) {
      builder.initialPoints(initialPoints);
    }
    if (background != null) {
      builder.background(background[0], background[1], background[2]);
    }
    if (seed != null) {
      builder.seed(seed);
    }
    return builder
        .antialiased(antialiased != null)
        .randomBackground(randomBackground != null)
        .build();
  }

  /** By name. */
  static final class StrategyConverter implements ITypeConverter<Strategy> {
    @Override
    public Strategy convert(String value) {
      return switch (value) {
        case "mcmc" -> Strategy.MCMC;
        case "classic" -> Strategy.CLASSIC;
        default ->
            throw new TypeConversionException(
                "'%s' is no strategy, expected %s".formatted(value, LIST_OF_STRATEGIES));
      };
    }
  }

  /** Three numbers of 0 to 1. */
  static final class ColorConverter implements ITypeConverter<float[]> {
    @Override
    public float[] convert(String value) {
      String[] parts = value.split(",", -1);
      float[] color = new float[3];
      try {
        for (int i = 0; parts.length == 3 && i < 3; i++) {
          color[i] = Float.parseFloat(parts[i].strip());
        }
      } catch (NumberFormatException e) {
        parts = new String[0];
      }
      boolean inside = Arrays.equals(color, clamped(color));
      if (parts.length != 3 || !inside) {
        throw new TypeConversionException(
            "'%s' is no colour, expected R,G,B with each 0 to 1".formatted(value));
      }
      return color;
    }

    private static float[] clamped(float[] color) {
      float[] clamped = new float[3];
      for (int i = 0; i < 3; i++) {
        clamped[i] = Math.clamp(color[i], 0f, 1f);
      }
      return clamped;
    }
  }
}

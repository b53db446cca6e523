package dev.diorama.video.scheduler;

import dev.diorama.model.Config;
import dev.diorama.model.ModelException;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * A {@code scheduler_config.json}. Settings that would change the result and that are not done here
 * are refused with a sentence, never ignored.
 */
public final class SchedulerConfig {
  private static final int DEFAULT_TRAIN_TIMESTEPS = 1000;
  private static final int MAX_TRAIN_TIMESTEPS = 1_000_000;
  private static final int MAX_STEPS = 10_000;

  private final Config config;

  /**
   * Wraps a file.
   *
   * @param config the file
   */
  public SchedulerConfig(Config config) {
    this.config = config;
  }

  /**
   * The scheduler of a run.
   *
   * @param steps denoising steps
   * @param shift shift of the noise levels, or null for the configured one
   * @return the scheduler
   * @throws ModelException when the configuration asks for what is not done here
   * @throws IllegalArgumentException when a number is out of range
   */
  public Scheduler create(int steps, Double shift) throws ModelException {
    if (steps < 1 || steps > MAX_STEPS) {
      throw new IllegalArgumentException(
          "steps must be from 1 to %d, got %d".formatted(MAX_STEPS, steps));
    }
    double used = shift == null ? flowShift() : shift;
    if (!(used > 0) || Double.isInfinite(used)) {
      throw new IllegalArgumentException("flow shift must be a positive number, got " + used);
    }
    String name = config.text("_class_name");
    return switch (name) {
      case "UniPCMultistepScheduler" -> new UniPcMultistep(this, used, steps);
      case "FlowMatchEulerDiscreteScheduler" -> new FlowMatchEuler(this, used, steps);
      case "DPMSolverMultistepScheduler" -> new DpmSolverMultistep(this, used, steps);
      default ->
          throw unsupported(
              "_class_name",
              name,
              "UniPCMultistepScheduler, FlowMatchEulerDiscreteScheduler or"
                  + " DPMSolverMultistepScheduler");
    };
  }

  /**
   * The configured shift of the noise levels.
   *
   * @return 1 when the file has none
   * @throws ModelException when it is not a number
   */
  public double flowShift() throws ModelException {
    return config.optionalNumber(config.has("flow_shift") ? "flow_shift" : "shift").orElse(1);
  }

  int trainTimesteps() throws ModelException {
    return wholeNumber("num_train_timesteps", DEFAULT_TRAIN_TIMESTEPS, MAX_TRAIN_TIMESTEPS);
  }

  /** The level at the first trained timestep, in the ratio of noise to signal. */
  double smallestTrainedSigma() throws ModelException {
    oneOf("beta_schedule", "linear", "linear", "scaled_linear");
    refuseValue("trained_betas");
    refuse("rescale_betas_zero_snr");
    float alpha = 1f - (float) config.optionalNumber("beta_start").orElse(1e-4);
    return Math.sqrt((1f - alpha) / alpha);
  }

  /** Insists on a flag. */
  void require(String key, boolean wanted, boolean absent) throws ModelException {
    if (config.flag(key, absent) != wanted) {
      throw unsupported(key, Boolean.toString(!wanted), Boolean.toString(wanted));
    }
  }

  /** Refuses a flag that is set. */
  void refuse(String key) throws ModelException {
    require(key, false, false);
  }

  /** Refuses a value of any kind. */
  void refuseValue(String key) throws ModelException {
    if (config.has(key)) {
      throw unsupported(key, "set", "null");
    }
  }

  boolean flag(String key, boolean absent) throws ModelException {
    return config.flag(key, absent);
  }

  String oneOf(String key, String absent, String... known) throws ModelException {
    String value = config.optionalText(key).orElse(absent);
    if (!Arrays.asList(known).contains(value)) {
      throw unsupported(key, value, String.join(" or ", known));
    }
    return value;
  }

  /** A number that is absent when it is zero, as in Python's conditions. */
  OptionalDouble terminal() throws ModelException {
    OptionalDouble value = config.optionalNumber("shift_terminal");
    if (value.isPresent() && !(value.getAsDouble() >= 0 && value.getAsDouble() < 1)) {
      throw unsupported("shift_terminal", "" + value.getAsDouble(), "0 to 1");
    }
    return value.isPresent() && value.getAsDouble() == 0 ? OptionalDouble.empty() : value;
  }

  int wholeNumber(String key, int absent, int most) throws ModelException {
    int value = config.optionalSize(key).orElse(absent);
    if (value > most) {
      throw unsupported(key, "" + value, "1 to " + most);
    }
    return value;
  }

  Set<Integer> steps(String key) throws ModelException {
    Set<Integer> steps = new LinkedHashSet<>();
    if (config.has(key)) {
      for (double step : config.numbers(key, 0)) {
        steps.add((int) step);
      }
    }
    return steps;
  }

  ModelException unsupported(String key, String value, String known) {
    return new ModelException(
        "%s: '%s' is %s; supported is %s.".formatted(config.file(), key, value, known));
  }
}

package dev.diorama.video.scheduler;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * A {@code scheduler_config.json}. Settings that would change the result and that are not done here are
 * refused with a sentence, never ignored.
 */
public final class SchedulerConfig {
  private static final int DEFAULT_TRAIN_TIMESTEPS = 1000;
  private static final int MAX_TRAIN_TIMESTEPS = 1_000_000;
  private static final int MAX_STEPS = 10_000;

  private final JsonNode json;
  private final String source;

  /**
   * Wraps a parsed file.
   *
   * @param json the file's object
   * @param source the file's name, for messages
   */
  public SchedulerConfig(JsonNode json, String source) {
    this.json = json;
    this.source = source;
    if (!json.isObject()) {
      throw new IllegalArgumentException(source + " must hold a JSON object");
    }
  }

  /**
   * The scheduler of a run.
   *
   * @param steps denoising steps
   * @param shift shift of the noise levels, or null for the configured one
   * @return the scheduler
   * @throws IllegalArgumentException when the configuration asks for what is not done here
   */
  public Scheduler create(int steps, Double shift) {
    if (steps < 1 || steps > MAX_STEPS) {
      throw new IllegalArgumentException(
          "steps must be from 1 to %d, got %d".formatted(MAX_STEPS, steps));
    }
    double used = shift == null ? flowShift() : shift;
    if (!(used > 0) || Double.isInfinite(used)) {
      throw new IllegalArgumentException("flow shift must be a positive number, got " + used);
    }
    String name = text("_class_name", "");
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
   */
  public double flowShift() {
    Double value = optionalNumber(json.has("flow_shift") ? "flow_shift" : "shift");
    return value == null ? 1 : value;
  }

  int trainTimesteps() {
    return wholeNumber("num_train_timesteps", DEFAULT_TRAIN_TIMESTEPS, 1, MAX_TRAIN_TIMESTEPS);
  }

  /** The level at the first trained timestep, in the ratio of noise to signal. */
  double smallestTrainedSigma() {
    oneOf("beta_schedule", "linear", "linear", "scaled_linear");
    refuse("trained_betas");
    refuse("rescale_betas_zero_snr");
    Double start = optionalNumber("beta_start");
    float alpha = 1f - (float) (start == null ? 1e-4 : start);
    return Math.sqrt((1f - alpha) / alpha);
  }

  void requireFlowSigmas() {
    require("use_flow_sigmas", true);
  }

  void require(String key, boolean wanted) {
    boolean fallback = key.equals("predict_x0");
    if (flag(key, fallback) != wanted) {
      throw unsupported(key, Boolean.toString(!wanted), Boolean.toString(wanted));
    }
  }

  /** Refuses a setting that is switched on. */
  void refuse(String key) {
    JsonNode value = json.path(key);
    boolean off = value.isMissingNode() || value.isNull() || value.isBoolean() && !value.asBoolean();
    if (!off) {
      throw unsupported(key, value.toString(), "false");
    }
  }

  boolean flag(String key, boolean fallback) {
    JsonNode value = json.path(key);
    if (value.isMissingNode() || value.isNull()) {
      return fallback;
    }
    if (!value.isBoolean()) {
      throw wrong(key, value, "true or false");
    }
    return value.asBoolean();
  }

  String text(String key, String fallback) {
    JsonNode value = json.path(key);
    if (value.isMissingNode() || value.isNull()) {
      return fallback;
    }
    if (!value.isTextual()) {
      throw wrong(key, value, "a string");
    }
    return value.asText();
  }

  String oneOf(String key, String fallback, String... known) {
    String value = text(key, fallback);
    if (!Arrays.asList(known).contains(value)) {
      throw unsupported(key, value, String.join(" or ", known));
    }
    return value;
  }

  Double optionalNumber(String key) {
    JsonNode value = json.path(key);
    if (value.isMissingNode() || value.isNull()) {
      return null;
    }
    if (!value.isNumber() || !Double.isFinite(value.asDouble())) {
      throw wrong(key, value, "a finite number");
    }
    return value.asDouble();
  }

  int wholeNumber(String key, int fallback, int low, int high) {
    JsonNode value = json.path(key);
    if (value.isMissingNode() || value.isNull()) {
      return fallback;
    }
    if (!value.canConvertToInt() || !value.isIntegralNumber()) {
      throw wrong(key, value, "a whole number");
    }
    if (value.asInt() < low || value.asInt() > high) {
      throw unsupported(key, value.toString(), low + " to " + high);
    }
    return value.asInt();
  }

  Set<Integer> wholeNumbers(String key) {
    Set<Integer> numbers = new LinkedHashSet<>();
    JsonNode list = json.path(key);
    if (list.isMissingNode() || list.isNull()) {
      return numbers;
    }
    if (!list.isArray()) {
      throw wrong(key, list, "a list of whole numbers");
    }
    for (JsonNode value : list) {
      if (!value.isIntegralNumber()) {
        throw wrong(key, list, "a list of whole numbers");
      }
      numbers.add(value.asInt());
    }
    return numbers;
  }

  IllegalArgumentException unsupported(String key, String value, String known) {
    return new IllegalArgumentException(
        "%s: %s is %s, supported is %s".formatted(source, key, value, known));
  }

  private IllegalArgumentException wrong(String key, JsonNode value, String wanted) {
    return new IllegalArgumentException(
        "%s: %s must be %s, got %s".formatted(source, key, wanted, value));
  }
}

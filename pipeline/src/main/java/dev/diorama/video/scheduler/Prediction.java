package dev.diorama.video.scheduler;

/** What a model's output stands for. */
enum Prediction {
  /** The velocity of the flow, noise minus data. */
  FLOW,
  /** The clean sample itself. */
  SAMPLE;

  static Prediction of(SchedulerConfig config) {
    String name = config.text("prediction_type", "epsilon");
    return switch (name) {
      case "flow_prediction" -> FLOW;
      case "sample" -> SAMPLE;
      default -> throw config.unsupported("prediction_type", name, "flow_prediction or sample");
    };
  }

  /** The clean sample that an output means, for a sample at this noise level. */
  LinearForm clean(LinearForm output, LinearForm sample, float sigma) {
    return this == SAMPLE ? output : sample.minus(output.times(sigma));
  }
}

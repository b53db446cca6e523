package dev.diorama.video.scheduler;

import dev.diorama.model.ModelException;

/** What a model's output stands for. */
enum Prediction {
  /** The velocity of the flow, noise minus data. */
  FLOW,
  /** The clean sample itself. */
  SAMPLE;

  static Prediction of(SchedulerConfig config) throws ModelException {
    String name = config.oneOf("prediction_type", "epsilon", "flow_prediction", "sample");
    return name.equals("sample") ? SAMPLE : FLOW;
  }

  /** The clean sample that an output means, for a sample at this noise level. */
  LinearForm clean(LinearForm output, LinearForm sample, float sigma) {
    return this == SAMPLE ? output : sample.minus(output.times(sigma));
  }
}

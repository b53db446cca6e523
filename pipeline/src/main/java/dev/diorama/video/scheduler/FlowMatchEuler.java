package dev.diorama.video.scheduler;

import dev.diorama.model.ModelException;
import java.util.List;

/** Euler's method on the flow: the sample moves along the predicted velocity. */
final class FlowMatchEuler implements Scheduler {
  private final Schedule schedule;
  private final int trainTimesteps;

  FlowMatchEuler(SchedulerConfig config, double shift, int steps) throws ModelException {
    config.refuse("use_dynamic_shifting");
    config.refuse("use_karras_sigmas");
    config.refuse("use_exponential_sigmas");
    config.refuse("use_beta_sigmas");
    config.refuse("stochastic_sampling");
    config.refuse("invert_sigmas");
    trainTimesteps = config.trainTimesteps();
    schedule = schedule(config, shift, steps);
  }

  /** The ends of the range are shifted in single precision, then everything once more in double. */
  private Schedule schedule(SchedulerConfig config, double shift, int steps) throws ModelException {
    float factor = (float) shift;
    float rest = (float) (shift - 1);
    float largest = Schedule.shift(1f, factor, rest);
    float smallest = Schedule.shift(1f / trainTimesteps, factor, rest);
    double[] sigmas =
        Schedule.linspace(
            (double) largest * trainTimesteps, (double) smallest * trainTimesteps, steps);
    for (int i = 0; i < steps; i++) {
      sigmas[i] = Schedule.shift(sigmas[i] / trainTimesteps, shift);
    }
    config.terminal().ifPresent(terminal -> Schedule.stretch(sigmas, terminal));
    return Schedule.ofExactTimesteps(sigmas, 0, trainTimesteps);
  }

  @Override
  public Update update(int step) {
    float distance = schedule.sigmas()[step + 1] - schedule.sigmas()[step];
    return new Update(List.of(SAMPLE), List.of(new double[] {distance, 1}));
  }

  @Override
  public int slots() {
    return 0;
  }

  @Override
  public int steps() {
    return schedule.timesteps().length;
  }

  @Override
  public float timestep(int step) {
    return schedule.timesteps()[step];
  }

  @Override
  public float sigma(int step) {
    return schedule.sigmas()[step];
  }

  @Override
  public int trainTimesteps() {
    return trainTimesteps;
  }
}

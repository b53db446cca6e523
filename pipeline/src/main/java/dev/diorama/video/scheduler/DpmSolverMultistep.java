package dev.diorama.video.scheduler;

import dev.diorama.model.ModelException;
import java.util.List;

/**
 * DPM-Solver++ (Lu et al. 2022) of first or second order on flow levels, second order as the
 * midpoint or the Heun variant. Keeps one clean prediction between steps.
 */
final class DpmSolverMultistep implements Scheduler {
  /** From this many steps on, the last step may keep its order. */
  private static final int FEW_STEPS = 15;

  private final Schedule schedule;
  private final int trainTimesteps;
  private final Prediction prediction;
  private final int order;
  private final boolean heun;
  private final boolean simpleEnd;

  DpmSolverMultistep(SchedulerConfig config, double shift, int steps) throws ModelException {
    config.require("use_flow_sigmas", true, false);
    config.refuse("use_karras_sigmas");
    config.refuse("use_exponential_sigmas");
    config.refuse("use_beta_sigmas");
    config.refuse("use_lu_lambdas");
    config.refuse("use_dynamic_shifting");
    config.refuse("thresholding");
    config.oneOf("algorithm_type", "dpmsolver++", "dpmsolver++", "deis");
    order = config.wholeNumber("solver_order", 2, 2);
    String type =
        config.oneOf("solver_type", "midpoint", "midpoint", "heun", "logrho", "bh1", "bh2");
    heun = type.equals("heun");
    prediction = Prediction.of(config);
    trainTimesteps = config.trainTimesteps();
    boolean zeroEnd = config.oneOf("final_sigmas_type", "zero", "zero", "sigma_min").equals("zero");
    simpleEnd =
        zeroEnd
            || config.flag("euler_at_final", false)
            || config.flag("lower_order_final", true) && steps < FEW_STEPS;
    double[] sigmas = new double[steps];
    double[] alphas = Schedule.linspace(1, 1.0 / trainTimesteps, steps + 1);
    for (int i = 0; i < steps; i++) {
      sigmas[i] = Schedule.shift(1 - alphas[steps - i], shift);
    }
    double last = zeroEnd ? 0 : config.smallestTrainedSigma();
    schedule = Schedule.ofWholeTimesteps(sigmas, last, trainTimesteps);
  }

  @Override
  public Update update(int step) {
    int tensors = Update.FIRST_SLOT + slots();
    LinearForm sample = LinearForm.unit(Update.SAMPLE, tensors);
    LinearForm output = LinearForm.unit(Update.PREDICTION, tensors);
    LinearForm clean = prediction.clean(output, sample, schedule.sigmas()[step]);
    double h = schedule.lambda(step + 1) - schedule.lambda(step);
    double decay = schedule.alpha(step + 1) * Math.expm1(-h);
    double ratio = (double) schedule.sigmas()[step + 1] / schedule.sigmas()[step];
    LinearForm next = sample.times(ratio).minus(clean.times(decay));
    if (order == 1) {
      return new Update(List.of(SAMPLE), List.of(next.weights()));
    }
    boolean last = step == steps() - 1;
    if (step > 0 && !(last && simpleEnd)) {
      double r = (schedule.lambda(step) - schedule.lambda(step - 1)) / h;
      LinearForm slope = clean.minus(LinearForm.unit(Update.FIRST_SLOT, tensors)).times(1 / r);
      double weight = heun ? schedule.alpha(step + 1) * (Math.expm1(-h) / h + 1) : -0.5 * decay;
      next = next.plus(slope.times(weight));
    }
    return new Update(List.of(0, SAMPLE), List.of(clean.weights(), next.weights()));
  }

  @Override
  public int slots() {
    return order - 1;
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

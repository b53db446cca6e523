package dev.diorama.video.scheduler;

import dev.diorama.model.ModelException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * UniPC (Zhao et al. 2023): a multistep predictor for the next sample, and a corrector that
 * improves the current one once the model has been asked there. It works on clean predictions.
 *
 * <p>Slots 0 to order - 1 hold the clean predictions of the latest steps, that of step s in slot s
 * modulo order; the slot after them holds the corrected sample from which the latest predictor
 * started.
 */
final class UniPcMultistep implements Scheduler {
  private static final int MAX_ORDER = 4;
  private static final double NEARLY_ONE = 1e-6;

  private final Schedule schedule;
  private final int trainTimesteps;
  private final Prediction prediction;
  private final int order;
  private final boolean bh1;
  private final boolean lowerOrderFinal;
  private final Set<Integer> uncorrected;

  UniPcMultistep(SchedulerConfig config, double shift, int steps) throws ModelException {
    config.require("use_flow_sigmas", true, false);
    config.refuse("use_karras_sigmas");
    config.refuse("use_exponential_sigmas");
    config.refuse("use_beta_sigmas");
    config.refuse("use_dynamic_shifting");
    config.refuse("thresholding");
    config.refuseValue("solver_p");
    config.require("predict_x0", true, true);
    order = config.wholeNumber("solver_order", 2, MAX_ORDER);
    String type = config.oneOf("solver_type", "bh2", "bh2", "bh1", "midpoint", "heun", "logrho");
    bh1 = type.equals("bh1");
    prediction = Prediction.of(config);
    lowerOrderFinal = config.flag("lower_order_final", true);
    uncorrected = config.steps("disable_corrector");
    trainTimesteps = config.trainTimesteps();
    schedule = schedule(config, shift, steps);
  }

  private Schedule schedule(SchedulerConfig config, double shift, int steps) throws ModelException {
    double[] range = Schedule.linspace(1, 1.0 / trainTimesteps, steps + 1);
    double[] sigmas = new double[steps];
    for (int i = 0; i < steps; i++) {
      sigmas[i] = Schedule.shift(range[i], shift);
    }
    config.terminal().ifPresent(terminal -> Schedule.stretch(sigmas, terminal));
    if (Math.abs(sigmas[0] - 1) < NEARLY_ONE) {
      sigmas[0] -= NEARLY_ONE; // at 1 the logarithm of alpha would be infinite
    }
    String end = config.oneOf("final_sigmas_type", "zero", "zero", "sigma_min");
    double last = end.equals("zero") ? 0 : sigmas[steps - 1];
    return Schedule.ofWholeTimesteps(sigmas, last, trainTimesteps);
  }

  @Override
  public Update update(int step) {
    LinearForm sample = tensor(Update.SAMPLE);
    LinearForm clean = prediction.clean(tensor(Update.PREDICTION), sample, schedule.sigmas()[step]);
    LinearForm corrected =
        step > 0 && !uncorrected.contains(step - 1) ? correct(step, clean) : sample;
    LinearForm next = predict(step, clean, corrected);
    return new Update(
        List.of(step % order, order, SAMPLE),
        List.of(clean.weights(), corrected.weights(), next.weights()));
  }

  /** The order of the predictor at a step, which the corrector of the next step shares. */
  private int orderAt(int step) {
    int wanted = Math.min(order, step + 1);
    boolean endless = schedule.sigmas()[step + 1] == 0;
    if (lowerOrderFinal) {
      return Math.min(wanted, steps() - step);
    }
    return endless ? 1 : wanted;
  }

  /** From the corrected sample at {@code step} to the sample at {@code step + 1}. */
  private LinearForm predict(int step, LinearForm clean, LinearForm corrected) {
    Interval interval = new Interval(step, orderAt(step));
    List<LinearForm> slopes = interval.slopes(step, clean);
    LinearForm straight = interval.move(corrected, clean);
    if (slopes.isEmpty()) {
      return straight;
    }
    double[] rhos = slopes.size() == 1 ? new double[] {0.5} : interval.solve(slopes.size());
    return interval.bend(straight, slopes, rhos);
  }

  /** The sample at {@code step} once more, now that the prediction there is known. */
  private LinearForm correct(int step, LinearForm clean) {
    int p = orderAt(step - 1);
    Interval interval = new Interval(step - 1, p);
    LinearForm before = stored(step - 1);
    List<LinearForm> slopes = interval.slopes(step - 1, before);
    double[] rhos = p == 1 ? new double[] {0.5} : interval.solve(p);
    slopes.add(clean.minus(before));
    LinearForm straight = interval.move(tensor(Update.FIRST_SLOT + order), before);
    return interval.bend(straight, slopes, rhos);
  }

  private int tensors() {
    return Update.FIRST_SLOT + slots();
  }

  private LinearForm tensor(int position) {
    return LinearForm.unit(position, tensors());
  }

  /** The clean prediction that an earlier step left. */
  private LinearForm stored(int step) {
    return tensor(Update.FIRST_SLOT + step % order);
  }

  /** The numbers of the way from one noise level to the next, in the paper's names. */
  private final class Interval {
    private final int from;
    private final double h;
    private final double hh;
    private final double b;
    private final double[] ratios;

    Interval(int from, int p) {
      this.from = from;
      double start = schedule.lambda(from);
      h = schedule.lambda(from + 1) - start;
      hh = -h;
      b = bh1 ? hh : Math.expm1(hh);
      ratios = new double[p];
      for (int i = 1; i < p; i++) {
        ratios[i - 1] = (schedule.lambda(from - i) - start) / h;
      }
      ratios[p - 1] = 1;
    }

    /** Differences between earlier clean predictions and that at the start, by their distance. */
    List<LinearForm> slopes(int step, LinearForm start) {
      List<LinearForm> slopes = new ArrayList<>();
      for (int i = 1; i < ratios.length; i++) {
        slopes.add(stored(step - i).minus(start).times(1 / ratios[i - 1]));
      }
      return slopes;
    }

    /** The step of first order. */
    LinearForm move(LinearForm sample, LinearForm clean) {
      double ratio = (double) schedule.sigmas()[from + 1] / schedule.sigmas()[from];
      return sample.times(ratio).minus(clean.times(schedule.alpha(from + 1) * Math.expm1(hh)));
    }

    /** The same step, bent by the slopes. */
    LinearForm bend(LinearForm straight, List<LinearForm> slopes, double[] rhos) {
      LinearForm bent = straight;
      for (int i = 0; i < slopes.size(); i++) {
        bent = bent.minus(slopes.get(i).times(schedule.alpha(from + 1) * b * rhos[i]));
      }
      return bent;
    }

    /** The weights of the first {@code n} slopes that make the step exact for polynomials. */
    double[] solve(int n) {
      double[][] matrix = new double[n][n + 1];
      double factorial = 1;
      double phi = Math.expm1(hh) / hh - 1;
      for (int row = 0; row < n; row++) {
        for (int column = 0; column < n; column++) {
          matrix[row][column] = Math.pow(ratios[column], row);
        }
        matrix[row][n] = phi * factorial / b;
        factorial *= row + 2;
        phi = phi / hh - 1 / factorial;
      }
      return Equations.solve(matrix);
    }
  }

  @Override
  public int slots() {
    return order + 1;
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

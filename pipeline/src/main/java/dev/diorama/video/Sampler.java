package dev.diorama.video;

import dev.diorama.DType;
import dev.diorama.Kernels;
import dev.diorama.Scope;
import dev.diorama.Tensor;
import dev.diorama.video.scheduler.Scheduler;
import dev.diorama.video.scheduler.Update;
import java.util.ArrayList;
import java.util.List;

/**
 * Moves a sample along a scheduler's levels: guidance and the scheduler's update in one pass over
 * memory.
 */
public final class Sampler {
  private final Scheduler scheduler;
  private final Tensor sample;
  private final Tensor[] slots;

  /**
   * Prepares a run.
   *
   * @param scheduler the levels
   * @param sample what is moved, F32; in any strides
   * @param scope owns what the scheduler keeps between steps
   */
  public Sampler(Scheduler scheduler, Tensor sample, Scope scope) {
    this.scheduler = scheduler;
    this.sample = sample;
    slots = new Tensor[scheduler.slots()];
    for (int i = 0; i < slots.length; i++) {
      slots[i] = scope.tensor(DType.F32, sample.shape());
    }
  }

  /**
   * One step without guidance.
   *
   * @param kernels where to compute
   * @param step its number, from 0
   * @param prediction what the model said with the prompt, of the sample's shape
   */
  public void step(Kernels kernels, int step, Tensor prediction) {
    step(kernels, step, new Tensor[] {prediction}, new double[] {1});
  }

  /**
   * One step with guidance.
   *
   * @param kernels where to compute
   * @param step its number, from 0
   * @param prediction what the model said with the prompt, of the sample's shape
   * @param negative what it said with the negative prompt
   * @param guidance the guidance scale
   */
  public void step(Kernels kernels, int step, Tensor prediction, Tensor negative, double guidance) {
    Tensor[] predictions = {prediction, negative};
    step(kernels, step, predictions, new double[] {guidance, 1 - guidance});
  }

  private void step(Kernels kernels, int step, Tensor[] predictions, double[] shares) {
    Update update = scheduler.update(step);
    List<Tensor> inputs = new ArrayList<>();
    List<double[]> columns = new ArrayList<>();
    int targets = update.targets().size();
    for (int i = 0; i < predictions.length; i++) {
      inputs.add(predictions[i]);
      columns.add(column(update, Update.PREDICTION, shares[i]));
    }
    for (int position = Update.SAMPLE; position < Update.FIRST_SLOT + slots.length; position++) {
      if (update.uses(position)) {
        boolean isSample = position == Update.SAMPLE;
        inputs.add(isSample ? sample : slots[position - Update.FIRST_SLOT]);
        columns.add(column(update, position, 1));
      }
    }
    Tensor[] outputs = new Tensor[targets];
    double[] coefficients = new double[targets * inputs.size()];
    for (int row = 0; row < targets; row++) {
      int target = update.targets().get(row);
      outputs[row] = target == Scheduler.SAMPLE ? sample : slots[target];
      for (int i = 0; i < inputs.size(); i++) {
        coefficients[row * inputs.size() + i] = columns.get(i)[row];
      }
    }
    kernels.combine(inputs.toArray(Tensor[]::new), outputs, coefficients);
  }

  private static double[] column(Update update, int position, double factor) {
    return update.weights().stream().mapToDouble(row -> factor * row[position]).toArray();
  }
}

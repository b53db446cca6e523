package dev.diorama.video.scheduler;

import java.util.List;

/**
 * What one step computes: each target becomes a weighted sum of the prediction, the sample and the
 * tensors that earlier steps left in slots, all read before any is written.
 *
 * @param targets what is written: {@link Scheduler#SAMPLE} or a slot's number
 * @param weights for each target its weights, in the order prediction, sample, slot 0, slot 1, ...
 */
public record Update(List<Integer> targets, List<double[]> weights) {

  /** Position of the prediction among the weights. */
  public static final int PREDICTION = 0;

  /** Position of the sample among the weights. */
  public static final int SAMPLE = 1;

  /** Position of slot 0 among the weights. */
  public static final int FIRST_SLOT = 2;

  /**
   * Whether any target needs the tensor at this position.
   *
   * @param position a position among the weights
   * @return false when all its weights are zero, so that the tensor need not even be initialised
   */
  public boolean uses(int position) {
    return weights.stream().anyMatch(row -> row[position] != 0);
  }
}

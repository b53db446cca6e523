package dev.diorama.video.scheduler;

/**
 * The noise levels of one run and the updates between them. Immutable: an update depends on the
 * number of its step alone, the state of a run lives in the caller's tensors.
 */
public interface Scheduler {

  /** The target of an {@link Update} that stands for the sample. */
  int SAMPLE = -1;

  /**
   * Number of denoising steps.
   *
   * @return 1 or more
   */
  int steps();

  /**
   * What the model is told at a step.
   *
   * @param step from 0
   * @return the timestep
   */
  float timestep(int step);

  /**
   * The share of noise in the sample before a step; after the last step at {@code steps()}.
   *
   * @param step from 0
   * @return from 1 (noise) to 0
   */
  float sigma(int step);

  /**
   * Tensors of the sample's shape that the solver keeps between steps.
   *
   * @return a number of slots
   */
  int slots();

  /**
   * What a step computes.
   *
   * @param step from 0
   * @return the update
   */
  Update update(int step);

  /**
   * Number of steps the model was trained with: timesteps run up to it.
   *
   * @return usually 1000
   */
  int trainTimesteps();
}

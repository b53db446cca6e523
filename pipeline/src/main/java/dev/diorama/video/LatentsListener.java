package dev.diorama.video;

import dev.diorama.Tensor;

/** Sees the latents after every denoising step, for previews and tests. */
@FunctionalInterface
public interface LatentsListener {

  /** Sees nothing. */
  LatentsListener NONE = (step, latents) -> {};

  /**
   * Called after a step.
   *
   * @param step number of the step, from 0
   * @param latents [channels, frames, height, width]; valid and unchanged until this returns
   */
  void afterStep(int step, Tensor latents);
}

package dev.diorama.video;

import dev.diorama.Tensor;

/**
 * Who watches a request: its progress, its latents, its cancellation.
 *
 * @param progress hears about the progress
 * @param latents sees the latents after every step
 * @param token may cancel
 */
record Run(ProgressListener progress, LatentsListener latents, CancellationToken token) {

  void progress(Stage stage, int done, int total) {
    progress.progress(stage, done, total);
  }

  void notice(String sentence) {
    progress.notice(sentence);
  }

  void afterStep(int step, Tensor sample) {
    latents.afterStep(step, sample);
  }

  /** Called between kernels. */
  void checkpoint() {
    token.throwIfCancelled();
  }
}

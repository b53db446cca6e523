package dev.diorama.video;

/** Hears how far a request is; called on the thread that runs it. */
@FunctionalInterface
public interface ProgressListener {

  /** Hears nothing. */
  ProgressListener NONE = (stage, done, total) -> {};

  /**
   * Called when a stage begins, with {@code done = 0}, and after each of its units: a prompt, a
   * denoising step, a decoded frame.
   *
   * @param stage what is running
   * @param done units finished
   * @param total units of this stage
   */
  void progress(Stage stage, int done, int total);

  /**
   * Called when a value of the request could not be taken as it was: a prompt longer than the model
   * reads, for example.
   *
   * @param sentence what was done instead
   */
  default void notice(String sentence) {}
}

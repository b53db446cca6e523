package dev.diorama.splat;

import dev.diorama.Backend;
import dev.diorama.Context;
import dev.diorama.media.Picture;
import dev.diorama.splat.data.Dataset;
import dev.diorama.splat.fit.Checkpoint;
import dev.diorama.splat.fit.Evaluation;
import dev.diorama.splat.fit.FitListener;
import dev.diorama.splat.fit.FitOptions;
import dev.diorama.splat.fit.Training;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * Fits Gaussians to posed pictures.
 *
 * <pre>{@code
 * FitOptions options = FitOptions.builder().iterations(7000).cap(100_000).build();
 * try (Backend backend = Backend.open("auto");
 *     Fitter fitter = Fitter.begin(backend, dataset, options)) {
 *   fitter.run(FitListener.NONE, () -> false);
 *   System.out.println(fitter.evaluate().psnr());
 *   SceneFormats.write(fitter.scene(), Path.of("scene.ply"));
 * }
 * }</pre>
 *
 * <p>Between two steps everything can be asked for: the scene, a measurement, a picture, a
 * checkpoint. The same seed and options give the same scene, also from a checkpoint on and with any
 * number of threads, as far as the backend's rendering does not depend on it. Used by one thread at
 * a time.
 */
public final class Fitter implements AutoCloseable {
  private final Context context;
  private final Dataset dataset;
  private final Training training;
  private final List<Evaluation> history;

  private Fitter(Context context, Dataset dataset, Training training, List<Evaluation> history) {
    this.context = context;
    this.dataset = dataset;
    this.training = training;
    this.history = new ArrayList<>(history);
  }

  /**
   * Begins a fit.
   *
   * @param backend where it is done; must stay open longer than the fitter
   * @param dataset what to explain; its pictures are copied into the backend's memory
   * @param options how
   * @return to be closed
   * @throws IllegalArgumentException when no view is left to learn from
   */
  public static Fitter begin(Backend backend, Dataset dataset, FitOptions options) {
    Context context = backend.newContext();
    try {
      return new Fitter(context, dataset, Training.begin(context, dataset, options), List.of());
    } catch (RuntimeException | Error e) {
      context.close();
      throw e;
    }
  }

  /**
   * Goes on with a fit that {@link #save} kept, with its options.
   *
   * @param backend where it is done; must stay open longer than the fitter
   * @param dataset the same as then
   * @param checkpoint the file
   * @return to be closed
   * @throws IOException when the file is no checkpoint, damaged, or of another dataset
   */
  public static Fitter resume(Backend backend, Dataset dataset, Path checkpoint)
      throws IOException {
    Context context = backend.newContext();
    try (Checkpoint opened = Checkpoint.open(checkpoint, dataset)) {
      Training training = Training.resume(context, dataset, opened);
      return new Fitter(context, dataset, training, opened.history());
    } catch (UncheckedIOException e) {
      context.close();
      throw e.getCause();
    } catch (IOException | RuntimeException | Error e) {
      context.close();
      throw e;
    }
  }

  /**
   * Looks at one picture and learns from it.
   *
   * @return false when all iterations were done before
   */
  public boolean step() {
    return training.step();
  }

  /**
   * Steps until all iterations are done or somebody asks to stop.
   *
   * @param listener hears of each step
   * @param stop asked before each step
   * @return whether all iterations are done
   */
  public boolean run(FitListener listener, BooleanSupplier stop) {
    while (!stop.getAsBoolean()) {
      if (!step()) {
        return true;
      }
      listener.progress(iteration(), options().iterations(), training::loss, training.count());
    }
    return iteration() == options().iterations();
  }

  /**
   * Measures how well held-out views are explained, or those of training where none are held out,
   * and keeps the result in the {@link #history}.
   *
   * @return means over the views
   */
  public Evaluation evaluate() {
    Evaluation evaluation = training.evaluate();
    if (history.isEmpty() || history.getLast().iteration() != evaluation.iteration()) {
      history.add(evaluation);
    }
    return evaluation;
  }

  /**
   * What {@link #evaluate} found, in earlier runs of a resumed fit too.
   *
   * @return in order
   */
  public List<Evaluation> history() {
    return List.copyOf(history);
  }

  /**
   * The scene as a camera sees it now.
   *
   * @param camera where from
   * @return the picture
   */
  public Picture picture(Camera camera) {
    return training.picture(camera.toSplatCamera());
  }

  /**
   * What has been learnt so far.
   *
   * @return a copy
   */
  public Gaussians scene() {
    return training.scene();
  }

  /**
   * Keeps everything that is needed to go on; a file that is there is replaced when the new one is
   * whole.
   *
   * @param checkpoint where
   * @throws IOException when it can't be written
   */
  public void save(Path checkpoint) throws IOException {
    Checkpoint.write(checkpoint, training, dataset, history);
  }

  /**
   * How many iterations are done.
   *
   * @return 0 to the options' number
   */
  public int iteration() {
    return training.iteration();
  }

  /**
   * How many Gaussians there are.
   *
   * @return at least 1
   */
  public int count() {
    return training.count();
  }

  /**
   * How it is done.
   *
   * @return the options
   */
  public FitOptions options() {
    return training.options();
  }

  /** Frees everything. Closing twice does nothing. */
  @Override
  public void close() {
    context.close();
  }
}

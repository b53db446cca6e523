package dev.diorama.splat.fit;

import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.SplatCamera;
import dev.diorama.SplatFrame;
import dev.diorama.SplatGaussians;
import dev.diorama.SplatImages;
import dev.diorama.SplatSettings;
import dev.diorama.SplatStep;
import dev.diorama.Splats;
import dev.diorama.Tensor;
import dev.diorama.media.Picture;
import dev.diorama.splat.Gaussians;
import dev.diorama.splat.data.Dataset;
import dev.diorama.splat.fit.Draws.Purpose;
import dev.diorama.splat.fit.Targets.Target;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A fit in progress: the machinery of {@link dev.diorama.splat.Fitter}, which is what programs use.
 * Everything lies in one context, which the caller closes.
 */
public final class Training {
  private static final float BETA1 = 0.9f;
  private static final float BETA2 = 0.999f;
  private static final float EPS = 1e-15f;
  private static final int LIGHTEN_EVERY = 10;

  private final Context context;
  private final Splats splats;
  private final FitOptions options;
  private final Extent extent;
  private final Draws draws;
  private final Targets targets;
  private final Parameters parameters;
  private final Densifier densifier;
  private final SplatFrame frame;
  private final Canvas canvas;
  private final Tensor losses;
  private final Tensor measures;
  private int iteration;
  private long nanos;

  private Training(Context context, Dataset dataset, FitOptions options, Checkpoint checkpoint) {
    this.context = context;
    this.splats = context.splats();
    this.options = options;
    this.draws = new Draws(options.seed());
    this.extent = Extent.of(dataset.views());
    this.targets = new Targets(context, dataset.views(), options);
    this.parameters =
        checkpoint == null
            ? Parameters.of(context, Beginning.of(dataset.points(), extent, options, draws))
            : checkpoint.parameters(context);
    this.densifier =
        options.densification().strategy() == Strategy.MCMC
            ? new Mcmc(context, parameters, options.densification(), draws, extent.radius())
            : new Classic(context, parameters, options.densification(), draws, extent.radius());
    if (checkpoint != null) {
      iteration = checkpoint.iteration();
      nanos = (long) (checkpoint.seconds() * 1e9);
      densifier.resume(checkpoint.densifierState(densifier.stateLengths()));
    }
    this.frame = context.splatFrame();
    this.canvas = new Canvas(context);
    this.losses = context.zeros(DType.F32, 4);
    this.measures = context.tensor(DType.F32, 4);
  }

  /**
   * Begins.
   *
   * @param context closed by the caller, behind the last use of this
   * @param dataset what to explain
   * @param options how
   * @return at iteration 0
   */
  public static Training begin(Context context, Dataset dataset, FitOptions options) {
    return new Training(context, dataset, options, null);
  }

  /**
   * Goes on.
   *
   * @param context closed by the caller, behind the last use of this
   * @param dataset the same as when the checkpoint was made
   * @param checkpoint open
   * @return at the checkpoint's iteration
   */
  public static Training resume(Context context, Dataset dataset, Checkpoint checkpoint) {
    return new Training(context, dataset, checkpoint.options(), checkpoint);
  }

  /**
   * Looks at one picture.
   *
   * @return false when all iterations were done before
   */
  public boolean step() {
    if (iteration >= options.iterations()) {
      return false;
    }
    final long begin = System.nanoTime();
    Target target = targets.training.get(draws.view(iteration, targets.training.size()));
    SplatSettings settings = settings();
    SplatGaussians gaussians = parameters.gaussians();
    canvas.sized(target.camera());
    splats.render(frame, gaussians, target.camera(), settings, SplatImages.rgb(canvas.rgb()));
    splats.loss(
        canvas.rgb(),
        target.picture(),
        targets.mask(target),
        (float) options.ssimWeight(),
        losses,
        canvas.gradient());
    iteration++;
    double meansRate = meansRate();
    splats.backwardStep(
        frame,
        SplatImages.rgb(canvas.gradient()),
        learning(meansRate),
        parameters.values(),
        parameters.runningMeans(),
        parameters.runningSquares(),
        densifier.means2d());
    densifier.step(iteration, target.camera(), meansRate);
    if (iteration % LIGHTEN_EVERY == 0) {
      parameters.lightenBlack();
    }
    nanos += System.nanoTime() - begin;
    return true;
  }

  private SplatSettings settings() {
    FitOptions.Background background = options.background();
    if (options.randomBackground()) {
      SplittableRandom random = draws.random(Purpose.BACKGROUND, iteration);
      background =
          new FitOptions.Background(
              (float) random.nextDouble(),
              (float) random.nextDouble(),
              (float) random.nextDouble());
    }
    return settings(background, Math.min(options.shDegree(), iteration / options.shEvery()));
  }

  private SplatSettings settings(FitOptions.Background background, int shDegree) {
    return SplatSettings.DEFAULT
        .withAntialiased(options.antialiased())
        .withShDegree(shDegree)
        .withBackground(background.red(), background.green(), background.blue());
  }

  /** Falls exponentially from the first iteration to the last. */
  private double meansRate() {
    double share = (double) (iteration - 1) / options.iterations();
    double rate = options.rates().means() * extent.radius();
    return rate * Math.pow(options.rates().meansAtEnd(), share);
  }

  private SplatStep learning(double meansRate) {
    LearningRates rates = options.rates();
    return new SplatStep(
        iteration,
        BETA1,
        BETA2,
        EPS,
        new SplatStep.Rates(
            (float) meansRate,
            (float) rates.quats(),
            (float) rates.logScales(),
            (float) rates.logitOpacities(),
            (float) rates.constantColors(),
            (float) rates.otherColors()),
        (float) densifier.opacityPenalty(),
        (float) densifier.scalePenalty());
  }

  /**
   * Measures the held-out views, or those of training where none are held out.
   *
   * @return means over the views
   */
  public Evaluation evaluate() {
    boolean heldOut = !targets.heldOut.isEmpty();
    List<Target> measured = heldOut ? targets.heldOut : targets.training;
    double psnr = 0;
    double ssim = 0;
    for (Target target : measured) {
      draw(target.camera());
      splats.loss(canvas.rgb(), target.picture(), targets.mask(target), 1, measures, null);
      float[] values = measures.toFloats();
      // Where pictures are equal to the last bit, as good as bytes can tell: half a step.
      double error = Math.max(values[3] / target.weight(), 1.0 / (4 * 255 * 255));
      psnr += -10 * Math.log10(error) / measured.size();
      ssim += values[2] / measured.size();
    }
    return new Evaluation(
        iteration, parameters.count(), psnr, ssim, measured.size(), heldOut, seconds());
  }

  /** Draws the scene as it will be viewed, cut to 0..1, into the canvas. */
  private void draw(SplatCamera camera) {
    canvas.sized(camera);
    SplatSettings settings = settings(options.background(), options.shDegree());
    splats.render(frame, parameters.gaussians(), camera, settings, SplatImages.rgb(canvas.rgb()));
    try (Tensor one = context.of(new float[] {1}, 1);
        Tensor zero = context.zeros(DType.F32, 1)) {
      context.kernels().channelAffine(canvas.rgb(), one, zero, 0, 1, canvas.rgb());
    }
  }

  /**
   * The scene as a camera sees it now.
   *
   * @param camera where from
   * @return the picture
   */
  public Picture picture(SplatCamera camera) {
    draw(camera);
    try (Tensor bytes = context.tensor(DType.U8, camera.height(), camera.width(), 3)) {
      context.kernels().toRgb8(canvas.rgb(), bytes);
      return new Picture(camera.width(), camera.height(), bytes.toBytes());
    }
  }

  /**
   * How many iterations are done.
   *
   * @return 0 to the options' number
   */
  public int iteration() {
    return iteration;
  }

  /**
   * Of the last picture looked at. Asking waits for the device.
   *
   * @return 0 before the first, or where a resumed fit has not gone on yet
   */
  public double loss() {
    return losses.toFloats()[0];
  }

  /**
   * How many Gaussians there are.
   *
   * @return at least 1
   */
  public int count() {
    return parameters.count();
  }

  /**
   * The time spent in {@link #step}, in earlier runs too.
   *
   * @return seconds
   */
  public double seconds() {
    return nanos / 1e9;
  }

  /**
   * How it is done.
   *
   * @return the options
   */
  public FitOptions options() {
    return options;
  }

  /**
   * What has been learnt so far.
   *
   * @return a copy
   */
  public Gaussians scene() {
    return parameters.scene(options.shDegree());
  }

  Parameters parameters() {
    return parameters;
  }

  Densifier densifier() {
    return densifier;
  }
}

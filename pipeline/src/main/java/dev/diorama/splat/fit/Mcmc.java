package dev.diorama.splat.fit;

import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.Scope;
import dev.diorama.SplatCamera;
import dev.diorama.Tensor;
import dev.diorama.splat.fit.Draws.Purpose;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * 3DGS-MCMC (Kheradmand et al. 2024) with gsplat's constants: the Gaussians are samples of where a
 * scene is opaque.
 */
final class Mcmc implements Densifier {
  /** Gaussians of at most this opacity are moved elsewhere. */
  static final float DEAD = 0.005f;

  private static final double GROWTH = 1.05;
  private static final int MOST_COPIES = 51;

  /** Noise at the learning rate of the means, for a scene of radius 1. */
  private static final double NOISE = 5e5;

  private final Context context;
  private final Parameters parameters;
  private final Densification options;
  private final Draws draws;
  private final double extent;
  private Tensor noise;

  Mcmc(Context context, Parameters parameters, Densification options, Draws draws, double extent) {
    this.context = context;
    this.parameters = parameters;
    this.options = options;
    this.draws = draws;
    this.extent = extent;
  }

  @Override
  public Tensor means2d() {
    return null;
  }

  @Override
  public double opacityPenalty() {
    return options.opacityPenalty();
  }

  /** Scales are measured by the scene's extent. */
  @Override
  public double scalePenalty() {
    return options.scalePenalty() / extent;
  }

  private static double opacity(double logit) {
    return 1 / (1 + Math.exp(-logit));
  }

  @Override
  public void step(int iteration, SplatCamera camera, double meansRate) {
    if (options.due(iteration)) {
      SplittableRandom random = draws.random(Purpose.REFINE, iteration);
      relocate(random);
      grow(random);
    }
    explore(iteration, meansRate);
  }

  private void explore(int iteration, double meansRate) {
    if (noise == null) {
      noise = context.tensor(DType.F32, parameters.count(), 3);
    }
    draws.normal(context, Purpose.NOISE, iteration, noise);
    // The rate grows with the extent and a covariance with its square: over the extent's square
    // the noise grows as the scene does.
    context
        .splats()
        .explore(
            parameters.quats.x,
            parameters.logScales.x,
            parameters.logitOpacities.x.view(parameters.count()),
            noise,
            (float) (NOISE * meansRate / (extent * extent)),
            parameters.means.x);
  }

  /** Moves the dead to where the living are, more often the more opaque those are. */
  private void relocate(SplittableRandom random) {
    float[] places = parameters.places();
    float[] logits = parameters.logitOpacities.x.toFloats();
    int n = logits.length;
    double[] weights = new double[n];
    int[] rows = new int[n];
    boolean[] dead = new boolean[n];
    int living = 0;
    for (int i = 0; i < n; i++) {
      rows[i] = i;
      double opacity = opacity(logits[i]);
      dead[i] = !(opacity > DEAD) || !Float.isFinite(places[i]);
      weights[i] = dead[i] ? 0 : opacity;
      living += dead[i] ? 0 : 1;
    }
    if (living == 0 || living == n) {
      return;
    }
    Roulette roulette = new Roulette(weights);
    int[] pasts = rows.clone();
    for (int i = 0; i < n; i++) {
      if (dead[i]) {
        rows[i] = roulette.draw(random);
        pasts[i] = n;
        pasts[rows[i]] = n;
      }
    }
    share(rows);
    replace(rows, pasts);
  }

  /** A twentieth more, as long as the cap allows. */
  private void grow(SplittableRandom random) {
    int n = parameters.count();
    int target = (int) Math.min(options.cap(), Math.max((long) (GROWTH * n), n + 1L));
    if (target <= n) {
      return;
    }
    float[] logits = parameters.logitOpacities.x.toFloats();
    double[] weights = new double[n];
    for (int i = 0; i < n; i++) {
      double opacity = opacity(logits[i]);
      weights[i] = opacity > 0 ? opacity : 0;
    }
    Roulette roulette = new Roulette(weights);
    if (roulette.total() == 0) {
      return;
    }
    int[] rows = Arrays.copyOf(identity(n), target);
    int[] pasts = rows.clone();
    for (int i = n; i < target; i++) {
      rows[i] = roulette.draw(random);
      pasts[i] = n;
    }
    share(rows);
    replace(rows, pasts);
  }

  /** Makes those that will be copied fainter and smaller, so that the copies look like the one. */
  private void share(int[] rows) {
    int[] copies = new int[parameters.count()];
    for (int row : rows) {
      copies[row]++;
    }
    int[] sources = IntStream.range(0, copies.length).filter(i -> copies[i] > 1).toArray();
    if (sources.length == 0) {
      return;
    }
    int[] counts = IntStream.of(sources).map(i -> Math.min(copies[i], MOST_COPIES)).toArray();
    try (Scope scope = context.scope()) {
      Tensor ids = scope.of(sources, sources.length);
      Tensor logits = scope.tensor(DType.F32, sources.length, 1);
      Tensor scales = scope.tensor(DType.F32, sources.length, 3);
      context.kernels().embedding(parameters.logitOpacities.x, ids, logits);
      context.kernels().embedding(parameters.logScales.x, ids, scales);
      Tensor each = scope.of(counts, sources.length);
      context.splats().relocate(each, DEAD, logits.view(sources.length), scales);
      parameters.put(sources, logits, scales);
    }
  }

  private void replace(int[] rows, int[] pasts) {
    boolean resized = rows.length != parameters.count();
    parameters.take(rows, pasts);
    if (resized && noise != null) {
      noise.close();
      noise = null;
    }
  }

  private static int[] identity(int n) {
    return IntStream.range(0, n).toArray();
  }

  @Override
  public float[][] state() {
    return new float[0][];
  }

  @Override
  public int[] stateLengths() {
    return new int[0];
  }

  @Override
  public void resume(float[][] state) {}
}

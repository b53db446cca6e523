package dev.diorama.splat.fit;

import dev.diorama.Activation;
import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.Kernels;
import dev.diorama.SplatCamera;
import dev.diorama.Tensor;
import dev.diorama.splat.fit.Draws.Purpose;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Split, clone and prune (Kerbl et al. 2023) with gsplat's constants. The pull on a Gaussian is the
 * mean, over the pictures that it had a part in, of the gradient of its place there, in units of
 * half the picture.
 */
final class Classic implements Densifier {
  private static final double STRONG_PULL = 0.0002;

  /** Larger ones, over the scene's extent, are split instead of cloned. */
  private static final double LARGE = 0.01;

  /** And still larger ones removed, once opacities were reset. */
  private static final double HUGE = 0.1;

  private static final double TRANSPARENT = 0.005;
  private static final int RESET_EVERY = 3000;
  private static final float RESET_LOGIT = (float) Math.log(0.01 / 0.99);
  private static final float SPLIT_SHRINK = (float) -Math.log(1.6);

  /** What pulls are counted in: a norm takes what is shorter than 1e-12 for less than a length. */
  private static final float UNIT = 0x1p40f;

  /** The kernel's norm of two channels has the length of the root of 2. */
  private static final float ROOT_OF_HALF = (float) Math.sqrt(0.5);

  private final Context context;
  private final Parameters parameters;
  private final Densification options;
  private final Draws draws;
  private final double extent;
  private final Tensor zero;
  private final Tensor rootOfHalf;
  private Tensor means2d;

  /** Half the picture's sides, in {@link #UNIT}s. */
  private Tensor halves;

  private int width;
  private int height;

  /** [N, 2] each, of the last picture. */
  private Tensor gradient;

  private Tensor direction;

  /** [N, 2] each, to be added along the axes: gradient times direction, and direction squared. */
  private Tensor pulls;

  private Tensor pictures;

  Classic(
      Context context, Parameters parameters, Densification options, Draws draws, double extent) {
    this.context = context;
    this.parameters = parameters;
    this.options = options;
    this.draws = draws;
    this.extent = extent;
    this.zero = context.zeros(DType.F32, 1);
    this.rootOfHalf = context.of(new float[] {ROOT_OF_HALF, ROOT_OF_HALF}, 2);
    begin();
  }

  private void begin() {
    if (means2d != null) {
      List.of(means2d, gradient, direction, pulls, pictures).forEach(Tensor::close);
    }
    int n = parameters.count();
    means2d = context.tensor(DType.F32, n, 2);
    gradient = context.tensor(DType.F32, n, 2);
    direction = context.tensor(DType.F32, n, 2);
    pulls = context.zeros(DType.F32, n, 2);
    pictures = context.zeros(DType.F32, n, 2);
  }

  @Override
  public Tensor means2d() {
    return means2d;
  }

  @Override
  public void step(int iteration, SplatCamera camera, double meansRate) {
    if (iteration > options.until()) {
      return;
    }
    watch(camera);
    if (options.due(iteration)) {
      refine(iteration);
    }
    if (iteration % RESET_EVERY == 0) {
      resetOpacities();
    }
  }

  /** Where the tensors lie: nothing is copied to the host. */
  private void watch(SplatCamera camera) {
    if (halves == null || camera.width() != width || camera.height() != height) {
      width = camera.width();
      height = camera.height();
      if (halves != null) {
        halves.close();
      }
      halves = context.of(new float[] {UNIT * width / 2, UNIT * height / 2}, 2);
    }
    Kernels kernels = context.kernels();
    float unbounded = Float.POSITIVE_INFINITY;
    kernels.channelAffine(means2d, halves, zero, -unbounded, unbounded, gradient);
    kernels.channelNorm(gradient, rootOfHalf, null, Activation.NONE, direction);
    kernels.gatedResidual(direction, pulls, gradient, null, pulls);
    kernels.gatedResidual(direction, pictures, direction, null, pictures);
  }

  private void refine(int iteration) {
    int n = parameters.count();
    float[] largest = largestScales();
    float[] logits = parameters.logitOpacities.x.toFloats();
    boolean[] chosen = strongest(n);
    boolean[] gone = new boolean[n];
    int left = 0;
    for (int i = 0; i < n; i++) {
      boolean huge = iteration > RESET_EVERY && largest[i] > HUGE * extent;
      gone[i] = !(1 / (1 + Math.exp(-logits[i])) >= TRANSPARENT) || huge;
      left += gone[i] ? 0 : 1;
    }
    if (left == 0) {
      begin();
      return;
    }
    IntStream.Builder kept = IntStream.builder();
    IntStream.Builder clones = IntStream.builder();
    IntStream.Builder halves = IntStream.builder();
    for (int i = 0; i < n; i++) {
      if (gone[i]) {
        continue;
      }
      if (chosen[i] && largest[i] > LARGE * extent) {
        halves.add(i).add(i);
      } else {
        kept.add(i);
        if (chosen[i]) {
          clones.add(i);
        }
      }
    }
    rebuild(iteration, kept.build().toArray(), clones.build().toArray(), halves.build().toArray());
  }

  /** The largest standard deviation of each. */
  private float[] largestScales() {
    float[] logs = parameters.logScales.x.toFloats();
    float[] largest = new float[logs.length / 3];
    for (int i = 0; i < largest.length; i++) {
      float log = Math.max(logs[3 * i], Math.max(logs[3 * i + 1], logs[3 * i + 2]));
      largest[i] = (float) Math.exp(log);
    }
    return largest;
  }

  /** Those that are pulled strongly; where the cap is near, the most strongly pulled. */
  private boolean[] strongest(int n) {
    float[] pull = pulls.toFloats();
    float[] seen = pictures.toFloats();
    double[] means = new double[n];
    for (int i = 0; i < n; i++) {
      double times = seen[2 * i] + seen[2 * i + 1];
      means[i] = times > 0 ? (pull[2 * i] + pull[2 * i + 1]) / times / UNIT : 0;
    }
    List<Integer> strong =
        IntStream.range(0, n)
            .filter(i -> means[i] > STRONG_PULL)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> -means[i]))
            .limit(Math.max(0, options.cap() - n))
            .toList();
    boolean[] chosen = new boolean[n];
    strong.forEach(i -> chosen[i] = true);
    return chosen;
  }

  /** What is kept goes on; clones begin where their Gaussian is, halves at draws from it. */
  private void rebuild(int iteration, int[] kept, int[] clones, int[] halves) {
    int n = parameters.count();
    int old = kept.length + clones.length;
    int[] rows = Arrays.copyOf(kept, old + halves.length);
    System.arraycopy(clones, 0, rows, kept.length, clones.length);
    System.arraycopy(halves, 0, rows, old, halves.length);
    int[] pasts = rows.clone();
    Arrays.fill(pasts, kept.length, pasts.length, n);
    parameters.take(rows, pasts);
    if (halves.length > 0) {
      halve(iteration, old, rows.length);
    }
    begin();
  }

  private void halve(int iteration, int from, int to) {
    Tensor scales = parameters.logScales.x.slice(0, from, to);
    try (Tensor noise = context.tensor(DType.F32, to - from, 3);
        Tensor one = context.of(new float[] {1}, 1);
        Tensor shrink = context.of(new float[] {SPLIT_SHRINK}, 1)) {
      draws.normal(context, Purpose.SPLIT, iteration, noise);
      context
          .splats()
          .sample(
              parameters.quats.x.slice(0, from, to),
              scales,
              noise,
              1,
              parameters.means.x.slice(0, from, to));
      context
          .kernels()
          .channelAffine(
              scales, one, shrink, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY, scales);
    }
  }

  /** No Gaussian stays more than faintly opaque; those that are needed soon are again. */
  private void resetOpacities() {
    Parameters.Group group = parameters.logitOpacities;
    float[] logits = group.x.toFloats();
    for (int i = 0; i < logits.length; i++) {
      logits[i] = Math.min(logits[i], RESET_LOGIT);
    }
    group.x.set(logits);
    float[] zeros = new float[logits.length + 1];
    group.m.set(zeros);
    group.v.set(zeros);
  }

  @Override
  public float[][] state() {
    return new float[][] {pulls.toFloats(), pictures.toFloats()};
  }

  @Override
  public int[] stateLengths() {
    return new int[] {2 * parameters.count(), 2 * parameters.count()};
  }

  @Override
  public void resume(float[][] state) {
    if (state.length == 2) {
      pulls.set(state[0]);
      pictures.set(state[1]);
    }
  }
}

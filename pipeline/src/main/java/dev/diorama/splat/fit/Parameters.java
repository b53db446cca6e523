package dev.diorama.splat.fit;

import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.SplatGaussians;
import dev.diorama.SplatParameters;
import dev.diorama.Tensor;
import dev.diorama.splat.Gaussians;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * What is learnt, [N, C] each, and Adam's two running means. Those have a last row more, always 0,
 * which rows without a past take theirs from.
 */
final class Parameters implements AutoCloseable {

  /** One kind of parameter. */
  static final class Group implements AutoCloseable {
    final String name;
    final int columns;
    Tensor x;
    Tensor m;
    Tensor v;

    private Group(Context context, String name, int columns, int rows) {
      this.name = name;
      this.columns = columns;
      x = context.tensor(DType.F32, rows, columns);
      m = context.zeros(DType.F32, rows + 1, columns);
      v = context.zeros(DType.F32, rows + 1, columns);
    }

    private void take(Context context, Tensor rows, Tensor pasts, int count) {
      x = replaced(context, x, rows, count);
      m = replaced(context, m, pasts, count + 1);
      v = replaced(context, v, pasts, count + 1);
    }

    /** What is learnt becomes rows of itself followed by others. */
    private void take(Context context, Tensor others, Tensor rows) {
      long own = x.size(0);
      try (Tensor all = context.tensor(DType.F32, own + others.size(0), columns)) {
        context.kernels().copy(x, all.slice(0, 0, own));
        context.kernels().copy(others, all.slice(0, own, all.size(0)));
        context.kernels().embedding(all, rows, x);
      }
    }

    private Tensor replaced(Context context, Tensor old, Tensor ids, int count) {
      Tensor taken = context.tensor(DType.F32, count, columns);
      context.kernels().embedding(old, ids, taken);
      old.close();
      return taken;
    }

    @Override
    public void close() {
      List.of(x, m, v).forEach(Tensor::close);
    }
  }

  /** The coefficient of a constant colour of 1/512. */
  private static final float ALMOST_BLACK =
      (float) ((1.0 / 512 - 0.5) / Gaussians.CONSTANT_HARMONIC);

  private final Context context;
  private final int coefficients;
  private int count;
  final Group means;
  final Group quats;
  final Group logScales;
  final Group logitOpacities;
  final Group sh;

  Parameters(Context context, int count, int shDegree) {
    this.context = context;
    this.count = count;
    this.coefficients = Gaussians.coefficients(shDegree);
    means = new Group(context, "means", 3, count);
    quats = new Group(context, "quats", 4, count);
    logScales = new Group(context, "log_scales", 3, count);
    logitOpacities = new Group(context, "logit_opacities", 1, count);
    sh = new Group(context, "sh", 3 * coefficients, count);
  }

  static Parameters of(Context context, Gaussians scene) {
    Parameters parameters = new Parameters(context, scene.count(), scene.shDegree());
    parameters.means.x.set(scene.means());
    parameters.quats.x.set(scene.quats());
    parameters.logScales.x.set(scene.logScales());
    parameters.logitOpacities.x.set(scene.logitOpacities());
    parameters.sh.x.set(scene.sh());
    return parameters;
  }

  List<Group> groups() {
    return List.of(means, quats, logScales, logitOpacities, sh);
  }

  int count() {
    return count;
  }

  int coefficients() {
    return coefficients;
  }

  /** In the kernels' shapes. */
  SplatGaussians gaussians() {
    return new SplatGaussians(
        means.x, quats.x, logScales.x, logitOpacities.x.view(count), colors(sh.x), null);
  }

  /** What is learnt. */
  SplatParameters values() {
    return inShape(group -> group.x);
  }

  /** Adam's running means of the gradient, and of its square. */
  SplatParameters runningMeans() {
    return inShape(group -> group.m.slice(0, 0, count));
  }

  SplatParameters runningSquares() {
    return inShape(group -> group.v.slice(0, 0, count));
  }

  /** In the kernels' shapes. */
  private SplatParameters inShape(Function<Group, Tensor> rows) {
    return new SplatParameters(
        rows.apply(means),
        rows.apply(quats),
        rows.apply(logScales),
        rows.apply(logitOpacities).view(count),
        colors(rows.apply(sh)));
  }

  /** [N, 3 K] as [N, K, 3]. */
  private Tensor colors(Tensor rows) {
    return rows.view(count, coefficients, 3);
  }

  /**
   * Builds all rows anew: row i comes from old row rows[i] and continues Adam's means of old row
   * pasts[i], or begins without where that is the old count.
   */
  void take(int[] rows, int[] pasts) {
    int[] withZeros = Arrays.copyOf(pasts, rows.length + 1);
    withZeros[rows.length] = count;
    try (Tensor rowIds = context.of(rows, rows.length);
        Tensor pastIds = context.of(withZeros, withZeros.length)) {
      for (Group group : groups()) {
        group.take(context, rowIds, pastIds, rows.length);
      }
    }
    count = rows.length;
  }

  /**
   * Puts new opacities and scales in the places of some rows, without a copy through the host.
   *
   * @param rows which, each once
   * @param logits [rows, 1]
   * @param scales [rows, 3], logarithms
   */
  void put(int[] rows, Tensor logits, Tensor scales) {
    int[] places = new int[count];
    Arrays.setAll(places, i -> i);
    for (int i = 0; i < rows.length; i++) {
      places[rows[i]] = count + i;
    }
    try (Tensor ids = context.of(places, count)) {
      logitOpacities.take(context, logits, ids);
      logScales.take(context, scales, ids);
    }
  }

  /**
   * What is not finite where a mean is not.
   *
   * @return each Gaussian's coordinates added up
   */
  float[] places() {
    Tensor[] axes = new Tensor[3];
    Arrays.setAll(axes, axis -> means.x.slice(1, axis, axis + 1));
    try (Tensor sums = context.tensor(DType.F32, count, 1)) {
      context.kernels().combine(axes, new Tensor[] {sums}, new double[] {1, 1, 1});
      return sums.toFloats();
    }
  }

  /**
   * Lifts constant colours that fell below black to just above it. A colour is cut at 0 when it is
   * drawn, so below that no picture has a gradient for it, and what a wrong beginning drove there
   * would stay there, in copies too.
   */
  void lightenBlack() {
    Tensor constants = colors(sh.x).slice(1, 0, 1);
    try (Tensor one = context.of(new float[] {1}, 1);
        Tensor zero = context.zeros(DType.F32, 1)) {
      context
          .kernels()
          .channelAffine(constants, one, zero, ALMOST_BLACK, Float.POSITIVE_INFINITY, constants);
    }
  }

  /** A copy on the heap. */
  Gaussians scene(int shDegree) {
    return new Gaussians(
        means.x.toFloats(),
        quats.x.toFloats(),
        logScales.x.toFloats(),
        logitOpacities.x.toFloats(),
        sh.x.toFloats(),
        shDegree);
  }

  @Override
  public void close() {
    groups().forEach(Group::close);
  }
}

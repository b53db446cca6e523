package dev.diorama.benchmarks.splat;

import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.Scope;
import dev.diorama.SplatCamera;
import dev.diorama.SplatFrame;
import dev.diorama.SplatGaussians;
import dev.diorama.SplatGradients;
import dev.diorama.SplatImages;
import dev.diorama.SplatSettings;
import dev.diorama.SplatStats;
import dev.diorama.Tensor;
import dev.diorama.splat.Gaussians;

/** One scene on a backend, ready to be drawn again and again into the same memory. */
final class SplatRun implements AutoCloseable {
  private final Context context;
  private final Scope scope;
  private final SplatFrame frame;
  private final SplatCamera camera;
  private final SplatGaussians gaussians;
  private final SplatImages images;
  private final Tensor gradient;
  private final SplatGradients gradients;

  SplatRun(Context context, SplatScene scene, boolean backward) {
    this.context = context;
    this.scope = context.scope();
    this.frame = scope.keep(context.splatFrame());
    this.camera = scene.camera().toSplatCamera();
    Gaussians g = scene.gaussians();
    int n = g.count();
    int k = g.coefficients();
    this.gaussians =
        new SplatGaussians(
            scope.of(g.means(), n, 3),
            scope.of(g.quats(), n, 4),
            scope.of(g.logScales(), n, 3),
            scope.of(g.logitOpacities(), n),
            scope.of(g.sh(), n, k, 3),
            null);
    this.images = SplatImages.rgb(scope.tensor(DType.F32, camera.height(), camera.width(), 3));
    this.gradient = backward ? scope.tensor(DType.F32, camera.height(), camera.width(), 3) : null;
    this.gradients =
        !backward
            ? null
            : new SplatGradients(
                scope.tensor(DType.F32, n, 3),
                scope.tensor(DType.F32, n, 4),
                scope.tensor(DType.F32, n, 3),
                scope.tensor(DType.F32, n),
                scope.tensor(DType.F32, n, k, 3),
                null,
                scope.tensor(DType.F32, n, 2),
                null);
  }

  void render() {
    context.splats().render(frame, gaussians, camera, SplatSettings.DEFAULT, images);
  }

  /** The gradient of the sum of squares of the picture, after a rendering. */
  void backward() {
    // d(sum x^2) = 2 x
    context
        .kernels()
        .combine(new Tensor[] {images.rgb()}, new Tensor[] {gradient}, new double[] {2});
    context.splats().backward(frame, gaussians, SplatImages.rgb(gradient), false, gradients);
  }

  SplatStats stats() {
    return frame.stats();
  }

  float[] picture() {
    return images.rgb().toFloats();
  }

  @Override
  public void close() {
    scope.close();
    context.trim();
  }
}

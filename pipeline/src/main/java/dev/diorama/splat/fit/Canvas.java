package dev.diorama.splat.fit;

import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.SplatCamera;
import dev.diorama.Tensor;

/** A picture of floats and its gradient, made anew when the size changes. */
final class Canvas {
  private final Context context;
  private int width;
  private int height;
  private Tensor rgb;
  private Tensor gradient;

  Canvas(Context context) {
    this.context = context;
  }

  Canvas sized(SplatCamera camera) {
    if (rgb != null && (camera.width() != width || camera.height() != height)) {
      rgb.close();
      gradient.close();
      rgb = null;
    }
    if (rgb == null) {
      width = camera.width();
      height = camera.height();
      rgb = context.tensor(DType.F32, height, width, 3);
      gradient = context.tensor(DType.F32, height, width, 3);
    }
    return this;
  }

  Tensor rgb() {
    return rgb;
  }

  Tensor gradient() {
    return gradient;
  }
}

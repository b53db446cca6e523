package dev.diorama.splat.data;

import dev.diorama.CameraModel;
import dev.diorama.splat.Camera;
import java.util.Arrays;

/**
 * A camera's projection as a dataset states it, with what its glass distorts.
 *
 * <p>Pinhole: Brown's model as OpenCV has it, x'' = x' (1 + k1 r^2 + k2 r^4 + ...) / (1 + d1 r^2 +
 * ...) + 2 p1 x' y' + p2 (r^2 + 2 x'^2) and the same along y. Fisheye: Kannala and Brandt's, the
 * distance from the centre is the focal length times theta (1 + k1 theta^2 + k2 theta^4 + ...).
 *
 * @param model the ideal projection
 * @param width pixels
 * @param height pixels
 * @param fx in pixels
 * @param fy in pixels
 * @param cx in pixels, centres at +0.5
 * @param cy in pixels
 * @param radial k1, k2, ...
 * @param divisor d1, d2, ... (FULL_OPENCV's k4 to k6)
 * @param p1 tangential
 * @param p2 tangential
 */
record Lens(
    CameraModel model,
    int width,
    int height,
    double fx,
    double fy,
    double cx,
    double cy,
    double[] radial,
    double[] divisor,
    double p1,
    double p2) {
  /** As kernels take them. */
  static final int MAX_SIDE = 32_768;

  private static final int STEPS = 2_000;

  /** A lens without distortion. */
  static Lens ideal(
      CameraModel model, int width, int height, double fx, double fy, double cx, double cy) {
    return new Lens(model, width, height, fx, fy, cx, cy, new double[0], new double[0], 0, 0);
  }

  /** The same lens with distortion. */
  Lens distorted(double[] newRadial, double[] newDivisor, double newP1, double newP2) {
    return new Lens(model, width, height, fx, fy, cx, cy, newRadial, newDivisor, newP1, newP2);
  }

  /** What is wrong with the numbers, or null. */
  String fault() {
    if (width < 1 || height < 1 || width > MAX_SIDE || height > MAX_SIDE) {
      return "a picture of %dx%d pixels, expected 1 to %d".formatted(width, height, MAX_SIDE);
    }
    double worst = Math.abs(p1) + Math.abs(p2);
    for (double[] coefficients : new double[][] {radial, divisor, {fx, fy, cx, cy}}) {
      for (double value : coefficients) {
        worst = Math.max(worst, Math.abs(value));
      }
    }
    // NaN fails here as well.
    if (!(worst < 1e7) || !(fx > 0) || !(fy > 0)) {
      return "the focal lengths %s and %s and the centre %s, %s, expected numbers, focal lengths above 0"
          .formatted(fx, fy, cx, cy);
    }
    return null;
  }

  boolean isDistorted() {
    return p1 != 0
        || p2 != 0
        || Arrays.stream(radial).anyMatch(k -> k != 0)
        || Arrays.stream(divisor).anyMatch(k -> k != 0);
  }

  /** The camera without distortion; pictures are undistorted to it. */
  Camera camera(double[] worldToCamera) {
    return new Camera(model, width, height, fx, fy, cx, cy, worldToCamera);
  }

  /** The same lens for pictures that were made smaller or larger. */
  Lens scaled(int newWidth, int newHeight) {
    double x = (double) newWidth / width;
    double y = (double) newHeight / height;
    return new Lens(
        model, newWidth, newHeight, fx * x, fy * y, cx * x, cy * y, radial, divisor, p1, p2);
  }

  /** Whether a picture is this lens' picture in another size, up to rounding to whole pixels. */
  boolean hasShapeOf(int otherWidth, int otherHeight) {
    double scale = (double) otherWidth / width;
    double ratio = (double) otherHeight / height;
    return Math.abs(ratio * width - otherWidth) <= Math.max(1, ratio)
        || Math.abs(scale * height - otherHeight) <= Math.max(1, scale);
  }

  /**
   * How far from the axis (r, or theta of a fisheye) the model still maps farther points farther
   * out; what lies beyond was not seen.
   *
   * @param limit where to stop looking
   */
  double validRadius(double limit) {
    double last = 0;
    for (int i = 1; i <= STEPS; i++) {
      double r = limit * i / STEPS;
      double mapped = r * factor(r * r);
      if (!(mapped > last)) {
        return limit * (i - 1) / STEPS;
      }
      last = mapped;
    }
    return limit;
  }

  /** Where a pixel of the ideal picture lies in the distorted one; out[0], out[1] in pixels. */
  void distort(double u, double v, double[] out) {
    double x = (u - cx) / fx;
    double y = (v - cy) / fy;
    double r2 = x * x + y * y;
    // In the ideal fisheye picture r is theta itself.
    double scale = factor(r2);
    double xd = x * scale;
    double yd = y * scale;
    if (model == CameraModel.PINHOLE) {
      xd += 2 * p1 * x * y + p2 * (r2 + 2 * x * x);
      yd += p1 * (r2 + 2 * y * y) + 2 * p2 * x * y;
    }
    out[0] = fx * xd + cx;
    out[1] = fy * yd + cy;
  }

  private double factor(double r2) {
    return (1 + polynomial(radial, r2)) / (1 + polynomial(divisor, r2));
  }

  private static double polynomial(double[] coefficients, double r2) {
    double sum = 0;
    for (int i = coefficients.length - 1; i >= 0; i--) {
      sum = (sum + coefficients[i]) * r2;
    }
    return sum;
  }
}

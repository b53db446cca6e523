package dev.diorama;

import dev.diorama.ffi.dio_splat_images;
import java.lang.foreign.MemorySegment;

/**
 * Pictures of one size, or the gradients of a loss with respect to them: F32, contiguous, each may
 * be null, not all.
 *
 * @param rgb [H, W, 3] sum of weight * colour + transmittance * background
 * @param depth [H, W, 1] accumulated: sum of weight * z
 * @param expectedDepth [H, W, 1] depth / alpha, 0 where alpha is 0
 * @param alpha [H, W, 1] 1 - transmittance
 * @param normals [H, W, 3] sum of weight * shortest axis, in the camera, turned towards it
 * @param features [H, W, C] sum of weight * feature
 */
public record SplatImages(
    Tensor rgb, Tensor depth, Tensor expectedDepth, Tensor alpha, Tensor normals, Tensor features) {
  /**
   * Pictures of colours alone.
   *
   * @param rgb F32 [H, W, 3]
   * @return with null for the rest
   */
  public static SplatImages rgb(Tensor rgb) {
    return new SplatImages(rgb, null, null, null, null, null);
  }

  void write(Context c, MemorySegment struct, boolean written) {
    dio_splat_images.rgb(struct, segment(c, rgb, written));
    dio_splat_images.depth(struct, segment(c, depth, written));
    dio_splat_images.expected_depth(struct, segment(c, expectedDepth, written));
    dio_splat_images.alpha(struct, segment(c, alpha, written));
    dio_splat_images.normals(struct, segment(c, normals, written));
    dio_splat_images.features(struct, segment(c, features, written));
  }

  private static MemorySegment segment(Context c, Tensor tensor, boolean written) {
    return written ? c.output(tensor) : c.use(tensor);
  }
}

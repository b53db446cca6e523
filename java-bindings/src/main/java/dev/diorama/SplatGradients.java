package dev.diorama;

import dev.diorama.ffi.dio_splat_gradients;
import java.lang.foreign.MemorySegment;

/**
 * Where a backward pass writes: F32, contiguous, each may be null, not all.
 *
 * @param means [N, 3]
 * @param quats [N, 4]
 * @param logScales [N, 3]
 * @param logitOpacities [N]
 * @param sh [N, K, 3]
 * @param features [N, C]
 * @param means2d [N, 2] with respect to the place in the picture, in pixels; never accumulated
 * @param view [4, 4] of the world-to-camera matrix, its last row 0
 */
public record SplatGradients(
    Tensor means,
    Tensor quats,
    Tensor logScales,
    Tensor logitOpacities,
    Tensor sh,
    Tensor features,
    Tensor means2d,
    Tensor view) {
  void write(Context c, MemorySegment struct) {
    dio_splat_gradients.means(struct, c.output(means));
    dio_splat_gradients.quats(struct, c.output(quats));
    dio_splat_gradients.log_scales(struct, c.output(logScales));
    dio_splat_gradients.logit_opacities(struct, c.output(logitOpacities));
    dio_splat_gradients.sh(struct, c.output(sh));
    dio_splat_gradients.features(struct, c.output(features));
    dio_splat_gradients.means2d(struct, c.output(means2d));
    dio_splat_gradients.view(struct, c.output(view));
  }
}

package dev.diorama;

import dev.diorama.ffi.dio_splat_gaussians;
import java.lang.foreign.MemorySegment;

/**
 * A scene of N Gaussians as the kernels take it: F32, contiguous. The tensors stay their makers'.
 *
 * @param means [N, 3]
 * @param quats [N, 4] rotations, wxyz, not normalised
 * @param logScales [N, 3] natural logarithms of the standard deviations
 * @param logitOpacities [N]
 * @param sh [N, K, 3], K = 1, 4, 9 or 16; colour = max(0, SH(direction) + 0.5). F16 as well, for
 *     drawing; a backward pass takes F32
 * @param features optional [N, C], C 1 to 64: more channels to composite
 */
public record SplatGaussians(
    Tensor means,
    Tensor quats,
    Tensor logScales,
    Tensor logitOpacities,
    Tensor sh,
    Tensor features) {
  void write(Context c, MemorySegment struct) {
    dio_splat_gaussians.means(struct, c.use(means));
    dio_splat_gaussians.quats(struct, c.use(quats));
    dio_splat_gaussians.log_scales(struct, c.use(logScales));
    dio_splat_gaussians.logit_opacities(struct, c.use(logitOpacities));
    dio_splat_gaussians.sh(struct, c.use(sh));
    dio_splat_gaussians.features(struct, c.use(features));
  }
}

package dev.diorama;

import dev.diorama.ffi.dio_splat_parameters;
import java.lang.foreign.MemorySegment;

/**
 * One tensor for each kind of parameter of N Gaussians, F32 and contiguous: what is learnt, or one
 * of the running means that Adam keeps beside it. The tensors stay their makers'.
 *
 * @param means [N, 3]
 * @param quats [N, 4]
 * @param logScales [N, 3]
 * @param logitOpacities [N]
 * @param sh [N, K, 3]
 */
public record SplatParameters(
    Tensor means, Tensor quats, Tensor logScales, Tensor logitOpacities, Tensor sh) {
  void write(Context c, MemorySegment struct) {
    dio_splat_parameters.means(struct, c.output(means));
    dio_splat_parameters.quats(struct, c.output(quats));
    dio_splat_parameters.log_scales(struct, c.output(logScales));
    dio_splat_parameters.logit_opacities(struct, c.output(logitOpacities));
    dio_splat_parameters.sh(struct, c.output(sh));
  }
}

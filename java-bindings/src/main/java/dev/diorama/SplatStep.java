package dev.diorama;

import dev.diorama.ffi.dio_splat_step;
import java.lang.foreign.MemorySegment;

/**
 * How one step of training learns: by Adam (Kingma and Ba 2015), as torch.optim.Adam does it, with
 * a learning rate for each kind of parameter, and with the penalties of 3DGS-MCMC (Kheradmand et
 * al. 2024).
 *
 * @param step of Adam, from 1 on
 * @param beta1 of the mean, 0 to below 1
 * @param beta2 of the square, 0 to below 1
 * @param eps added to the root, above 0
 * @param rates learning rates
 * @param opacityPenalty at least 0; times the mean opacity, added to the loss
 * @param scalePenalty at least 0; times the mean of all 3 N standard deviations, added to the loss
 */
public record SplatStep(
    long step,
    float beta1,
    float beta2,
    float eps,
    Rates rates,
    float opacityPenalty,
    float scalePenalty) {

  /**
   * Learning rates, each finite.
   *
   * @param means of positions
   * @param quats of rotations
   * @param logScales of logarithms of the standard deviations
   * @param logitOpacities of logits of the opacities
   * @param constantColors of the first spherical harmonic
   * @param otherColors of the others
   */
  public record Rates(
      float means,
      float quats,
      float logScales,
      float logitOpacities,
      float constantColors,
      float otherColors) {}

  void write(MemorySegment struct) {
    dio_splat_step.step(struct, step);
    dio_splat_step.beta1(struct, beta1);
    dio_splat_step.beta2(struct, beta2);
    dio_splat_step.eps(struct, eps);
    dio_splat_step.means_rate(struct, rates.means);
    dio_splat_step.quats_rate(struct, rates.quats);
    dio_splat_step.log_scales_rate(struct, rates.logScales);
    dio_splat_step.logit_opacities_rate(struct, rates.logitOpacities);
    dio_splat_step.constant_colors_rate(struct, rates.constantColors);
    dio_splat_step.other_colors_rate(struct, rates.otherColors);
    dio_splat_step.opacity_penalty(struct, opacityPenalty);
    dio_splat_step.scale_penalty(struct, scalePenalty);
  }
}

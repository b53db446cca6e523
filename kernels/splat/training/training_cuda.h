#pragma once

#include "operations.h"

namespace diorama::cuda {

void splat_loss_cuda(Context& context, const Tensor& image, const Tensor& target, const Tensor* mask,
                     float ssim_weight, const Tensor& losses, const Tensor* gradient);
void adam_cuda(Context& context, const Tensor& gradient, const dio_adam_params& params, const Tensor& x,
               const Tensor& m, const Tensor& v);
void splat_relocate_cuda(Context& context, const Tensor& counts, float min_opacity,
                         const Tensor& logit_opacities, const Tensor& log_scales);
void splat_perturb_cuda(Context& context, const Tensor& quats, const Tensor& log_scales,
                        const Tensor* logit_opacities, const Tensor& noise, dio_splat_noise_kind kind,
                        float gain, const Tensor& means);
void splat_noise_cuda(Context& context, uint64_t seed, const Tensor& out);

}  // namespace diorama::cuda

#pragma once

#include "operations.h"

namespace diorama::cuda {

void conv3d_cuda(Context& context, const Tensor& x, const Tensor* carry, const Tensor& w, const Tensor* bias,
                 const Tensor* residual, const dio_conv3d_params& params, const Tensor& out);

void channel_norm_cuda(Context& context, const Tensor& x, const Tensor& gamma, const Tensor* bias,
                       dio_activation_kind kind, const Tensor& out);
void channel_affine_cuda(Context& context, const Tensor& x, const Tensor& scale, const Tensor& shift,
                         float low, float high, const Tensor& out);
void avg_down_cuda(Context& context, const Tensor& x, int factor_t, int factor_s, const Tensor& out);
void dup_up_cuda(Context& context, const Tensor& x, int factor_t, int factor_s, int skip_frames,
                 const Tensor& out);
void to_rgb8_cuda(Context& context, const Tensor& x, const Tensor& out);

void copy_cuda(Context& context, const Tensor& x, const Tensor& out);
void carry_update_cuda(Context& context, const Tensor& x, const Tensor& carry);
void patchify_cuda(Context& context, const Tensor& x, int patch_t, int patch_h, int patch_w,
                   bool channels_first, const Tensor& out);
void unpatchify_cuda(Context& context, const Tensor& x, int patch_t, int patch_h, int patch_w,
                     bool channels_first, const Tensor& out);

}  // namespace diorama::cuda

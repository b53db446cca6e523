#pragma once

#include "../common/elements.h"
#include "operations.h"

namespace diorama {

// The codec's operations (all but the convolution, conv3d.h) as plain loops. Real is double for `reference`,
// float for `plain`. The formulas and shapes are diorama.h's.

template <typename Real>
void channel_norm_plain(Context&, const Tensor& x, const Tensor& gamma, const Tensor* bias,
                        dio_activation_kind kind, const Tensor& out);
template <typename Real>
void channel_affine_plain(Context&, const Tensor& x, const Tensor& scale, const Tensor& shift, float low,
                          float high, const Tensor& out);
template <typename Real>
void avg_down_plain(Context&, const Tensor& x, int factor_t, int factor_s, const Tensor& out);
template <typename Real>
void dup_up_plain(Context&, const Tensor& x, int factor_t, int factor_s, int skip_frames, const Tensor& out);
template <typename Real>
void to_rgb8_plain(Context&, const Tensor& x, const Tensor& out);

// These move values without computing.
void carry_update_plain(Context&, const Tensor& x, const Tensor& carry);
void copy_plain(Context&, const Tensor& x, const Tensor& out);
void patchify_plain(Context&, const Tensor& x, int patch_t, int patch_h, int patch_w, bool channels_first,
                    const Tensor& out);
void unpatchify_plain(Context&, const Tensor& x, int patch_t, int patch_h, int patch_w, bool channels_first,
                      const Tensor& out);

}  // namespace diorama

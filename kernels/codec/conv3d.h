#pragma once

#include "operations.h"

namespace diorama {

// out[b, t, y, x, n] = residual[b, t, y, x, n] + bias[n] +
//   sum over (dt, dy, dx, c) of v[b, t * stride_t + dt, y * stride_h + dy - pad_top, x * stride_w + dx -
//   pad_left, c] w[n, dt, dy, dx, c]
//
// v is x, enlarged `upsample` times, with `frames_before` frames before it: the last ones of carry, zeros
// where it is absent or shorter. Outside of height and width v is zero or its nearest pixel. The arguments
// are those of dio_conv3d.

// Plain loops. Real is double for `reference`, float for `plain`.
template <typename Real>
void conv3d_plain(Context&, const Tensor& x, const Tensor* carry, const Tensor& w, const Tensor* bias,
                  const Tensor* residual, const dio_conv3d_params& params, const Tensor& out);

// SIMD and threads: the product of kernels/linear, with x read in place.
void conv3d_cpu(Context& context, const Tensor& x, const Tensor* carry, const Tensor& w, const Tensor* bias,
                const Tensor* residual, const dio_conv3d_params& params, const Tensor& out);

}  // namespace diorama

#pragma once

#include "operations.h"

namespace diorama {

// out[m, n] = residual[m, n] + gate[g(m), n] * activation(sum_k x[m, k] w[n, k] + bias[n])
//
// x [M, K], w [N, K], bias [N], gate f32 [G, N], residual and out [M, N]; g(m) is index[m] or m / (M / G).
// The arguments are those of dio_linear.

// Plain loops. Real is double for `reference`, float for `plain`.
template <typename Real>
void linear_plain(Context&, const Tensor& x, const Tensor& w, const Tensor* bias,
                  dio_activation_kind activation, const Tensor* gate, const Tensor* index,
                  const Tensor* residual, const Tensor& out);

// SIMD and threads. A product of few rows reads w once at the speed of memory; others are blocked for the
// caches.
void linear_cpu(Context& context, const Tensor& x, const Tensor& w, const Tensor* bias,
                dio_activation_kind activation, const Tensor* gate, const Tensor* index,
                const Tensor* residual, const Tensor& out);

}  // namespace diorama

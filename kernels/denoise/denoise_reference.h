#pragma once

#include "../common/elements.h"
#include "operations.h"

namespace diorama {

// The operations of a denoising step as plain loops. Real is double for `reference`, float for `plain`. The
// formulas and shapes are diorama.h's; these files are their longhand.

template <typename Real>
void norm_plain(bool centred, const Tensor& x, const Tensor* weight, const Tensor* bias, const Tensor* scale,
                const Tensor* shift, const Tensor* index, float eps, const Tensor& out);
template <typename Real>
void qk_norm_rope_plain(Context&, const Tensor& x, const Tensor* weight, float eps, const Tensor* cosine,
                        const Tensor* sine, const Tensor& out);
template <typename Real>
void gated_residual_plain(Context&, const Tensor& x, const Tensor& residual, const Tensor& gate,
                          const Tensor* index, const Tensor& out);
template <typename Real>
void gated_residual_norm_plain(Context&, const Tensor& x, const Tensor& residual, const Tensor* gate,
                               const Tensor* weight, const Tensor* bias, const Tensor* scale,
                               const Tensor* shift, const Tensor* index, float eps, const Tensor& sum,
                               const Tensor& out);
template <typename Real>
void combine_plain(Context&, int input_count, const Tensor* const* inputs, int output_count,
                   Tensor* const* outputs, const double* coefficients);
template <typename Real>
void timestep_embedding_plain(Context&, const Tensor& t, bool cosine_first, float max_period,
                              const Tensor& out);
template <typename Real>
void activate_plain(Context&, const Tensor& x, dio_activation_kind kind, const Tensor& out);
// Turns 16 uniform numbers into normal ones, as torch does.
void normal_block(float* block);
template <typename Real>
void randn_plain(Context&, Generator& generator, const Tensor& out);

}  // namespace diorama

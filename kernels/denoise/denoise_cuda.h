#pragma once

#include "operations.h"

namespace diorama::cuda {

void layer_norm_cuda(Context& context, const Tensor& x, const Tensor* weight, const Tensor* bias,
                     const Tensor* scale, const Tensor* shift, const Tensor* index, float eps,
                     const Tensor& out);
void rms_norm_cuda(Context& context, const Tensor& x, const Tensor* weight, const Tensor* scale,
                   const Tensor* shift, const Tensor* index, float eps, const Tensor& out);
void qk_norm_rope_cuda(Context& context, const Tensor& x, const Tensor* weight, float eps,
                       const Tensor* cosine, const Tensor* sine, const Tensor& out);
void gated_residual_cuda(Context& context, const Tensor& x, const Tensor& residual, const Tensor& gate,
                         const Tensor* index, const Tensor& out);
void gated_residual_norm_cuda(Context& context, const Tensor& x, const Tensor& residual, const Tensor* gate,
                              const Tensor* weight, const Tensor* bias, const Tensor* scale,
                              const Tensor* shift, const Tensor* index, float eps, const Tensor& sum,
                              const Tensor& out);
void combine_cuda(Context& context, int input_count, const Tensor* const* inputs, int output_count,
                  Tensor* const* outputs, const double* coefficients);
void timestep_embedding_cuda(Context& context, const Tensor& t, bool cosine_first, float max_period,
                             const Tensor& out);
void activate_cuda(Context& context, const Tensor& x, dio_activation_kind kind, const Tensor& out);
void randn_cuda(Context& context, Generator& generator, const Tensor& out);

}  // namespace diorama::cuda

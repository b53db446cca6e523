#pragma once

#include "../common/floats.h"

namespace diorama {

// A layer norm or RMS norm: out = n(x) * weight + bias, then out * (1 + scale) + shift, row by row.
struct NormArguments {
  RowLayout x, out;
  int64_t channels;
  bool centred;  // subtract the mean: layer norm
  float eps;
  FloatRows weight, bias;  // one row each
  FloatRows scale, shift;  // a row for each group
  RowGroups group;
  bool stream;  // write past the caches
};

// An RMS norm over all heads of a token, then the rotation of neighbouring pairs.
struct QkArguments {
  Tensor x, out;  // [B, S, H, D]
  FloatRows weight, cosine, sine;
  float eps;
  bool stream;
};

// out = residual + gate * x.
struct GatedArguments {
  RowLayout x, residual, out;
  int64_t channels;
  FloatRows gate;
  RowGroups group;
};

void layer_norm_cpu(Context& context, const Tensor& x, const Tensor* weight, const Tensor* bias,
                    const Tensor* scale, const Tensor* shift, const Tensor* index, float eps,
                    const Tensor& out);
void rms_norm_cpu(Context& context, const Tensor& x, const Tensor* weight, const Tensor* scale,
                  const Tensor* shift, const Tensor* index, float eps, const Tensor& out);
void qk_norm_rope_cpu(Context& context, const Tensor& x, const Tensor* weight, float eps,
                      const Tensor* cosine, const Tensor* sine, const Tensor& out);
void gated_residual_cpu(Context& context, const Tensor& x, const Tensor& residual, const Tensor& gate,
                        const Tensor* index, const Tensor& out);

}  // namespace diorama

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

// sum = residual + gate * x, then the layer norm of sum.
struct GatedNormArguments {
  RowLayout x, residual, sum, out;
  int64_t channels;
  float eps;
  FloatRows weight, bias;  // one row each
  FloatRows gate, scale, shift;
  RowGroups group;
  bool stream;  // out is written past the caches
};

// A thread should have this many elements at least: less is done sooner than a thread wakes.
constexpr int64_t kElementsPerThread = 16384;

// Writing past the caches saves reading the lines that are overwritten. It pays where the output is larger
// than the caches anyway, every vector of it is aligned, and nothing of it lies in a cache already (as it
// does in place).
inline bool streams(const void* x, const Tensor& out, int64_t row_length, int64_t row_stride) {
  constexpr int64_t kBytes = int64_t{16} << 20;
  constexpr int64_t kVector = 64;
  return out.dtype == DIO_F32 && out.data != x && element_count(out) * 4 >= kBytes &&
         reinterpret_cast<uintptr_t>(out.data) % kVector == 0 && row_length * 4 % kVector == 0 &&
         row_stride * 4 % kVector == 0;
}

void layer_norm_cpu(Context& context, const Tensor& x, const Tensor* weight, const Tensor* bias,
                    const Tensor* scale, const Tensor* shift, const Tensor* index, float eps,
                    const Tensor& out);
void rms_norm_cpu(Context& context, const Tensor& x, const Tensor* weight, const Tensor* scale,
                  const Tensor* shift, const Tensor* index, float eps, const Tensor& out);
void qk_norm_rope_cpu(Context& context, const Tensor& x, const Tensor* weight, float eps,
                      const Tensor* cosine, const Tensor* sine, const Tensor& out);
void gated_residual_cpu(Context& context, const Tensor& x, const Tensor& residual, const Tensor& gate,
                        const Tensor* index, const Tensor& out);
void gated_residual_norm_cpu(Context& context, const Tensor& x, const Tensor& residual, const Tensor* gate,
                             const Tensor* weight, const Tensor* bias, const Tensor* scale,
                             const Tensor* shift, const Tensor* index, float eps, const Tensor& sum,
                             const Tensor& out);

}  // namespace diorama

#pragma once

// Attention (Vaswani et al. 2017): for every batch b, head h and query i
//
//   s[j] = scale * sum_d q[b, i, h, d] * k[b, j, h, d] + bias[b, h, i, j]      j < key_lengths[b]
//   out[b, i, h, :] = sum_j exp(s[j]) * v[b, j, h, :] / sum_j exp(s[j])
//
// q, out [B, Sq, H, D]; k, v [B, Sk, H, D]; one dtype of f32, bf16, f16; innermost stride 1, the others free.
// bias f32 [1 or B, 1 or H, Sq, Sk]; key_lengths i32 [B]; scale 0 means 1 / sqrt(D).
// A query whose scores are all -inf gives NaN, as 0 / 0 does.

#include <cmath>
#include <cstdint>

#include "operations.h"

namespace diorama {

// The sizes of a call, and where its rows lie.
struct AttentionShape {
  AttentionShape(const Tensor& q, const Tensor& k, const Tensor* bias, const Tensor* key_lengths, float scale)
      : batches(q.shape[0]),
        heads(q.shape[2]),
        queries(q.shape[1]),
        keys(k.shape[1]),
        head_size(q.shape[3]),
        scale(scale != 0 ? static_cast<double>(scale) : 1 / std::sqrt(static_cast<double>(q.shape[3]))),
        bias(bias),
        key_lengths(key_lengths ? data<int32_t>(*key_lengths) : nullptr) {}

  // How many keys the queries of batch b see.
  int64_t key_count(int64_t b) const { return key_lengths ? key_lengths[b] : keys; }

  // The bias of query i and key 0, or null. Axes of size 1 serve every batch or head.
  const float* bias_row(int64_t b, int64_t h, int64_t i) const {
    if (!bias) return nullptr;
    return data<float>(*bias) + (bias->shape[0] > 1 ? b * bias->strides[0] : 0) +
           (bias->shape[1] > 1 ? h * bias->strides[1] : 0) + i * bias->strides[2];
  }

  int64_t batches, heads, queries, keys, head_size;
  double scale;
  const Tensor* bias;
  const int32_t* key_lengths;
};

// Elements from the start of a [B, S, H, D] tensor to row (b, s, h).
inline int64_t row_offset(const Tensor& t, int64_t b, int64_t s, int64_t h) {
  return b * t.strides[0] + s * t.strides[1] + h * t.strides[2];
}

}  // namespace diorama

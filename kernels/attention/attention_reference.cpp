// Attention as the formula in attention.h reads: one query at a time, its whole row of scores in memory.
#include <algorithm>
#include <limits>

#include "attention.h"
#include "kernels/common/elements.h"
#include "register.h"

namespace diorama {
namespace {

template <typename Real>
void attention_plain(Context& context, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor* bias,
                     const Tensor* key_lengths, float scale, const Tensor& out) {
  const AttentionShape shape(q, k, bias, key_lengths, scale);
  const Elements<Real> queries(q), keys(k), values(v), result(out);
  Real* weights = context.scratch_array<Real>(static_cast<std::size_t>(shape.keys));

  for (int64_t b = 0; b < shape.batches; ++b) {
    const int64_t key_count = shape.key_count(b);
    for (int64_t h = 0; h < shape.heads; ++h) {
      for (int64_t i = 0; i < shape.queries; ++i) {
        const int64_t query = row_offset(q, b, i, h);
        const float* bias_row = shape.bias_row(b, h, i);
        Real largest = -std::numeric_limits<Real>::infinity();
        for (int64_t j = 0; j < key_count; ++j) {
          const int64_t key = row_offset(k, b, j, h);
          Real dot = 0;
          for (int64_t d = 0; d < shape.head_size; ++d) dot += queries[query + d] * keys[key + d];
          weights[j] = static_cast<Real>(shape.scale) * dot + (bias_row ? static_cast<Real>(bias_row[j]) : 0);
          largest = std::max(largest, weights[j]);
        }
        Real sum = 0;
        for (int64_t j = 0; j < key_count; ++j) {
          weights[j] = std::exp(weights[j] - largest);
          sum += weights[j];
        }
        for (int64_t d = 0; d < shape.head_size; ++d) {
          Real mean = 0;
          for (int64_t j = 0; j < key_count; ++j) mean += weights[j] * values[row_offset(v, b, j, h) + d];
          result.set(row_offset(out, b, i, h) + d, mean / sum);
        }
      }
    }
  }
}

}  // namespace

void add_attention_reference(Operations& operations) { operations.attention = attention_plain<double>; }
void add_attention_plain(Operations& operations) { operations.attention = attention_plain<float>; }

}  // namespace diorama

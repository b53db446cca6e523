// Embedding look-up and T5's relative position bias, as plain loops.
#include "text_reference.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace diorama {

int64_t t5_bucket(int64_t distance, int64_t buckets, int max_distance) {
  const int64_t half = buckets / 2;
  const int64_t first = distance > 0 ? half : 0;
  const int64_t exact = half / 2;
  const int64_t size = std::abs(distance);
  if (size < exact) return first + size;
  if (exact == 0) return first + half - 1;
  const float ratio = static_cast<float>(size) / static_cast<float>(exact);
  const float logarithm = static_cast<float>(std::log(static_cast<double>(ratio)));
  const float range =
      static_cast<float>(std::log(static_cast<double>(max_distance) / static_cast<double>(exact)));
  const float step = logarithm / range * static_cast<float>(half - exact);
  const int64_t steps = static_cast<int64_t>(std::max(0.0f, std::min(static_cast<float>(half), step)));
  return first + std::min(exact + steps, half - 1);
}

template <typename Real>
void embedding_plain(Context&, const Tensor& table, const Tensor& ids, const Tensor& out) {
  const Elements<Real> in(table), result(out);
  for (int64_t n = 0; n < ids.shape[0]; ++n) {
    const int64_t row = data<int32_t>(ids)[n * ids.strides[0]];
    for (int64_t c = 0; c < table.shape[1]; ++c) {
      result.set(n * out.strides[0] + c * out.strides[1], in[row * table.strides[0] + c * table.strides[1]]);
    }
  }
}

template <typename Real>
void t5_relative_bias_plain(Context&, const Tensor& table, int max_distance, const Tensor& out) {
  const Elements<Real> in(table), result(out);
  const int64_t length = (out.shape[1] + 1) / 2;
  for (int64_t j = 0; j < out.shape[1]; ++j) {
    const int64_t row = t5_bucket(j - (length - 1), table.shape[0], max_distance);
    for (int64_t h = 0; h < out.shape[0]; ++h) {
      result.set(h * out.strides[0] + j * out.strides[1], in[row * table.strides[0] + h * table.strides[1]]);
    }
  }
}

template void embedding_plain<float>(Context&, const Tensor&, const Tensor&, const Tensor&);
template void embedding_plain<double>(Context&, const Tensor&, const Tensor&, const Tensor&);
template void t5_relative_bias_plain<float>(Context&, const Tensor&, int, const Tensor&);
template void t5_relative_bias_plain<double>(Context&, const Tensor&, int, const Tensor&);

}  // namespace diorama

// Attention on CUDA devices: which kernel serves a call, and what it is told.
#include "kernels/attention/attention_cuda.h"

#include "kernels/attention/attention_kernels.h"
#include "kernels/attention/attention_rows.cuh"
#include "kernels/attention/attention_sm90.h"
#include "kernels/cuda/dispatch.h"

#include <climits>
#include <cmath>
#include <string>

namespace diorama::cuda {
namespace {

int small_size(const char* name, int64_t size) {
  // Tiles end up to 127 tokens later.
  if (size > INT_MAX - 127) {
    raise(DIO_STATUS_UNSUPPORTED, "attention: " + std::string(name) + " is " + std::to_string(size) +
                                      ", but CUDA kernels count tokens to 2147483520.");
  }
  return static_cast<int>(size);
}

template <typename T>
void run(Context& context, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor* bias,
         const Tensor* key_lengths, float scale, const Tensor& out) {
  AttentionArguments<T> a = {};
  a.batches = small_size("B", q.shape[0]);
  a.queries = small_size("Sq", q.shape[1]);
  a.heads = small_size("H", q.shape[2]);
  a.head_size = small_size("D", q.shape[3]);
  a.keys = small_size("Sk", k.shape[1]);
  const double factor =
      scale != 0 ? static_cast<double>(scale) : 1 / std::sqrt(static_cast<double>(a.head_size));
  a.exponent_scale = static_cast<float>(std::fabs(factor) * 1.4426950408889634);
  a.out = data<T>(out);
  a.out_strides = row_strides(out);
  a.wide_out = has_wide_rows(out);
  if (bias) {
    a.bias = data<float>(*bias);
    a.bias_strides = {bias->shape[0] > 1 ? bias->strides[0] : 0, bias->strides[2],
                      bias->shape[1] > 1 ? bias->strides[1] : 0};
  }
  if (key_lengths) a.key_lengths = data<int32_t>(*key_lengths);

  const bool by_mma = !std::is_same_v<T, float> && a.head_size <= longest_mma_head(bias != nullptr);
  const auto rows = [&](const Tensor& t, bool negate, RowStrides& strides) -> const T* {
    if (negate || (by_mma && !has_wide_rows(t))) return copy_rows<T>(context, t, negate, strides);
    strides = row_strides(t);
    return data<T>(t);
  };
  // Maxima are taken of products before they are scaled: the scale must not turn them round.
  const bool negative = factor < 0;
  a.q = rows(q, negative, a.q_strides);
  a.k = rows(k, false, a.k_strides);
  a.v = rows(v, false, a.v_strides);
  if constexpr (!std::is_same_v<T, float>) {
    if (by_mma) return attention_by_mma(context, a);
  }
  a.wide_inputs =
      (negative ? a.head_size % kPackOf<T> == 0 : has_wide_rows(q)) && has_wide_rows(k) && has_wide_rows(v);
  attention_in_float(context, a);
}

}  // namespace

void attention_cuda(Context& context, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor* bias,
                    const Tensor* key_lengths, float scale, const Tensor& out) {
  if (element_count(out) == 0) return;
  if (fits_attention_sm90(on_cuda(context).device(), q, k, v, bias, scale, out)) {
    return attention_sm90(context, q, k, v, key_lengths, scale, out);
  }
  with_float_type(q.dtype, [&](auto type) {
    run<typename decltype(type)::type>(context, q, k, v, bias, key_lengths, scale, out);
  });
}

}  // namespace diorama::cuda

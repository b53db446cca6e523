#pragma once

// The attention kernels' host sides, each compiled in a source of its own.

#include "kernels/attention/attention_arguments.cuh"

#include "context.h"

namespace diorama::cuda {

// The longest head that goes through mma.sync.
constexpr int longest_mma_head(bool has_bias) { return has_bias ? 256 : 384; }

// bf16 and f16, head sizes to longest_mma_head, rows of q, k and v from multiples of 16 bytes on and filled
// up to whole packs of 16 bytes (attention_bf16_cuda.cu, attention_f16_cuda.cu).
template <typename T>
void attention_by_mma(Context& context, const AttentionArguments<T>& a);

// Every dtype, head sizes to 1024 (attention_f32_cuda.cu).
template <typename T>
void attention_in_float(Context& context, const AttentionArguments<T>& a);

extern template void attention_by_mma<bf16>(Context&, const AttentionArguments<bf16>&);
extern template void attention_by_mma<f16>(Context&, const AttentionArguments<f16>&);
extern template void attention_in_float<float>(Context&, const AttentionArguments<float>&);
extern template void attention_in_float<bf16>(Context&, const AttentionArguments<bf16>&);
extern template void attention_in_float<f16>(Context&, const AttentionArguments<f16>&);

}  // namespace diorama::cuda

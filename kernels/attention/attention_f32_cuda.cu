// Attention in float.
#include "kernels/attention/attention_f32.cuh"
#include "kernels/attention/attention_kernels.h"
#include "kernels/attention/attention_parts.cuh"

namespace diorama::cuda {

template <typename T>
void attention_in_float(Context& context, const AttentionArguments<T>& a) {
  const auto run = [&]<typename Tiles>(Tiles) {
    launch_attention<F32Memory<Tiles>, Tiles>(context, "attention in float", attention_f32<T, Tiles>, a);
  };
  if constexpr (std::is_same_v<T, float>) {  // other dtypes come here seldom: one kernel does
    if (a.head_size <= 128) return run(F32Tiles<128, 4>());
    if (a.head_size <= 512) return run(F32Tiles<512, 4>());
  }
  return run(F32Tiles<1024, 2>());
}

template void attention_in_float<float>(Context&, const AttentionArguments<float>&);
template void attention_in_float<bf16>(Context&, const AttentionArguments<bf16>&);
template void attention_in_float<f16>(Context&, const AttentionArguments<f16>&);

}  // namespace diorama::cuda

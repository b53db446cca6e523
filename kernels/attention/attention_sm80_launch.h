#pragma once

// Which tiles of attention_sm80.cuh serve a head size.

#include "kernels/attention/attention_kernels.h"
#include "kernels/attention/attention_parts.cuh"
#include "kernels/attention/attention_sm80.cuh"

namespace diorama::cuda {

template <typename T>
void attention_by_mma(Context& context, const AttentionArguments<T>& a) {
  const auto run = [&]<typename Tiles>(Tiles) {
    launch_attention<Sm80Memory<T, Tiles>, Tiles>(context, "attention by mma.sync", attention_sm80<T, Tiles>,
                                                  a);
  };
  const int size = a.head_size;
  if (a.bias) {  // text encoders, with few tokens: fewer sizes do
    if (size <= 64) return run(Sm80Tiles<64, true>());
    if (size <= 128) return run(Sm80Tiles<128, true>());
    return run(Sm80Tiles<256, true>());
  }
  if (size <= 32) return run(Sm80Tiles<32, false>());
  if (size <= 64) return run(Sm80Tiles<64, false>());
  if (size <= 96) return run(Sm80Tiles<96, false>());
  if (size <= 128) return run(Sm80Tiles<128, false>());
  if (size <= 192) return run(Sm80Tiles<192, false>());
  if (size <= 256) return run(Sm80Tiles<256, false>());
  return run(Sm80Tiles<384, false>());  // a video codec's one head
}

}  // namespace diorama::cuda

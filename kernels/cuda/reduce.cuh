#pragma once

// Sums and maxima over the lanes of a warp and the threads of a block. Every lane gets the result, and the
// order of additions is fixed.

#include "platform.cuh"

namespace diorama::cuda {

inline constexpr unsigned kFullWarp = 0xFFFFFFFFu;

// Over groups of kWidth neighbouring lanes.
template <int kWidth = 32, typename T>
DIO_DEVICE T warp_sum(T value) {
#pragma unroll
  for (int step = kWidth / 2; step > 0; step /= 2) value += __shfl_xor_sync(kFullWarp, value, step);
  return value;
}

// NaN is passed over, as fmaxf does.
template <int kWidth = 32>
DIO_DEVICE float warp_max(float value) {
#pragma unroll
  for (int step = kWidth / 2; step > 0; step /= 2) {
    value = fmaxf(value, __shfl_xor_sync(kFullWarp, value, step));
  }
  return value;
}

// Over a block of kThreads; `partial` holds kThreads / 32 values of shared memory, free again after the next
// barrier of the block.
template <int kThreads, typename T>
DIO_DEVICE T block_sum(T value, T* partial) {
  value = warp_sum(value);
  if constexpr (kThreads == 32) return value;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  if (lane == 0) partial[warp] = value;
  __syncthreads();
  T sum = 0;
#pragma unroll
  for (int i = 0; i < kThreads / 32; ++i) sum += partial[i];
  return sum;
}

}  // namespace diorama::cuda

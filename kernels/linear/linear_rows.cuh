#pragma once

// Products of few rows: a block goes along K with kColumns rows of w and all rows of x, each thread with 16
// bytes of each row of w at a time, and adds up what its threads have found. Every weight is read once; x
// comes from the caches.

#include "kernels/cuda/reduce.cuh"
#include "product.h"

namespace diorama::cuda {

inline constexpr int kRowsThreads = 128;

// kCount elements in as few accesses as they need.
template <typename T, int kCount>
DIO_DEVICE void load_wide(const T* from, float (&to)[kCount]) {
  constexpr int kPack = kCount < kPackOf<T> ? kCount : kPackOf<T>;
#pragma unroll
  for (int i = 0; i < kCount; i += kPack) {
    const auto pack = load_pack<kPack>(from + i);
#pragma unroll
    for (int j = 0; j < kPack; ++j) to[i + j] = to_float(pack[j]);
  }
}

template <int kCount>
DIO_DEVICE void load_wide(const void* data, int32_t dtype, int64_t offset, float (&to)[kCount]) {
  switch (dtype) {
    case DIO_F16:
      return load_wide(static_cast<const f16*>(data) + offset, to);
    case DIO_BF16:
      return load_wide(static_cast<const bf16*>(data) + offset, to);
    default:
      return load_wide(static_cast<const float*>(data) + offset, to);
  }
}

// T is w's; out[m, n] of kRows rows (the last ones may be beyond x: they repeat its last row) and kColumns
// columns. Grid: groups of columns x groups of rows, the groups of rows next to each other.
template <typename T, int kRows, int kColumns>
__global__ void __launch_bounds__(kRowsThreads)
    linear_few_rows(Operand x, Operand w, int64_t depth, int row_groups, Epilogue epilogue) {
  constexpr int kPack = kPackOf<T>, kWarps = kRowsThreads / 32;
  using Partial = float[kWarps][kRows * kColumns];
  DIO_SHARED(Partial, partial);
  const int64_t row = blockIdx.x % row_groups * kRows, column = blockIdx.x / row_groups * kColumns;
  const T* weights[kColumns];
#pragma unroll
  for (int n = 0; n < kColumns; ++n) {
    const int64_t at = column + n < w.rows ? column + n : w.rows - 1;
    weights[n] = static_cast<const T*>(w.data) + at * w.stride;
  }
  float sums[kRows][kColumns] = {};
#pragma unroll 1
  for (int64_t k = threadIdx.x * kPack; k < depth; k += kRowsThreads * kPack) {
    Pack<T, kPack> packs[kColumns];
#pragma unroll
    for (int n = 0; n < kColumns; ++n) packs[n] = load_pack<kPack>(weights[n] + k);
#pragma unroll
    for (int m = 0; m < kRows; ++m) {
      const int64_t at = row + m < x.rows ? row + m : x.rows - 1;
      float values[kPack];
      load_wide(x.data, x.dtype, at * x.stride + k, values);
#pragma unroll
      for (int n = 0; n < kColumns; ++n) {
#pragma unroll
        for (int i = 0; i < kPack; ++i) sums[m][n] += values[i] * to_float(packs[n][i]);
      }
    }
  }
#pragma unroll
  for (int m = 0; m < kRows; ++m) {
#pragma unroll
    for (int n = 0; n < kColumns; ++n) {
      const float sum = warp_sum(sums[m][n]);
      if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32][m * kColumns + n] = sum;
    }
  }
  __syncthreads();
  const int m = threadIdx.x / kColumns, n = threadIdx.x % kColumns;
  if (m >= kRows || row + m >= x.rows || column + n >= w.rows) return;
  Quad sum = {};
#pragma unroll
  for (int i = 0; i < kWarps; ++i) sum.values[0] += partial[i][threadIdx.x];
  activate_quad(epilogue, sum, load_bias(epilogue, column + n, 1));
  finish_quad(epilogue, row + m, column + n, 1, load_residual(epilogue, row + m, column + n, 1), sum);
}

}  // namespace diorama::cuda

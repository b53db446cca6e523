#pragma once

// The second half of a product whose K was divided among blocks.

#include "epilogue.cuh"

namespace diorama::cuda {

inline constexpr int kSplitThreads = 256;

// partial [splits, M, N]. A thread adds four neighbours in the order of K and finishes them.
__global__ void __launch_bounds__(kSplitThreads)
    linear_add_splits(const float* partial, int64_t splits, Epilogue epilogue) {
  const int64_t quads = (epilogue.columns + 3) / 4;
  const int64_t quad = static_cast<int64_t>(blockIdx.x) * kSplitThreads + threadIdx.x;
  const int64_t m = quad / quads, n = (quad - m * quads) * 4;
  if (m >= epilogue.rows) return;
  const int count = epilogue.columns - n < 4 ? static_cast<int>(epilogue.columns - n) : 4;
  const bool aligned = epilogue.columns % 4 == 0;
  const Quad residual = load_residual(epilogue, m, n, count);
  const float* from = partial + m * epilogue.columns + n;
  Quad sums = {};
#pragma unroll 4
  for (int64_t i = 0; i < splits; ++i, from += epilogue.rows * epilogue.columns) {
    const Quad part = load_quad(from, aligned, count);
#pragma unroll
    for (int j = 0; j < 4; ++j) sums.values[j] += part.values[j];
  }
  activate_quad(epilogue, sums, load_bias(epilogue, n, count));
  finish_quad(epilogue, m, n, count, residual, sums);
}

}  // namespace diorama::cuda

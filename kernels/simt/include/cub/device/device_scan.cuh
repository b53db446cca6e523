#pragma once

// Stands in for CUB's prefix sum where CUDA sources are compiled for the host: same names, same results, as
// work of the stream.

#include <cstddef>

#include "cuda_runtime.h"

namespace cub {

struct DeviceScan {
  // to[i] = from[0] + ... + from[i - 1]; `to` may be `from`. With null `temporary` only says how many bytes
  // it takes.
  template <typename T, typename Count>
  static cudaError_t ExclusiveSum(void* temporary, std::size_t& temporary_bytes, const T* from, T* to,
                                  Count count, cudaStream_t stream = nullptr) {
    constexpr std::size_t kBytes = 256;
    if (temporary == nullptr) {
      temporary_bytes = kBytes;
      return cudaSuccess;
    }
    if (temporary_bytes < kBytes) return cudaErrorInvalidValue;
    return diorama::simt::on_stream(stream, [=] {
      T sum = 0;
      for (Count i = 0; i < count; ++i) {
        const T value = from[i];
        to[i] = sum;
        sum = static_cast<T>(sum + value);
      }
    });
  }
};

}  // namespace cub

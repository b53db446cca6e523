#pragma once

// Stands in for CUB's radix sort where CUDA sources are compiled for the host: same names, same results, as
// work of the stream. Which of two buffers ends up with the result goes by the passes of 8 bits that a card
// takes, and the other one holds nothing that anybody may rely on: all bits are set there.

#include <algorithm>
#include <cstring>
#include <numeric>
#include <type_traits>
#include <vector>

#include "cuda_runtime.h"

namespace cub {

template <typename T>
struct DoubleBuffer {
  T* d_buffers[2] = {nullptr, nullptr};
  int selector = 0;

  DoubleBuffer() = default;
  DoubleBuffer(T* current, T* alternate) : d_buffers{current, alternate} {}
  T* Current() { return d_buffers[selector]; }
  T* Alternate() { return d_buffers[selector ^ 1]; }
};

struct DeviceRadixSort {
  // Ascending by bits [begin_bit, end_bit) of unsigned keys; stable. With null `temporary` only says how many
  // bytes it takes.
  template <typename Key, typename Value, typename Count>
  static cudaError_t SortPairs(void* temporary, std::size_t& temporary_bytes, DoubleBuffer<Key>& keys,
                               DoubleBuffer<Value>& values, Count count, int begin_bit = 0,
                               int end_bit = sizeof(Key) * 8, cudaStream_t stream = nullptr) {
    static_assert(std::is_unsigned_v<Key>, "only keys whose bits are in the order of their values");
    constexpr std::size_t kBytes = 256;
    if (temporary == nullptr) {
      temporary_bytes = kBytes;
      return cudaSuccess;
    }
    const int bits = end_bit - begin_bit;
    if (temporary_bytes < kBytes || begin_bit < 0 || bits < 1 ||
        end_bit > static_cast<int>(sizeof(Key) * 8)) {
      return cudaErrorInvalidValue;
    }
    const int turn = (bits + 7) / 8 % 2;
    const auto n = static_cast<std::size_t>(count);
    Key* from = keys.Current();
    Key* to = keys.d_buffers[keys.selector ^ turn];
    Key* other = keys.d_buffers[keys.selector ^ turn ^ 1];
    Value* values_from = values.Current();
    Value* values_to = values.d_buffers[values.selector ^ turn];
    Value* values_other = values.d_buffers[values.selector ^ turn ^ 1];
    keys.selector ^= turn;
    values.selector ^= turn;
    return diorama::simt::on_stream(stream, [=] {
      std::vector<std::size_t> order(n);
      std::iota(order.begin(), order.end(), std::size_t{0});
      const auto digits = [&](std::size_t i) {
        const Key above = static_cast<Key>(from[i] >> begin_bit);
        return bits == static_cast<int>(sizeof(Key) * 8) ? above
                                                         : static_cast<Key>(above & ((Key{1} << bits) - 1));
      };
      std::stable_sort(order.begin(), order.end(),
                       [&](std::size_t a, std::size_t b) { return digits(a) < digits(b); });
      std::vector<Key> sorted(n);
      std::vector<Value> sorted_values(n);
      for (std::size_t i = 0; i < n; ++i) {
        sorted[i] = from[order[i]];
        sorted_values[i] = values_from[order[i]];
      }
      std::memset(static_cast<void*>(other), 0xFF, n * sizeof(Key));
      std::memset(static_cast<void*>(values_other), 0xFF, n * sizeof(Value));
      std::copy(sorted.begin(), sorted.end(), to);
      std::copy(sorted_values.begin(), sorted_values.end(), values_to);
    });
  }
};

}  // namespace cub

#pragma once

// Tiles of queries, keys and values in shared memory for attention_sm80.cuh: their sizes, where their
// elements lie, and the copies into them.

#include "kernels/cuda/ptx.cuh"

namespace diorama::cuda {

// Tiles for heads of at most kSize elements. Two row tiles of 16 queries for each warp halve the shared
// memory traffic of a product, which otherwise would take as long as the product itself; longer heads leave
// registers for one, and so does the bias.
template <int kSize, bool kBias>
struct Sm80Tiles {
  static constexpr int kHeadSize = kSize;
  static constexpr bool kHasBias = kBias;
  static constexpr int kChunks = kSize / 8;                // of 16 bytes in a row
  static constexpr int kGroup = kChunks % 8 == 0 ? 8 : 4;  // chunks that are permuted among themselves
  static constexpr bool kLong = kSize > 128 || kBias;
  static constexpr int kRowTiles = kLong ? 1 : 2;
  static constexpr int kWarps = kSize > 128 && kSize <= 256 && !kBias ? 8 : 4;
  static constexpr int kThreads = 32 * kWarps;
  static constexpr int kQueries = 16 * kRowTiles * kWarps;
  static constexpr int kKeys = kSize > 256           ? 16
                               : kLong || kSize > 96 ? 32
                                                     : 64;  // whose scores stay in registers as well
  // In the ring; every size fits 96 KiB.
  static constexpr int kStages = kSize > 256 ? 4 : kSize > 192 ? 2 : kSize == 128 && !kBias ? 5 : 3;
  static constexpr bool kQueriesInRegisters = kSize == 64;  // at 32 they would cost a resident block
  static constexpr int kResidentBlocks = kSize > 128            ? 1
                                         : kSize > 32 && !kBias ? 2
                                                                : 3;  // on a multiprocessor, by registers
};

template <typename T, typename Tiles>
struct alignas(128) Sm80Memory {
  T queries[Tiles::kQueries * Tiles::kHeadSize];  // at the end the output
  T ring[Tiles::kStages][Tiles::kKeys * Tiles::kHeadSize];
};

// Where chunk `chunk` of row `row` lies in a tile, in elements. Chunks are permuted in groups of kGroup, so
// that those of one number in eight neighbouring rows are in different banks.
template <typename Tiles>
DIO_HOST_DEVICE constexpr int swizzled(int row, int chunk) {
  static_assert(Tiles::kChunks % Tiles::kGroup == 0, "whole groups in a row");
  const int turn = Tiles::kGroup == 8 ? row & 7 : row >> 1 & 3;
  return (row * Tiles::kChunks + (chunk ^ turn)) * 8;
}

template <typename Tiles>
constexpr bool has_banks_apart() {
  for (int chunk = 0; chunk < Tiles::kChunks; ++chunk) {
    unsigned banks = 0;
    for (int row = 0; row < 8; ++row) banks |= 1u << swizzled<Tiles>(row, chunk) / 8 % 8;
    if (banks != 0xFF) return false;
  }
  return true;
}

// The place `rows` (a multiple of 8) and `chunks` (an even number) away from one where swizzled gave `place`
// for a chunk 0 or 1: what the compiler knows is an immediate offset, and the rest one exclusive or.
template <typename Tiles>
DIO_DEVICE int moved(int place, int rows, int chunks) {
  return (place ^ chunks % Tiles::kGroup * 8) +
         (rows * Tiles::kChunks + chunks / Tiles::kGroup * Tiles::kGroup) * 8;
}

// Rows [row, row + kRows) of a head into a tile, asynchronously; zeros from row `end` and chunk `chunks` on.
// A thread copies the chunks of one number in each group. anywhere: an address that may be named although
// nothing is read from it.
template <int kRows, typename Tiles, typename T>
DIO_DEVICE void load_rows(T* tile, const T* head, int64_t stride, int row, int end, int chunks,
                          const T* anywhere) {
  constexpr int kStep = Tiles::kThreads / Tiles::kGroup;
  static_assert(kRows % kStep == 0 && kStep % 8 == 0, "whole rounds of copies");
  const int r = static_cast<int>(threadIdx.x) / Tiles::kGroup,
            chunk = static_cast<int>(threadIdx.x) % Tiles::kGroup;
  T* to = tile + swizzled<Tiles>(r, chunk);
  const T* from = head + (row + r) * stride + chunk * 8;
#pragma unroll
  for (int i = 0; i < kRows / kStep; ++i) {
#pragma unroll
    for (int group = 0; group < Tiles::kChunks; group += Tiles::kGroup) {
      const bool valid = row + r + i * kStep < end && chunk + group < chunks;
      cp_async_16(to + (i * kStep * Tiles::kChunks + group) * 8, valid ? from + group * 8 : anywhere, valid);
    }
    from += kStep * stride;
  }
}

}  // namespace diorama::cuda

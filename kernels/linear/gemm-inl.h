// A thread's share of a product, blocked for the caches: weights packed for L2, one panel of them in L1,
// tiles of sums in registers, unfinished sums in a block of its own. Compiled once for each SIMD target.
#if defined(DIORAMA_KERNELS_LINEAR_GEMM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DIORAMA_KERNELS_LINEAR_GEMM_INL_H_
#undef DIORAMA_KERNELS_LINEAR_GEMM_INL_H_
#else
#define DIORAMA_KERNELS_LINEAR_GEMM_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>

#include "kernels/linear/epilogue-inl.h"
#include "kernels/linear/microkernel-inl.h"
#include "kernels/linear/pack-inl.h"
#include "kernels/linear/partition.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {
namespace product {

namespace hn = hwy::HWY_NAMESPACE;

// Of k at a time: a panel of weights, read once for each tile of rows, takes 24 or 32 KB of a first-level
// cache of 32 or 48.
#if HWY_TARGET == HWY_AVX3
inline constexpr int64_t kDepth = 256;
#else
inline constexpr int64_t kDepth = 384;
#endif
inline constexpr int64_t kBlockRows = 96;               // of x, swept once for each panel of weights: 147 KB
inline constexpr int64_t kBlockColumns = 192;           // of weights packed at a time: 295 KB
inline constexpr int64_t kSuperRows = 10 * kBlockRows;  // whose unfinished sums are kept: 737 KB

inline int64_t tiles(int64_t count, int64_t tile) { return (count + tile - 1) / tile; }

// Weights [N, K], in their own dtype.
struct Weights {
  const void* data;
  int32_t dtype;
  int64_t stride;  // of a row, in elements
  int64_t rows;    // N
  int64_t depth;   // K
};

// Fetches `length` elements of each row in a panel. Rows of weights lie pages apart, where the processor's
// own prefetchers begin anew with each.
template <typename T>
HWY_INLINE void prefetch_panel(const T* from, int64_t stride, int64_t rows, int64_t length) {
  constexpr int64_t kLine = 64 / sizeof(T);
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t i = 0; i < length; i += kLine) __builtin_prefetch(from + r * stride + i);
  }
}

template <typename T>
void pack_weights_as(const Weights& w, int64_t row, int64_t rows, int64_t k, int64_t length, float* to) {
  const T* from = static_cast<const T*>(w.data) + row * w.stride + k;
  for (int64_t r = 0; r < rows; r += kTileColumns) {
    const int64_t next = r + kTileColumns;
    if (next < rows)
      prefetch_panel(from + next * w.stride, w.stride, std::min(kTileColumns, rows - next), length);
    pack_panel<static_cast<int>(kTileColumns)>(from + r * w.stride, w.stride,
                                               std::min(kTileColumns, rows - r), length, to + r * length);
  }
}

HWY_INLINE void pack_weights(const Weights& w, int64_t row, int64_t rows, int64_t k, int64_t length,
                             float* to) {
  if (w.dtype == DIO_BF16) return pack_weights_as<hwy::bfloat16_t>(w, row, rows, k, length, to);
  if (w.dtype == DIO_F16) return pack_weights_as<hwy::float16_t>(w, row, rows, k, length, to);
  pack_weights_as<float>(w, row, rows, k, length, to);
}

// A thread's own memory.
struct Workspace {
  float* weights;  // [kBlockColumns, deepest step]
  float* sums;     // [kSuperRows, kBlockColumns]

  static int64_t weight_floats(int64_t deepest) { return kBlockColumns * deepest; }
  static int64_t sum_floats(int64_t rows) {
    return std::min(kSuperRows, tiles(rows, kTileRows) * kTileRows) * kBlockColumns;
  }
};

// Rows of x that were packed before: step by step along k, panel by panel in a step.
struct PackedRows {
  const float* data;
  int64_t panels;
  int64_t depth;  // K
  int64_t step;   // of k
  const float* block = nullptr;
  int64_t block_length = 0;

  int64_t length(int64_t k) const { return std::min(step, depth - k); }
  void open_block(int64_t row, int64_t, int64_t k, int64_t length) {
    block = data + k * panels * kTileRows + row * length;
    block_length = length;
  }
  void tile(int64_t index, const float* w, int64_t length, bool first, float* c, int64_t ldc) const {
    packed_tile(block + index * kTileRows * block_length, w, length, first, c, ldc);
  }
};

// Rows and columns (both begin at a tile) of x w^T, finished into the epilogue's out. `row_offset` is what
// the epilogue calls the source's row 0; `row_limit` ends the source's true rows.
template <class Source>
void multiply(Source& source, const Weights& w, Range rows, int64_t row_limit, Range columns,
              int64_t row_offset, const Epilogue& epilogue, const Workspace& space) {
  const FinishRows finish = finisher(epilogue);
  const int64_t blocks = tiles(columns.size(), kBlockColumns);
  const int64_t width =
      tiles(tiles(columns.size(), kTileColumns), std::max<int64_t>(blocks, 1)) * kTileColumns;
  for (int64_t super = rows.begin; super < rows.end; super += kSuperRows) {
    const int64_t super_end = std::min(super + kSuperRows, rows.end);
    for (int64_t n = columns.begin; n < columns.end; n += width) {
      const int64_t n_size = std::min({width, columns.end - n, w.rows - n});
      for (int64_t k = 0, length; k < w.depth; k += length) {
        length = source.length(k);
        pack_weights(w, n, n_size, k, length, space.weights);
        for (int64_t m = super; m < super_end; m += kBlockRows) {
          const int64_t m_size = std::min(kBlockRows, super_end - m);
          source.open_block(m, m_size, k, length);
          float* sums = space.sums + (m - super) * width;
          for (int64_t j = 0; j < n_size; j += kTileColumns) {
            for (int64_t i = 0; i < m_size; i += kTileRows) {
              source.tile(i / kTileRows, space.weights + j * length, length, k == 0, sums + i * width + j,
                          width);
            }
          }
          if (k + length == w.depth) {
            finish(epilogue, row_offset + m, std::min(m_size, row_limit - m), n, n_size, sums, width);
          }
        }
      }
    }
  }
}

}  // namespace product
}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#endif

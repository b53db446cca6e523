// Rows of a matrix to panels: [rows, k] of any dtype becomes f32 [k, panel rows], the order the microkernel
// reads. Compiled once for each SIMD target.
#if defined(DIORAMA_KERNELS_LINEAR_PACK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DIORAMA_KERNELS_LINEAR_PACK_INL_H_
#undef DIORAMA_KERNELS_LINEAR_PACK_INL_H_
#else
#define DIORAMA_KERNELS_LINEAR_PACK_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>

#include "kernels/linear/load-inl.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {
namespace product {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR

template <int kPanel, typename T>
HWY_INLINE void pack_panel(const T* from, int64_t stride, int64_t rows, int64_t length, float* to) {
  const hn::ScalableTag<float> d;
  for (int64_t r = 0; r < kPanel; ++r) {
    for (int64_t k = 0; k < length; ++k) {
      to[k * kPanel + r] = r < rows ? hn::GetLane(load_as_float(d, from + r * stride + k)) : 0.0f;
    }
  }
}

#else

using QuadTag = hn::Full128<float>;
using QuadVector = hn::Vec<QuadTag>;

// 4 x 4 values, rows to columns.
HWY_INLINE void transpose(QuadVector& a, QuadVector& b, QuadVector& c, QuadVector& d) {
  const QuadTag tag;
  const auto ab_low = hn::InterleaveLower(tag, a, b), ab_high = hn::InterleaveUpper(tag, a, b);
  const auto cd_low = hn::InterleaveLower(tag, c, d), cd_high = hn::InterleaveUpper(tag, c, d);
  a = hn::ConcatLowerLower(tag, cd_low, ab_low);
  b = hn::ConcatUpperUpper(tag, cd_low, ab_low);
  c = hn::ConcatLowerLower(tag, cd_high, ab_high);
  d = hn::ConcatUpperUpper(tag, cd_high, ab_high);
}

// `rows` (at most kPanel) rows, `stride` elements apart, columns [0, length), to [length, kPanel]; missing
// rows become zeros.
template <int kPanel, typename T>
HWY_INLINE void pack_panel(const T* from, int64_t stride, int64_t rows, int64_t length, float* to) {
  const QuadTag d;
  constexpr int kQuads = (kPanel + 3) / 4;
  const T* row[kQuads * 4];
  for (int r = 0; r < kQuads * 4; ++r) row[r] = from + std::min<int64_t>(r, rows - 1) * stride;
  int64_t k = 0;
  if constexpr (kPanel % 4 == 0) {
    // A line of four rows before the next four: rows that lie a power of two apart share a few places in the
    // first cache, not enough for a whole panel's.
    constexpr int64_t kAtOnce = 16;
    for (; k + kAtOnce <= length; k += kAtOnce) {
      for (int q = 0; q < kQuads; ++q) {
        for (int64_t i = k; i < k + kAtOnce; i += 4) {
          QuadVector v[4];
          for (int r = 0; r < 4; ++r) v[r] = load_as_float(d, row[q * 4 + r] + i);
          transpose(v[0], v[1], v[2], v[3]);
          for (int r = 0; r < 4; ++r) hn::StoreU(v[r], d, to + (i + r) * kPanel + q * 4);
        }
      }
    }
  }
  for (; k < length; k += 4) {
    const int64_t count = std::min<int64_t>(4, length - k);
    QuadVector v[kQuads][4];
    if (count == 4) {
      for (int q = 0; q < kQuads; ++q) {
        for (int i = 0; i < 4; ++i) v[q][i] = load_as_float(d, row[q * 4 + i] + k);
      }
    } else {
      for (int q = 0; q < kQuads; ++q) {
        for (int i = 0; i < 4; ++i) v[q][i] = load_as_float(d, row[q * 4 + i] + k, count);
      }
    }
    for (int q = 0; q < kQuads; ++q) transpose(v[q][0], v[q][1], v[q][2], v[q][3]);
    // In the order of k: where kPanel is no multiple of 4, a store's end is overwritten by the next k's
    // beginning.
    for (int i = 0; i < count; ++i) {
      for (int q = 0; q < kQuads - 1; ++q) hn::StoreU(v[q][i], d, to + (k + i) * kPanel + q * 4);
      float* last = to + (k + i) * kPanel + (kQuads - 1) * 4;
      if (kPanel % 4 == 0 || k + i + 1 < length) {
        hn::StoreU(v[kQuads - 1][i], d, last);
      } else {
        HWY_ALIGN float end[4];
        hn::Store(v[kQuads - 1][i], d, end);
        std::copy(end, end + kPanel % 4, last);
      }
    }
  }
  if (rows < kPanel) {
    for (k = 0; k < length; ++k) std::fill(to + k * kPanel + rows, to + (k + 1) * kPanel, 0.0f);
  }
}

#endif

}  // namespace product
}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#endif

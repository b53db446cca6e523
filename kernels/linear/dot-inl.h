// Products with few rows or few columns: both operands are read where they lie, along k. Compiled once for
// each SIMD target.
#if defined(DIORAMA_KERNELS_LINEAR_DOT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DIORAMA_KERNELS_LINEAR_DOT_INL_H_
#undef DIORAMA_KERNELS_LINEAR_DOT_INL_H_
#else
#define DIORAMA_KERNELS_LINEAR_DOT_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>
#include <utility>

#include "kernels/linear/load-inl.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {
namespace product {

namespace hn = hwy::HWY_NAMESPACE;

using DotTag = hn::ScalableTag<float>;
using DotVector = hn::Vec<DotTag>;

template <std::size_t... kColumn>
HWY_INLINE void multiply_add_row(std::index_sequence<kColumn...>, DotVector x, const DotVector* w,
                                 DotVector* sums) {
  ((sums[kColumn] = hn::MulAdd(x, w[kColumn], sums[kColumn])), ...);
}

// One vector along k. Rows one after the other: twelve sums, three columns and one row are all that 16
// registers hold.
template <int kColumns, typename T, std::size_t... kRow, std::size_t... kColumn>
HWY_INLINE void dot_step(std::index_sequence<kRow...>, std::index_sequence<kColumn...> columns,
                         const float* const* x, const T* const* w, int64_t k, DotVector* sums) {
  const DotTag d;
  const DotVector column[kColumns] = {load_as_float(d, w[kColumn] + k)...};
  (multiply_add_row(columns, load_as_float(d, x[kRow] + k), column, sums + kRow * kColumns), ...);
}

// The last values, fewer than a vector.
template <int kColumns, typename T, std::size_t... kRow, std::size_t... kColumn>
HWY_INLINE void dot_end(std::index_sequence<kRow...>, std::index_sequence<kColumn...> columns,
                        const float* const* x, const T* const* w, int64_t k, int64_t count, DotVector* sums) {
  const DotTag d;
  const DotVector column[kColumns] = {load_as_float(d, w[kColumn] + k, count)...};
  (multiply_add_row(columns, load_as_float(d, x[kRow] + k, count), column, sums + kRow * kColumns), ...);
}

template <int kColumns, std::size_t... kIndex>
HWY_INLINE void dot_reduce(std::index_sequence<kIndex...>, const DotVector* sums, float* c, int64_t ldc) {
  ((c[static_cast<int64_t>(kIndex / kColumns) * ldc + static_cast<int64_t>(kIndex % kColumns)] =
        hn::GetLane(hn::SumOfLanes(DotTag(), sums[kIndex]))),
   ...);
}

template <std::size_t... kIndex>
HWY_INLINE void dot_clear(std::index_sequence<kIndex...>, DotVector* sums) {
  ((sums[kIndex] = hn::Zero(DotTag())), ...);
}

// c = x w^T for kRows rows of x and kColumns of w. Each of `taps` adds `length` products: x gives kRows
// pointers for every tap, w's rows are dense over all taps.
template <int kRows, int kColumns, typename T>
HWY_NOINLINE void dot_tile(const float* const* x, const T* const* w, int64_t taps, int64_t length, float* c,
                           int64_t ldc) {
  constexpr auto kRowIndex = std::make_index_sequence<kRows>();
  constexpr auto kColumnIndex = std::make_index_sequence<kColumns>();
  constexpr auto kAll = std::make_index_sequence<kRows * kColumns>();
  constexpr int64_t kStep = hn::MaxLanes(DotTag());
  DotVector sums[kRows * kColumns];
  dot_clear(kAll, sums);
  const T* column[kColumns];
  for (int j = 0; j < kColumns; ++j) column[j] = w[j];
  for (int64_t tap = 0; tap < taps; ++tap) {
    const float* row[kRows];
    for (int i = 0; i < kRows; ++i) row[i] = x[tap * kRows + i];
    int64_t k = 0;
    for (; k + kStep <= length; k += kStep) dot_step<kColumns>(kRowIndex, kColumnIndex, row, column, k, sums);
    if (k < length) dot_end<kColumns>(kRowIndex, kColumnIndex, row, column, k, length - k, sums);
    for (int j = 0; j < kColumns; ++j) column[j] += length;
  }
  dot_reduce<kColumns>(kAll, sums, c, ldc);
}

}  // namespace product
}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#endif

// The innermost loops of a product: a tile of kTileRows x tile_columns() sums stays in registers while k
// runs. Compiled once for each SIMD target.
#if defined(DIORAMA_KERNELS_LINEAR_MICROKERNEL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DIORAMA_KERNELS_LINEAR_MICROKERNEL_INL_H_
#undef DIORAMA_KERNELS_LINEAR_MICROKERNEL_INL_H_
#else
#define DIORAMA_KERNELS_LINEAR_MICROKERNEL_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>
#include <utility>

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {
namespace product {

namespace hn = hwy::HWY_NAMESPACE;

using TileTag = hn::ScalableTag<float>;
using TileVector = hn::Vec<TileTag>;

// Two vectors wide. With 16 registers 6 rows leave four for w and x; with 32 registers 12 rows leave eight.
#if HWY_TARGET == HWY_AVX3
inline constexpr int kTileRows = 12;
#else
inline constexpr int kTileRows = 6;
#endif
inline constexpr int64_t kTileColumns = 2 * hn::MaxLanes(TileTag());

HWY_INLINE void multiply_add(TileVector x, TileVector w0, TileVector w1, TileVector& sum0, TileVector& sum1) {
  sum0 = hn::MulAdd(x, w0, sum0);
  sum1 = hn::MulAdd(x, w1, sum1);
}

// What a tile is added to at its end: fetched while its products run.
template <std::size_t... kRow>
HWY_INLINE void fetch_tile(std::index_sequence<kRow...>, const float* c, int64_t ldc) {
  (__builtin_prefetch(c + kRow * ldc, 1), ...);
}

template <std::size_t... kRow>
HWY_INLINE void add_tile(std::index_sequence<kRow...>, const float* c, int64_t ldc, TileVector* sum0,
                         TileVector* sum1) {
  const TileTag d;
  ((sum0[kRow] = hn::Add(sum0[kRow], hn::LoadU(d, c + kRow * ldc)),
    sum1[kRow] = hn::Add(sum1[kRow], hn::LoadU(d, c + kRow * ldc + kTileColumns / 2))),
   ...);
}

template <std::size_t... kRow>
HWY_INLINE void store_tile(std::index_sequence<kRow...>, const TileVector* sum0, const TileVector* sum1,
                           float* c, int64_t ldc) {
  const TileTag d;
  ((hn::StoreU(sum0[kRow], d, c + kRow * ldc), hn::StoreU(sum1[kRow], d, c + kRow * ldc + kTileColumns / 2)),
   ...);
}

// c (+)= x w. x: packed [length, kTileRows]; w: packed [length, kTileColumns]; c: kTileRows rows, ldc apart.
template <std::size_t... kRow>
HWY_INLINE void packed_tile(std::index_sequence<kRow...> rows, const float* HWY_RESTRICT x,
                            const float* HWY_RESTRICT w, int64_t length, bool first, float* HWY_RESTRICT c,
                            int64_t ldc) {
  const TileTag d;
  TileVector sum0[kTileRows] = {((void)kRow, hn::Zero(d))...};
  TileVector sum1[kTileRows] = {((void)kRow, hn::Zero(d))...};
  if (!first) fetch_tile(rows, c, ldc);
  for (int64_t k = 0; k < length; ++k) {
    const TileVector w0 = hn::LoadU(d, w);
    const TileVector w1 = hn::LoadU(d, w + kTileColumns / 2);
    (multiply_add(hn::Set(d, x[kRow]), w0, w1, sum0[kRow], sum1[kRow]), ...);
    x += kTileRows;
    w += kTileColumns;
  }
  if (!first) add_tile(rows, c, ldc, sum0, sum1);
  store_tile(rows, sum0, sum1, c, ldc);
}

// The same with x read where it lies: for each of `taps`, kTileRows pointers to `length` values.
template <std::size_t... kRow>
HWY_INLINE void gathered_tile(std::index_sequence<kRow...> rows, const float* const* HWY_RESTRICT x,
                              int64_t taps, const float* HWY_RESTRICT w, int64_t length, bool first,
                              float* HWY_RESTRICT c, int64_t ldc) {
  const TileTag d;
  TileVector sum0[kTileRows] = {((void)kRow, hn::Zero(d))...};
  TileVector sum1[kTileRows] = {((void)kRow, hn::Zero(d))...};
  if (!first) fetch_tile(rows, c, ldc);
  for (int64_t tap = 0; tap < taps; ++tap) {
    const float* row[kTileRows] = {x[kRow]...};
    for (int64_t k = 0; k < length; ++k) {
      const TileVector w0 = hn::LoadU(d, w);
      const TileVector w1 = hn::LoadU(d, w + kTileColumns / 2);
      (multiply_add(hn::Set(d, row[kRow][k]), w0, w1, sum0[kRow], sum1[kRow]), ...);
      w += kTileColumns;
    }
    x += kTileRows;
  }
  if (!first) add_tile(rows, c, ldc, sum0, sum1);
  store_tile(rows, sum0, sum1, c, ldc);
}

using TileRowSequence = std::make_index_sequence<kTileRows>;

// Calls of their own, so that the compiler has all registers for the loops: inlined into the blocking around
// them, it kept the pointers in memory.
HWY_NOINLINE inline void packed_tile(const float* x, const float* w, int64_t length, bool first, float* c,
                                     int64_t ldc) {
  packed_tile(TileRowSequence(), x, w, length, first, c, ldc);
}
HWY_NOINLINE inline void gathered_tile(const float* const* x, int64_t taps, const float* w, int64_t length,
                                       bool first, float* c, int64_t ldc) {
  gathered_tile(TileRowSequence(), x, taps, w, length, first, c, ldc);
}

}  // namespace product
}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#endif

// Compiled once for each SIMD target (Highway's foreach_target): one panel of queries against one block of
// keys.
//
// Queries lie across the lanes. A panel is kVectors vectors of them, and everything about it is transposed:
// q [D][lanes], scores [keys][lanes], output [D][lanes]. Maximum, sum and exponential then never cross lanes,
// a NaN stays in its query, and both products are the same register block: kRows x kVectors accumulators, one
// broadcast of `a` against kVectors loads of `b`.
#if defined(DIORAMA_KERNELS_ATTENTION_PANEL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DIORAMA_KERNELS_ATTENTION_PANEL_INL_H_
#undef DIORAMA_KERNELS_ATTENTION_PANEL_INL_H_
#else
#define DIORAMA_KERNELS_ATTENTION_PANEL_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>
#include <limits>

#include "kernels/attention/attention_tiles.h"
#include "kernels/common/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {
namespace {

constexpr int kMaxVectors = 3;
constexpr float kLog2E = 1.44269504f;
// 4 x 3 accumulators fill 16 registers, 8 x 3 fill 32.
constexpr int kRows = hn::MaxLanes(FloatTag()) >= 16 ? 2 * kGroup : kGroup;

// 2^x for x <= 127, 0 below -126, NaN for NaN. 2^x = 2^n 2^f, n the nearest integer: adding 1.5 * 2^23 leaves
// n in the low bits, from where it moves into the exponent. The polynomial is minimax on [-1/2, 1/2] with
// p(0) = 1: relative error 9e-8, and 1.7e-7 with roundings.
HWY_INLINE FloatVector exp2(FloatVector x) {
  const FloatTag d;
  const hn::RebindToSigned<FloatTag> di;
  x = hn::Max(hn::Set(d, -127.0f), x);
  const FloatVector magic = hn::Set(d, 0x1.8p23f);
  const FloatVector shifted = hn::Add(x, magic);
  const FloatVector f = hn::Sub(x, hn::Sub(shifted, magic));
  FloatVector p = hn::MulAdd(hn::Set(d, 0.001326472614891827f), f, hn::Set(d, 0.009671512991189957f));
  p = hn::MulAdd(p, f, hn::Set(d, 0.05550733581185341f));
  p = hn::MulAdd(p, f, hn::Set(d, 0.24022242426872253f));
  p = hn::MulAdd(p, f, hn::Set(d, 0.6931470036506653f));
  p = hn::MulAdd(p, f, hn::Set(d, 1.0f));
  const auto exponent = hn::ShiftLeft<23>(hn::BitCast(di, shifted));
  return hn::BitCast(d, hn::Add(hn::BitCast(di, p), exponent));
}

// Rows that are soon to be read or written, fetched into the second cache one or two at a time between
// products, which hide it. They lie as far apart as all heads of a token are long, each in another page, so
// that the processor does not foresee them; and many at once would wait for each other.
struct RowFetch {
  const char* row = nullptr;
  int64_t stride = 0, bytes = 0, rows = 0;

  HWY_INLINE void fetch(int64_t most) {
    constexpr int64_t kLine = 64;
    for (; most > 0 && rows > 0; --most, --rows, row += stride) {
      for (int64_t i = 0; i < bytes; i += 4 * kLine) {
        __builtin_prefetch(row + i);
        __builtin_prefetch(row + i + kLine);
        __builtin_prefetch(row + i + 2 * kLine);
        __builtin_prefetch(row + i + 3 * kLine);
      }
    }
  }
};

template <int kVectors, class Body>
HWY_INLINE void for_block(const Body& body) {
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v) body(r, v);
  }
}

template <int kVectors>
using RegisterBlock = FloatVector[kRows][kVectors];

// finish(c) with c[r][v] = init(r, v) + sum over i < length of a[r / 4][i][r % 4] * b[i][v].
template <int kVectors, class Init, class Finish>
HWY_INLINE void register_block(const float* HWY_RESTRICT a, int64_t a_stride, const float* HWY_RESTRICT b,
                               int64_t length, const Init& init, const Finish& finish) {
  const FloatTag d;
  constexpr int64_t kLanes = hn::MaxLanes(d);
  FloatVector c[kRows][kVectors];
  for_block<kVectors>([&](int r, int v) HWY_ATTR { c[r][v] = init(r, v); });
  const float* HWY_RESTRICT a2 = a + (kRows > kGroup ? a_stride : 0);
#pragma GCC unroll 2
  for (int64_t i = 0; i < length; ++i) {
    FloatVector row[kVectors];
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v) row[v] = hn::Load(d, b + v * kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const FloatVector factor = hn::Set(d, r < kGroup ? a[r] : a2[r - kGroup]);
#pragma GCC unroll 3
      for (int v = 0; v < kVectors; ++v) c[r][v] = hn::MulAdd(factor, row[v], c[r][v]);
    }
    a += kGroup;
    a2 += kGroup;
    b += kVectors * kLanes;
  }
  finish(c);
}

// What a panel keeps in registers while it weighs a block of keys.
template <int kVectors>
struct Statistics {
  FloatVector reference[kVectors], largest[kVectors], sum[kVectors];
};

// `rows` <= kRows keys, over elements [0, length) of the head. What came before is added when `resumed`;
// unless elements follow, scores become weights 2^(score - reference). kWhole: rows == kRows.
template <int kVectors, bool kWhole>
HWY_INLINE void weigh_keys(const float* k, int64_t k_stride, const float* q, int64_t length, bool resumed,
                           bool last, int rows, const float* bias, Statistics<kVectors>& statistics,
                           float* HWY_RESTRICT scores) {
  const FloatTag d;
  constexpr int64_t kLanes = hn::MaxLanes(d);
  constexpr int64_t kWidth = kVectors * kLanes;
  const auto zero = [&](int, int) HWY_ATTR { return hn::Zero(d); };
  const auto resume = [&](int r, int v) HWY_ATTR {
    return kWhole || r < rows ? hn::Load(d, scores + r * kWidth + v * kLanes) : hn::Zero(d);
  };
  const auto keep = [&](const RegisterBlock<kVectors>& c) HWY_ATTR {
    for_block<kVectors>([&](int r, int v) HWY_ATTR {
      if (kWhole || r < rows) hn::Store(c[r][v], d, scores + r * kWidth + v * kLanes);
    });
  };
  const auto weigh = [&](const RegisterBlock<kVectors>& c) HWY_ATTR {
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v) {
      FloatVector largest = c[0][v], sum = hn::Zero(d);
#pragma GCC unroll 8
      for (int r = 1; r < kRows; ++r) {
        if (kWhole || r < rows) largest = hn::Max(largest, c[r][v]);
      }
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        if (!kWhole && r >= rows) continue;
        const FloatVector weight = exp2(hn::Sub(c[r][v], statistics.reference[v]));
        hn::Store(weight, d, scores + r * kWidth + v * kLanes);
        sum = r == 0 ? weight : hn::Add(sum, weight);
      }
      statistics.largest[v] = hn::Max(statistics.largest[v], largest);
      statistics.sum[v] = hn::Add(statistics.sum[v], sum);
    }
  };
  const auto weigh_biased = [&](RegisterBlock<kVectors>& c) HWY_ATTR {
    for_block<kVectors>([&](int r, int v) HWY_ATTR {
      if (!kWhole && r >= rows) return;
      c[r][v] = hn::MulAdd(hn::Load(d, bias + r * kWidth + v * kLanes), splat(kLog2E), c[r][v]);
    });
    weigh(c);
  };
  const auto multiply = [&](const auto& finish) HWY_ATTR {
    if (resumed) {
      register_block<kVectors>(k, k_stride, q, length, resume, finish);
    } else {
      register_block<kVectors>(k, k_stride, q, length, zero, finish);
    }
  };
  if (!last) {
    multiply(keep);
  } else if (bias) {
    multiply(weigh_biased);
  } else {
    multiply(weigh);
  }
}

// scores [keys][lanes] = the weights of a block, largest and sum [lanes]: of its scores and of its weights.
// Long heads go through the product in slices of kSlice, so that a slice of the queries stays in the first
// cache. bias: null, or transposed as the scores are. fetches: two that end with the block's keys.
template <int kVectors>
HWY_NOINLINE void weigh_block(const KeyBlock& block, const float* q, int64_t head_size, const float* bias,
                              const float* reference, RowFetch fetches[2], float* largest, float* sum,
                              float* scores) {
  const FloatTag d;
  constexpr int64_t kLanes = hn::MaxLanes(d);
  constexpr int64_t kWidth = kVectors * kLanes;
  Statistics<kVectors> statistics;
  for (int v = 0; v < kVectors; ++v) {
    statistics.reference[v] = hn::Load(d, reference + v * kLanes);
    statistics.largest[v] = hn::Set(d, -std::numeric_limits<float>::infinity());
    statistics.sum[v] = hn::Zero(d);
  }
  const int64_t groups = (block.keys + kRows - 1) / kRows;
  const int64_t some = (fetches[0].rows + fetches[1].rows + groups - 1) / groups;
  for (int64_t from = 0; from < head_size; from += kSlice) {
    const int64_t length = HWY_MIN(kSlice, head_size - from);
    const bool resumed = from > 0, last = from + length == head_size;
    const float* slice = block.k + from * kGroup;
    const float* q_slice = q + from * kWidth;
    int64_t key = 0;
    for (; key + kRows <= block.keys; key += kRows) {
      weigh_keys<kVectors, true>(slice + key * head_size, head_size * kGroup, q_slice, length, resumed, last,
                                 kRows, bias ? bias + key * kWidth : nullptr, statistics,
                                 scores + key * kWidth);
      RowFetch& rows = fetches[fetches[0].rows > 0 ? 0 : 1];
      if (rows.rows > 0) rows.fetch(some);
    }
    if (key < block.keys) {
      weigh_keys<kVectors, false>(slice + key * head_size, head_size * kGroup, q_slice, length, resumed, last,
                                  static_cast<int>(block.keys - key), bias ? bias + key * kWidth : nullptr,
                                  statistics, scores + key * kWidth);
    }
  }
  for (int v = 0; v < kVectors; ++v) {
    hn::Store(statistics.largest[v], d, largest + v * kLanes);
    hn::Store(statistics.sum[v], d, sum + v * kLanes);
  }
}

// output [D][lanes] = or += sum over the block's keys of v * weight.
template <int kVectors>
HWY_NOINLINE void add_values(const KeyBlock& block, const float* weights, int64_t padded_size, bool first,
                             float* HWY_RESTRICT output) {
  const FloatTag d;
  constexpr int64_t kLanes = hn::MaxLanes(d);
  constexpr int64_t kWidth = kVectors * kLanes;
  for (int64_t row = 0; row < padded_size; row += kRows) {
    float* HWY_RESTRICT out = output + row * kWidth;
    const auto load = [&](int r, int v) HWY_ATTR { return hn::Load(d, out + r * kWidth + v * kLanes); };
    const auto zero = [&](int, int) HWY_ATTR { return hn::Zero(d); };
    const auto store = [&](const RegisterBlock<kVectors>& c) HWY_ATTR {
      for_block<kVectors>([&](int r, int v)
                              HWY_ATTR { hn::Store(c[r][v], d, out + r * kWidth + v * kLanes); });
    };
    const float* v = block.v + row * block.v_stride;
    if (first) {
      register_block<kVectors>(v, block.v_stride * kGroup, weights, block.keys, zero, store);
    } else {
      register_block<kVectors>(v, block.v_stride * kGroup, weights, block.keys, load, store);
    }
  }
}

// Takes the largest scores of a block as the new reference wherever the old one would let weights grow beyond
// 2^kHeadroom (or, in the first block, fade below 2^-kHeadroom), and scales what was summed so far. Returns
// whether any query changed, so that the block must be weighed again.
template <int kVectors>
HWY_NOINLINE bool move_reference(const float* largest, int64_t padded_size, bool first, float* true_reference,
                                 float* reference, float* sum, float* output) {
  const FloatTag d;
  constexpr int64_t kLanes = hn::MaxLanes(d);
  constexpr int64_t kWidth = kVectors * kLanes;
  const FloatVector headroom = hn::Set(d, kHeadroom);
  const FloatVector none = hn::Set(d, -std::numeric_limits<float>::infinity());
  bool moved = false;
  for (int v = 0; v < kVectors; ++v) {
    const FloatVector old = hn::Load(d, true_reference + v * kLanes);
    const FloatVector found = hn::Load(d, largest + v * kLanes);
    auto moves = hn::Gt(found, hn::Add(old, headroom));
    if (first) moves = hn::Or(moves, hn::Lt(found, hn::Sub(old, headroom)));
    if (hn::AllFalse(d, moves)) continue;
    moved = true;
    const FloatVector next = hn::IfThenElse(moves, found, old);
    const FloatVector usable = hn::IfThenZeroElse(hn::Eq(next, none), next);
    hn::Store(next, d, true_reference + v * kLanes);
    hn::Store(usable, d, reference + v * kLanes);
    if (first) continue;
    const FloatVector factor = exp2(hn::Sub(old, usable));
    hn::Store(hn::Mul(hn::Load(d, sum + v * kLanes), factor), d, sum + v * kLanes);
    for (int64_t row = 0; row < padded_size; ++row) {
      float* out = output + row * kWidth + v * kLanes;
      hn::Store(hn::Mul(hn::Load(d, out), factor), d, out);
    }
  }
  return moved;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#endif

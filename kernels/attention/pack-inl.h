// Compiled once for each SIMD target: into the transposed layouts of panel-inl.h and back.
#if defined(DIORAMA_KERNELS_ATTENTION_PACK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DIORAMA_KERNELS_ATTENTION_PACK_INL_H_
#undef DIORAMA_KERNELS_ATTENTION_PACK_INL_H_
#else
#define DIORAMA_KERNELS_ATTENTION_PACK_INL_H_
#endif

#include <hwy/highway.h>

#include <cstring>
#include <limits>

#include "kernels/attention/attention.h"
#include "kernels/attention/panel-inl.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {
namespace {

// Row (b, s, h) as floats: where it lies, if it is f32, else widened into `buffer`.
HWY_INLINE const float* float_row(const Tensor& t, int64_t b, int64_t s, int64_t h, float* buffer) {
  const char* row = data<const char>(t) + row_offset(t, b, s, h) * element_size(t.dtype);
  if (t.dtype == DIO_F32) return reinterpret_cast<const float*>(row);
  widen(row, t.dtype, 1, t.shape[3], buffer);
  return buffer;
}

// Rows [from, to) of a head, as far as there are any.
HWY_INLINE RowFetch rows_to_fetch(const Tensor& t, int64_t b, int64_t h, int64_t from, int64_t to) {
  const int64_t size = element_size(t.dtype);
  RowFetch fetch;
  fetch.row = data<const char>(t) + row_offset(t, b, from, h) * size;
  fetch.stride = t.strides[1] * size;
  fetch.bytes = t.shape[3] * size;
  fetch.rows = HWY_MIN(to, t.shape[1]) - from;
  return fetch;
}

// A NaN without payload: exp2 (panel-inl.h) moves a score's low bits into its exponent.
HWY_INLINE FloatVector plain_nan(FloatVector x) {
  return hn::IfThenElse(hn::IsNaN(x), splat(std::numeric_limits<float>::quiet_NaN()), x);
}

HWY_INLINE float plain_nan(float x) { return x == x ? x : std::numeric_limits<float>::quiet_NaN(); }

#if HWY_TARGET != HWY_SCALAR
// Blocks of four of a vector, each to place(k).
template <class D, class Place>
HWY_INLINE void store_blocks(D d, hn::Vec<D> v, int k, const Place& place) {
  if constexpr (hn::MaxLanes(D()) == kGroup) {
    hn::StoreU(v, d, place(k));
  } else {
    const hn::Half<D> half;
    store_blocks(half, hn::LowerHalf(half, v), k, place);
    store_blocks(half, hn::UpperHalf(half, v), k + static_cast<int>(hn::MaxLanes(half)) / kGroup, place);
  }
}
#endif

// Four vectors across: place(k) gets element k of each of them.
template <class Place>
HWY_INLINE void store_transposed(FloatVector v0, FloatVector v1, FloatVector v2, FloatVector v3,
                                 const Place& place) {
  const FloatTag d;
#if HWY_TARGET == HWY_SCALAR
  hn::StoreInterleaved4(v0, v1, v2, v3, d, place(0));
#else
  const FloatVector lower0 = hn::InterleaveLower(d, v0, v2), lower1 = hn::InterleaveLower(d, v1, v3);
  const FloatVector upper0 = hn::InterleaveUpper(d, v0, v2), upper1 = hn::InterleaveUpper(d, v1, v3);
  const auto store = [&](int r, FloatVector v) HWY_ATTR {
    store_blocks(d, v, 0, [&](int k) HWY_ATTR { return place(kGroup * k + r); });
  };
  store(0, hn::InterleaveLower(d, lower0, lower1));
  store(1, hn::InterleaveUpper(d, lower0, lower1));
  store(2, hn::InterleaveLower(d, upper0, upper1));
  store(3, hn::InterleaveUpper(d, upper0, upper1));
#endif
}

// Four rows of `length` floats times `factor`, across: place(i)[r] = rows[r][i] * factor. A null row is
// zeros.
template <class Place>
HWY_INLINE void pack_rows(const float* const rows[kGroup], int64_t length, float factor, const Place& place) {
  const FloatTag d;
  const FloatVector factors = splat(factor);
  const auto load = [&](int r, int64_t i) HWY_ATTR {
    return rows[r] ? plain_nan(hn::Mul(hn::LoadU(d, rows[r] + i), factors)) : hn::Zero(d);
  };
  int64_t i = 0;
  for (; i + lanes() <= length; i += lanes()) {
    store_transposed(load(0, i), load(1, i), load(2, i), load(3, i),
                     [&](int k) HWY_ATTR { return place(i + k); });
  }
  for (; i < length; ++i) {
    for (int r = 0; r < kGroup; ++r) place(i)[r] = rows[r] ? plain_nan(rows[r][i] * factor) : 0;
  }
}

// Keys [from, to) of one head into groups of four, zeros in the last one's missing rows. buffer: 4 * D
// floats.
HWY_INLINE void pack_keys(const Tensor& k, int64_t b, int64_t h, int64_t from, int64_t to, float* buffer,
                          float* HWY_RESTRICT packed) {
  const int64_t size = k.shape[3];
  for (int64_t key = from; key < to; key += kGroup) {
    const float* rows[kGroup] = {};
    for (int64_t r = 0; r < HWY_MIN(kGroup, to - key); ++r) {
      rows[r] = float_row(k, b, key + r, h, buffer + r * size);
    }
    float* HWY_RESTRICT group = packed + (key - from) * size;
    pack_rows(rows, size, 1, [&](int64_t i) HWY_ATTR { return group + i * kGroup; });
  }
  if (kRows > kGroup && (to - from + kGroup - 1) / kGroup % 2 == 1) {  // a register block reads two groups
    std::memset(packed + round_up(to - from, kGroup) * size, 0,
                static_cast<std::size_t>(kGroup * size) * sizeof(float));
  }
}

// Values of the same keys: packed[d / 4][key][d % 4], zeros behind the head's last element. Four keys at a
// time, so that a line is written whole: lines of other elements compete for its place in the first cache.
// buffer: 4 * D floats.
HWY_INLINE void pack_values(const Tensor& v, int64_t b, int64_t h, int64_t from, int64_t to, int64_t stride,
                            float* buffer, float* HWY_RESTRICT packed) {
  const int64_t size = v.shape[3], padded = round_up(size, kRows);
  for (int64_t key = from; key < to; key += kGroup) {
    const int64_t count = HWY_MIN(kGroup, to - key);
    const float* rows[kGroup];
    for (int64_t r = 0; r < kGroup; ++r) {
      rows[r] = r < count ? float_row(v, b, key + r, h, buffer + r * size) : rows[0];
    }
    float* HWY_RESTRICT to_keys = packed + (key - from) * kGroup;
    int64_t i = 0;
    for (; count == kGroup && i + kGroup <= size; i += kGroup) {
      for (int r = 0; r < kGroup; ++r) {
        std::memcpy(to_keys + i * stride + r * kGroup, rows[r] + i, kGroup * sizeof(float));
      }
    }
    for (; i < padded; ++i) {
      float* to_element = to_keys + i / kGroup * kGroup * stride + i % kGroup;
      for (int64_t r = 0; r < count; ++r) to_element[r * kGroup] = i < size ? rows[r][i] : 0;
    }
  }
}

// Queries [from, from + count) times `factor` across `width` lanes, zeros in the lanes that are left.
// buffer: 4 * D floats.
HWY_INLINE void pack_queries(const Tensor& q, int64_t b, int64_t h, int64_t from, int64_t count,
                             int64_t width, float factor, float* buffer, float* HWY_RESTRICT packed) {
  const int64_t size = q.shape[3];
  for (int64_t lane = 0; lane < width; lane += kGroup) {
    const float* rows[kGroup] = {};
    for (int64_t r = 0; r < HWY_MIN(kGroup, count - lane); ++r) {
      rows[r] = float_row(q, b, from + lane + r, h, buffer + r * size);
    }
    float* HWY_RESTRICT lanes_of_group = packed + lane;
    pack_rows(rows, size, factor, [&](int64_t i) HWY_ATTR { return lanes_of_group + i * width; });
  }
}

// The bias of queries [from, from + count) and keys [key, key + keys) transposed as scores are.
HWY_INLINE void pack_bias(const AttentionShape& shape, int64_t b, int64_t h, int64_t from, int64_t count,
                          int64_t width, int64_t key, int64_t keys, float* HWY_RESTRICT packed) {
  for (int64_t lane = 0; lane < width; ++lane) {
    const float* row = shape.bias_row(b, h, from + HWY_MIN(lane, count - 1)) + key;
    for (int64_t i = 0; i < keys; ++i) packed[i * width + lane] = plain_nan(row[i]);
  }
}

// out = output / sum for the panel's queries. buffer: width * D floats.
HWY_INLINE void unpack_output(const float* output, const float* sum, int64_t width, const Tensor& out,
                              int64_t b, int64_t h, int64_t from, int64_t count, float* buffer) {
  const FloatTag d;
  const int64_t size = out.shape[3];
  for (int64_t first = 0; first < count; first += lanes()) {
    const int64_t valid = HWY_MIN(lanes(), count - first);
    const auto place = [&](int64_t lane) {
      return data<char>(out) + row_offset(out, b, from + first + lane, h) * element_size(out.dtype);
    };
    const bool direct = out.dtype == DIO_F32 && valid == lanes();
    float* HWY_RESTRICT rows = direct ? reinterpret_cast<float*>(place(0)) : buffer;
    const int64_t stride = direct ? out.strides[1] : size;
    const FloatVector factor = hn::Div(splat(1.0f), hn::Load(d, sum + first));
    const auto load = [&](int64_t i)
                          HWY_ATTR { return hn::Mul(hn::Load(d, output + i * width + first), factor); };
    int64_t i = 0;
    for (; i + kGroup <= size; i += kGroup) {
      store_transposed(load(i), load(i + 1), load(i + 2), load(i + 3),
                       [&](int lane) HWY_ATTR { return rows + lane * stride + i; });
    }
    for (; i < size; ++i) {
      HWY_ALIGN float column[hn::MaxLanes(d)];
      hn::Store(load(i), d, column);
      for (int64_t lane = 0; lane < lanes(); ++lane) rows[lane * stride + i] = column[lane];
    }
    if (direct) continue;
    for (int64_t lane = 0; lane < valid; ++lane) {
      if (out.dtype == DIO_F32) {
        std::memcpy(place(lane), buffer + lane * size, static_cast<std::size_t>(size) * sizeof(float));
      } else {
        narrow(buffer + lane * size, size, place(lane), out.dtype, 1);
      }
    }
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#endif

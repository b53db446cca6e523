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

// Fetches rows [from, to) of a head that are soon to be read or written, as far as there are any. They lie as
// far apart as all heads of a token are long, each in another page, so that the processor does not foresee
// them.
HWY_INLINE void prefetch_rows(const Tensor& t, int64_t b, int64_t h, int64_t from, int64_t to) {
  constexpr int64_t kLine = 64;
  const int64_t size = element_size(t.dtype), bytes = t.shape[3] * size;
  for (int64_t s = from; s < HWY_MIN(to, t.shape[1]); ++s) {
    const char* row = data<const char>(t) + row_offset(t, b, s, h) * size;
    for (int64_t i = 0; i < bytes; i += kLine) __builtin_prefetch(row + i);
  }
}

// A NaN without payload: exp2 (panel-inl.h) moves a score's low bits into its exponent.
HWY_INLINE FloatVector plain_nan(FloatVector x) {
  return hn::IfThenElse(hn::IsNaN(x), splat(std::numeric_limits<float>::quiet_NaN()), x);
}

HWY_INLINE float plain_nan(float x) { return x == x ? x : std::numeric_limits<float>::quiet_NaN(); }

// Four rows of `length` floats times `factor`, interleaved: to[i][r] = rows[r][i] * factor. A null row is
// zeros.
HWY_INLINE void interleave(const float* const rows[kGroup], int64_t length, float factor,
                           float* HWY_RESTRICT to) {
  const FloatTag d;
  const FloatVector factors = splat(factor);
  const auto load = [&](int r, int64_t i) HWY_ATTR {
    return rows[r] ? plain_nan(hn::Mul(hn::LoadU(d, rows[r] + i), factors)) : hn::Zero(d);
  };
  int64_t i = 0;
  for (; i + lanes() <= length; i += lanes()) {
    hn::StoreInterleaved4(load(0, i), load(1, i), load(2, i), load(3, i), d, to + i * kGroup);
  }
  for (; i < length; ++i) {
    for (int r = 0; r < kGroup; ++r) to[i * kGroup + r] = rows[r] ? plain_nan(rows[r][i] * factor) : 0;
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
    interleave(rows, size, 1, packed + (key - from) * size);
  }
  if (kRows > kGroup && (to - from + kGroup - 1) / kGroup % 2 == 1) {  // a register block reads two groups
    std::memset(packed + round_up(to - from, kGroup) * size, 0,
                static_cast<std::size_t>(kGroup * size) * sizeof(float));
  }
}

// Values of the same keys: packed[d / 4][key][d % 4], zeros behind the head's last element.
HWY_INLINE void pack_values(const Tensor& v, int64_t b, int64_t h, int64_t from, int64_t to, int64_t stride,
                            float* buffer, float* HWY_RESTRICT packed) {
  const int64_t size = v.shape[3], padded = round_up(size, kRows);
  for (int64_t key = from; key < to; ++key) {
    const float* row = float_row(v, b, key, h, buffer);
    float* HWY_RESTRICT to_key = packed + (key - from) * kGroup;
    int64_t i = 0;
    for (; i + kGroup <= size; i += kGroup) std::memcpy(to_key + i * stride, row + i, kGroup * sizeof(float));
    for (; i < padded; ++i) to_key[i / kGroup * kGroup * stride + i % kGroup] = i < size ? row[i] : 0;
  }
}

// Queries [from, from + count) times `factor` across `width` lanes, zeros in the lanes that are left.
// buffer: 8 * D floats.
HWY_INLINE void pack_queries(const Tensor& q, int64_t b, int64_t h, int64_t from, int64_t count,
                             int64_t width, float factor, float* buffer, float* HWY_RESTRICT packed) {
  const int64_t size = q.shape[3];
  float* HWY_RESTRICT group = buffer + kGroup * size;
  for (int64_t lane = 0; lane < width; lane += kGroup) {
    const float* rows[kGroup] = {};
    for (int64_t r = 0; r < HWY_MIN(kGroup, count - lane); ++r) {
      rows[r] = float_row(q, b, from + lane + r, h, buffer + r * size);
    }
    interleave(rows, size, factor, group);
    for (int64_t i = 0; i < size; ++i) {
      std::memcpy(packed + i * width + lane, group + i * kGroup, kGroup * sizeof(float));
    }
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
    char* places[hn::MaxLanes(d)];
    float* rows[hn::MaxLanes(d)];  // lanes beyond the last query go to its row before it does
    for (int64_t lane = 0; lane < lanes(); ++lane) {
      const int64_t query = from + first + HWY_MIN(lane, valid - 1);
      places[lane] = data<char>(out) + row_offset(out, b, query, h) * element_size(out.dtype);
      rows[lane] = out.dtype == DIO_F32 ? reinterpret_cast<float*>(places[lane]) : buffer + lane * size;
    }
    const FloatVector sums = hn::Load(d, sum + first);
    HWY_ALIGN float group[kGroup * hn::MaxLanes(d)];
    for (int64_t i = 0; i < size; i += kGroup) {  // output has rows up to a multiple of kGroup
      const float* column = output + i * width + first;
      hn::StoreInterleaved4(hn::Div(hn::Load(d, column), sums), hn::Div(hn::Load(d, column + width), sums),
                            hn::Div(hn::Load(d, column + 2 * width), sums),
                            hn::Div(hn::Load(d, column + 3 * width), sums), d, group);
      if (i + kGroup <= size) {
#pragma GCC unroll 16
        for (int64_t lane = lanes() - 1; lane >= 0; --lane) {
          std::memcpy(rows[lane] + i, group + lane * kGroup, kGroup * sizeof(float));
        }
      } else {
        for (int64_t lane = lanes() - 1; lane >= 0; --lane) {
          for (int64_t j = i; j < size; ++j) rows[lane][j] = group[lane * kGroup + j - i];
        }
      }
    }
    if (out.dtype == DIO_F32) continue;
    for (int64_t lane = 0; lane < valid; ++lane) {
      narrow(buffer + lane * size, size, places[lane], out.dtype, 1);
    }
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#endif

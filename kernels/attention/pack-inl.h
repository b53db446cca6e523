// Compiled once for each SIMD target: into the transposed layouts of panel-inl.h and back.
#if defined(DIORAMA_KERNELS_ATTENTION_PACK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DIORAMA_KERNELS_ATTENTION_PACK_INL_H_
#undef DIORAMA_KERNELS_ATTENTION_PACK_INL_H_
#else
#define DIORAMA_KERNELS_ATTENTION_PACK_INL_H_
#endif

#include <hwy/highway.h>

#include <cstring>

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

// rows[0..3] of `length` floats, interleaved by element: to[i * step + r] = rows[r][i].
HWY_INLINE void interleave(const float* const rows[kGroup], int64_t length, int64_t step,
                           float* HWY_RESTRICT to) {
  int64_t i = 0;
  if (step == kGroup) {
    const FloatTag d;
    for (; i + lanes() <= length; i += lanes()) {
      hn::StoreInterleaved4(hn::LoadU(d, rows[0] + i), hn::LoadU(d, rows[1] + i), hn::LoadU(d, rows[2] + i),
                            hn::LoadU(d, rows[3] + i), d, to + i * kGroup);
    }
  }
  for (; i < length; ++i) {
    for (int r = 0; r < kGroup; ++r) to[i * step + r] = rows[r][i];
  }
}

// Keys [from, to) of one head into groups of four, zeros in the last one's missing rows. buffer: 4 * D
// floats.
HWY_INLINE void pack_keys(const Tensor& k, int64_t b, int64_t h, int64_t from, int64_t to, float* buffer,
                          float* HWY_RESTRICT packed) {
  const int64_t size = k.shape[3];
  for (int64_t key = from; key < to; key += kGroup) {
    const float* rows[kGroup];
    for (int r = 0; r < kGroup; ++r) {
      float* own = buffer + r * size;
      if (key + r < to) {
        rows[r] = float_row(k, b, key + r, h, own);
      } else {
        std::memset(own, 0, static_cast<std::size_t>(size) * sizeof(float));
        rows[r] = own;
      }
    }
    interleave(rows, size, kGroup, packed + (key - from) * size);
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
HWY_INLINE void pack_queries(const Tensor& q, int64_t b, int64_t h, int64_t from, int64_t count,
                             int64_t width, float factor, float* buffer, float* HWY_RESTRICT packed) {
  const int64_t size = q.shape[3];
  for (int64_t lane = 0; lane < width; ++lane) {
    if (lane < count) {
      const float* row = float_row(q, b, from + lane, h, buffer);
      for (int64_t i = 0; i < size; ++i) packed[i * width + lane] = row[i] * factor;
    } else {
      for (int64_t i = 0; i < size; ++i) packed[i * width + lane] = 0;
    }
  }
}

// The bias of queries [from, from + count) and keys [key, key + keys) transposed as scores are.
HWY_INLINE void pack_bias(const AttentionShape& shape, int64_t b, int64_t h, int64_t from, int64_t count,
                          int64_t width, int64_t key, int64_t keys, float* HWY_RESTRICT packed) {
  for (int64_t lane = 0; lane < width; ++lane) {
    const float* row = shape.bias_row(b, h, from + HWY_MIN(lane, count - 1)) + key;
    for (int64_t i = 0; i < keys; ++i) packed[i * width + lane] = row[i];
  }
}

// out = output / sum for the panel's queries. buffer: D floats.
HWY_INLINE void unpack_output(const float* output, const float* sum, int64_t width, const Tensor& out,
                              int64_t b, int64_t h, int64_t from, int64_t count, float* buffer) {
  const int64_t size = out.shape[3];
  for (int64_t lane = 0; lane < count; ++lane) {
    char* row = data<char>(out) + row_offset(out, b, from + lane, h) * element_size(out.dtype);
    float* values = out.dtype == DIO_F32 ? reinterpret_cast<float*>(row) : buffer;
    for (int64_t i = 0; i < size; ++i) values[i] = output[i * width + lane] / sum[lane];
    if (out.dtype != DIO_F32) narrow(buffer, size, row, out.dtype, 1);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#endif

// Compiled once for each SIMD target (Highway's foreach_target): the passes over one row of a norm.
#if defined(DIORAMA_KERNELS_DENOISE_NORM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DIORAMA_KERNELS_DENOISE_NORM_INL_H_
#undef DIORAMA_KERNELS_DENOISE_NORM_INL_H_
#else
#define DIORAMA_KERNELS_DENOISE_NORM_INL_H_
#endif

#include <hwy/cache_control.h>

#include <cmath>

#include "kernels/common/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {

HWY_INLINE float row_sum(const float* x, int64_t n) {
  const FloatTag d;
  const int64_t step = lanes();
  FloatVector s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
  int64_t c = 0;
  for (; c + 4 * step <= n; c += 4 * step) {
    s0 = hn::Add(s0, hn::LoadU(d, x + c));
    s1 = hn::Add(s1, hn::LoadU(d, x + c + step));
    s2 = hn::Add(s2, hn::LoadU(d, x + c + 2 * step));
    s3 = hn::Add(s3, hn::LoadU(d, x + c + 3 * step));
  }
  for (; c + step <= n; c += step) s0 = hn::Add(s0, hn::LoadU(d, x + c));
  if (c < n) s1 = hn::Add(s1, load_first(x + c, n - c));
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3))));
}

// The sum of (x - mean)^2. Where this is not the first pass over the row, memory is idle: the next row is
// called for meanwhile.
template <bool kPrefetch>
HWY_INLINE float row_squares(const float* x, int64_t n, float mean) {
  constexpr int64_t kLine = 16;  // floats
  const FloatTag d;
  const int64_t step = lanes();
  const FloatVector middle = splat(mean);
  FloatVector s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
  int64_t c = 0;
  for (; c + 4 * step <= n; c += 4 * step) {
    for (int64_t line = 0; kPrefetch && line < 4 * step; line += kLine) hwy::Prefetch(x + n + c + line);
    const FloatVector v0 = hn::Sub(hn::LoadU(d, x + c), middle);
    const FloatVector v1 = hn::Sub(hn::LoadU(d, x + c + step), middle);
    const FloatVector v2 = hn::Sub(hn::LoadU(d, x + c + 2 * step), middle);
    const FloatVector v3 = hn::Sub(hn::LoadU(d, x + c + 3 * step), middle);
    s0 = hn::MulAdd(v0, v0, s0);
    s1 = hn::MulAdd(v1, v1, s1);
    s2 = hn::MulAdd(v2, v2, s2);
    s3 = hn::MulAdd(v3, v3, s3);
  }
  for (; c + step <= n; c += step) {
    const FloatVector v = hn::Sub(hn::LoadU(d, x + c), middle);
    s0 = hn::MulAdd(v, v, s0);
  }
  float sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3))));
  for (; c < n; ++c) sum += (x[c] - mean) * (x[c] - mean);
  return sum;
}

// What is applied to the normalised row, each part where it is present.
struct NormParameters {
  const float *weight, *bias, *scale, *shift;

  HWY_INLINE FloatVector apply(FloatVector v, int64_t c) const {
    const FloatTag d;
    if (weight) v = hn::Mul(v, hn::LoadU(d, weight + c));
    if (bias) v = hn::Add(v, hn::LoadU(d, bias + c));
    if (scale) v = hn::MulAdd(v, hn::LoadU(d, scale + c), v);
    if (shift) v = hn::Add(v, hn::LoadU(d, shift + c));
    return v;
  }
  HWY_INLINE FloatVector apply_first(FloatVector v, int64_t c, int64_t n) const {
    if (weight) v = hn::Mul(v, load_first(weight + c, n));
    if (bias) v = hn::Add(v, load_first(bias + c, n));
    if (scale) v = hn::MulAdd(v, load_first(scale + c, n), v);
    if (shift) v = hn::Add(v, load_first(shift + c, n));
    return v;
  }
};

template <bool kStream>
HWY_INLINE void normalize_row(const float* x, int64_t n, float mean, float inverse,
                              const NormParameters& parameters, float* out) {
  const FloatTag d;
  const int64_t step = lanes();
  const FloatVector middle = splat(mean), factor = splat(inverse);
  int64_t c = 0;
  for (; c + step <= n; c += step) {
    const FloatVector v = parameters.apply(hn::Mul(hn::Sub(hn::LoadU(d, x + c), middle), factor), c);
    if constexpr (kStream) {
      hn::Stream(v, d, out + c);
    } else {
      hn::StoreU(v, d, out + c);
    }
  }
  if (c < n) {
    const FloatVector v = hn::Mul(hn::Sub(load_first(x + c, n - c), middle), factor);
    store_first(parameters.apply_first(v, c, n - c), out + c, n - c);
  }
}

// A whole row of layer norm (centred) or RMS norm. x and out may be the same.
HWY_INLINE void norm_row(bool centred, float eps, const float* x, int64_t n, const NormParameters& parameters,
                         bool stream, float* out) {
  const float count = static_cast<float>(n);
  const float mean = centred ? row_sum(x, n) / count : 0.0f;
  const float variance = (centred ? row_squares<true>(x, n, mean) : row_squares<false>(x, n, mean)) / count;
  const float inverse = 1.0f / std::sqrt(variance + eps);
  if (stream) {
    normalize_row<true>(x, n, mean, inverse, parameters, out);
  } else {
    normalize_row<false>(x, n, mean, inverse, parameters, out);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#endif

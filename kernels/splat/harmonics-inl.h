// Compiled once for each SIMD target (Highway's foreach_target): spherical harmonics of a vector of
// directions, and colours of single Gaussians from them. Polynomials: Sloan, "Efficient Spherical Harmonic
// Evaluation" (JCGT 2013), with the signs of 3D Gaussian Splatting.
#if defined(DIORAMA_KERNELS_SPLAT_HARMONICS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DIORAMA_KERNELS_SPLAT_HARMONICS_INL_H_
#undef DIORAMA_KERNELS_SPLAT_HARMONICS_INL_H_
#else
#define DIORAMA_KERNELS_SPLAT_HARMONICS_INL_H_
#endif

#include <hwy/highway.h>

#include "kernels/splat/projection-inl.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {
namespace {

constexpr int kMaxHarmonics = 16;
constexpr float kY0 = 0.28209479f, kY1 = 0.48860251f, kY2 = 1.09254843f, kY20 = 0.31539157f,
                kY22 = 0.54627422f, kY30 = 0.37317633f, kY31 = 0.45704580f, kY32 = 1.44530572f,
                kY33 = 0.59004359f;

// From the camera's centre to the means, and its length.
HWY_INLINE Vec3V direction_of(const DrawingView& view, const Vec3V& mean, V& inverse_length) {
  Vec3V d = {mean.x - splat(view.origin[0]), mean.y - splat(view.origin[1]), mean.z - splat(view.origin[2])};
  inverse_length = splat(1.0f) / hn::Sqrt(dot(d, d));
  return {d.x * inverse_length, d.y * inverse_length, d.z * inverse_length};
}

// values[k] for k < (degree + 1)^2.
HWY_INLINE void evaluate_harmonics(const Vec3V& direction, int degree, V* values) {
  values[0] = splat(kY0);
  if (degree < 1) return;
  const V x = direction.x, y = direction.y, z = direction.z;
  values[1] = splat(-kY1) * y;
  values[2] = splat(kY1) * z;
  values[3] = splat(-kY1) * x;
  if (degree < 2) return;
  const V xx = x * x, yy = y * y, zz = z * z, xy = x * y, one = splat(1.0f);
  values[4] = splat(kY2) * xy;
  values[5] = splat(-kY2) * y * z;
  values[6] = splat(kY20) * (splat(3.0f) * zz - one);
  values[7] = splat(-kY2) * x * z;
  values[8] = splat(kY22) * (xx - yy);
  if (degree < 3) return;
  const V five = splat(5.0f) * zz;
  values[9] = splat(-kY33) * y * (splat(3.0f) * xx - yy);
  values[10] = splat(2 * kY32) * xy * z;
  values[11] = splat(-kY31) * y * (five - one);
  values[12] = splat(kY30) * z * (five - splat(3.0f));
  values[13] = splat(-kY31) * x * (five - one);
  values[14] = splat(kY32) * z * (xx - yy);
  values[15] = splat(-kY33) * x * (xx - splat(3.0f) * yy);
}

// max(0, SH + 0.5) of one Gaussian. sh [count, 3]; values: the harmonics at its direction, `stride` apart.
// One load takes three colours (and one float of the next coefficient, but for the last).
HWY_INLINE void color_of(const float* sh, int count, const float* values, int64_t stride, float* rgb) {
#if HWY_TARGET == HWY_SCALAR
  for (int c = 0; c < 3; ++c) {
    float sum = 0.5f;
    for (int k = 0; k < count; ++k) sum += sh[3 * k + c] * values[k * stride];
    rgb[c] = HWY_MAX(sum, 0.0f);
  }
#else
  const hn::CappedTag<float, 4> d;
  auto sum = hn::Set(d, 0.5f), other = hn::Zero(d);
  int k = 0;
  for (; k + 2 < count; k += 2) {
    sum = hn::MulAdd(hn::LoadU(d, sh + 3 * k), hn::Set(d, values[k * stride]), sum);
    other = hn::MulAdd(hn::LoadU(d, sh + 3 * k + 3), hn::Set(d, values[(k + 1) * stride]), other);
  }
  for (; k + 1 < count; ++k) sum = hn::MulAdd(hn::LoadU(d, sh + 3 * k), hn::Set(d, values[k * stride]), sum);
  HWY_ALIGN float last[4] = {sh[3 * k], sh[3 * k + 1], sh[3 * k + 2], 0};
  sum = hn::MulAdd(hn::Load(d, last), hn::Set(d, values[k * stride]), hn::Add(sum, other));
  hn::Store(hn::Max(sum, hn::Zero(d)), d, last);
  std::memcpy(rgb, last, 3 * sizeof(float));
#endif
}

// Whether n floats are all finite.
HWY_INLINE bool all_finite(const float* values, int64_t n) {
  const FloatTag d;
  V sum = hn::Zero(d);
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) sum = hn::MulAdd(hn::LoadU(d, values + i), hn::Zero(d), sum);
  float rest = 0;
  for (; i < n; ++i) rest += values[i] * 0.0f;
  return rest == 0 && hn::AllTrue(d, hn::Eq(sum, hn::Zero(d)));
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#endif

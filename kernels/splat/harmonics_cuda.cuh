#pragma once

// Colours by spherical harmonics of one Gaussian, coefficients of f32 or f16.

#include "kernels/cuda/floats.cuh"
#include "kernels/splat/harmonics.h"
#include "kernels/splat/projection_cuda.cuh"

namespace diorama::cuda {

// [N, K, 3]
template <typename T>
DIO_HOST_DEVICE const T* coefficients_of(const GaussianArrays& in) {
  if constexpr (std::is_same_v<T, f16>) {
    return reinterpret_cast<const f16*>(in.sh_f16);
  } else {
    return in.sh;
  }
}

// From the camera's centre to a mean, of length 1.
DIO_DEVICE Float3 direction_of(const DrawingView& view, const Float3& mean, float& inverse_length) {
  const Float3 d = {mean.x - view.origin[0], mean.y - view.origin[1], mean.z - view.origin[2]};
  inverse_length = 1 / sqrtf(dot(d, d));
  return inverse_length * d;
}

// max(0, SH + 0.5) and whether all coefficients are finite. sh: [kCount, 3] of one Gaussian, at a multiple of
// kPack elements; only degrees up to sh_degree are evaluated.
template <int kCount, int kPack, typename T>
DIO_DEVICE bool evaluate_color(const T* sh, const Float3& direction, int sh_degree, float (&color)[3]) {
  const int evaluated = (sh_degree + 1) * (sh_degree + 1);
  const Harmonics<float> harmonics(direction, evaluated);
  float sums[3] = {0.5f, 0.5f, 0.5f}, zero = 0;
#pragma unroll
  for (int at = 0; at < 3 * kCount; at += kPack) {
    const Pack<T, kPack> pack = load_pack<kPack>(sh + at);
#pragma unroll
    for (int j = 0; j < kPack; ++j) {
      const float value = to_float(pack[j]);
      const int k = (at + j) / 3, channel = (at + j) % 3;
      sums[channel] += harmonics.value[k] * value;
      zero += 0 * value;  // NaN where it is not finite
    }
  }
#pragma unroll
  for (int c = 0; c < 3; ++c) color[c] = fmaxf(sums[c], 0.0f);
  return zero == 0;
}

}  // namespace diorama::cuda

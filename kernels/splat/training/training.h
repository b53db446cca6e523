#pragma once

#include <array>
#include <cmath>
#include <cstdint>

#include "kernels/common/both.h"
#include "operations.h"

namespace diorama {

// Training: the loss, Adam and what densification needs. The formulas and shapes are diorama.h's.
// *_plain are longhand loops, Real = double for `reference` and float for `plain`.

template <typename Real>
void splat_loss_plain(Context&, const Tensor& image, const Tensor& target, const Tensor* mask,
                      float ssim_weight, const Tensor& losses, const Tensor* gradient);
template <typename Real>
void adam_plain(Context&, const Tensor& gradient, const dio_adam_params&, const Tensor& x, const Tensor& m,
                const Tensor& v);
template <typename Real>
void splat_relocate_plain(Context&, const Tensor& counts, float min_opacity, const Tensor& logit_opacities,
                          const Tensor& log_scales);
template <typename Real>
void splat_perturb_plain(Context&, const Tensor& quats, const Tensor& log_scales,
                         const Tensor* logit_opacities, const Tensor& noise, dio_splat_noise_kind kind,
                         float gain, const Tensor& means);

void splat_loss_cpu(Context&, const Tensor& image, const Tensor& target, const Tensor* mask,
                    float ssim_weight, const Tensor& losses, const Tensor* gradient);
void adam_cpu(Context&, const Tensor& gradient, const dio_adam_params&, const Tensor& x, const Tensor& m,
              const Tensor& v);
void splat_relocate_cpu(Context&, const Tensor& counts, float min_opacity, const Tensor& logit_opacities,
                        const Tensor& log_scales);
void splat_perturb_cpu(Context&, const Tensor& quats, const Tensor& log_scales, const Tensor* logit_opacities,
                       const Tensor& noise, dio_splat_noise_kind kind, float gain, const Tensor& means);

// SSIM (Wang et al. 2004) as 3D Gaussian Splatting takes it.
constexpr int kSsimRadius = 5;
constexpr int kSsimTaps = 2 * kSsimRadius + 1;
constexpr double kSsimSigma = 1.5;
constexpr double kSsimC1 = 0.01 * 0.01;
constexpr double kSsimC2 = 0.03 * 0.03;

// The window along one axis; its sum is 1.
inline std::array<double, kSsimTaps> ssim_window() {
  std::array<double, kSsimTaps> window;
  double sum = 0;
  for (int i = 0; i < kSsimTaps; ++i) {
    const double distance = i - kSsimRadius;
    window[i] = std::exp(-distance * distance / (2 * kSsimSigma * kSsimSigma));
    sum += window[i];
  }
  for (double& weight : window) weight /= sum;
  return window;
}

// The step of one Gaussian that is to be copied: equation 9 of Kheradmand et al. 2024. Its double sum over
// i and k is, by summing binomial coefficients along a diagonal, the single sum here: over j = 1..count of
// binomial(count, j) (-1)^(j + 1) a^j / sqrt(j), with a the new opacity.
struct Relocation {
  double opacity;     // of each copy
  double log_shrink;  // added to the logarithms of the scales
};
// Below this the terms of the sum stay small enough for their differences (1 - opacity = 2^-23).
constexpr double kMaxDensity = 15.942385152878742;  // 23 ln 2
// What opacities are kept below.
constexpr double kMostOpaque = 1 - 0x1p-23;
// As many copies as diorama.h allows.
constexpr int kMostCopies = 51;

template <typename Real>
DIO_BOTH Relocation relocation(Real logit, int count) {
  // -ln(1 - opacity), which adds up over copies.
  const Real softplus =
      logit > 0 ? logit + std::log1p(std::exp(-logit)) : static_cast<Real>(std::log1p(std::exp(logit)));
  const Real density = softplus < static_cast<Real>(kMaxDensity) ? softplus : static_cast<Real>(kMaxDensity);
  const Real opacity = -std::expm1(-density);
  const Real copy = -std::expm1(-density / static_cast<Real>(count));
  Real sum = 0, term = -1;  // binomial(count, j) (-1)^(j + 1) a^j
  for (int j = 1; j <= count; ++j) {
    term *= -copy * static_cast<Real>(count - j + 1) / static_cast<Real>(j);
    sum += term / std::sqrt(static_cast<Real>(j));
  }
  return {copy, opacity > 0 ? std::log(opacity / sum) : 0};
}

}  // namespace diorama

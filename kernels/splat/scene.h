#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/common/elements.h"
#include "operations.h"
#include "rotation.h"

namespace diorama {

// The tensors of a scene, Gaussian by Gaussian.
struct Scene {
  int64_t count, coefficients, features;
  const float *means, *quats, *log_scales, *logit_opacities, *feature_values;
  const void* sh;  // of sh_dtype
  int32_t sh_dtype;

  explicit Scene(const dio_splat_gaussians& g)
      : count(g.means->shape[0]),
        coefficients(g.sh->shape[1]),
        features(g.features ? g.features->shape[1] : 0),
        means(data<float>(*g.means)),
        quats(data<float>(*g.quats)),
        log_scales(data<float>(*g.log_scales)),
        logit_opacities(data<float>(*g.logit_opacities)),
        feature_values(g.features ? data<float>(*g.features) : nullptr),
        sh(g.sh->data),
        sh_dtype(g.sh->dtype) {}

  template <typename Real>
  Vec3<Real> mean(int64_t i) const {
    return {Real(means[3 * i]), Real(means[3 * i + 1]), Real(means[3 * i + 2])};
  }
  template <typename Real>
  Quaternion<Real> quaternion(int64_t i) const {
    return {Real(quats[4 * i]), Real(quats[4 * i + 1]), Real(quats[4 * i + 2]), Real(quats[4 * i + 3])};
  }
  // Standard deviations.
  template <typename Real>
  Vec3<Real> scales(int64_t i) const {
    return {scale<Real>(3 * i), scale<Real>(3 * i + 1), scale<Real>(3 * i + 2)};
  }
  // The coefficients of one basis function: red, green, blue.
  template <typename Real>
  Vec3<Real> coefficient(int64_t i, int64_t k) const {
    const int64_t at = 3 * (i * coefficients + k);
    return {Real(sh_value(at)), Real(sh_value(at + 1)), Real(sh_value(at + 2))};
  }
  template <typename Real>
  Real sigmoid_opacity(int64_t i) const {
    const Real logit = std::clamp(Real(logit_opacities[i]), -kAlmostInfinite<Real>, kAlmostInfinite<Real>);
    return 1 / (1 + std::exp(-logit));
  }

  // Whether every value has a meaning and the quaternion is a direction: all others are not drawn. An
  // infinite logit is an opacity of 0 or 1, a logarithm of -infinity a scale of 0.
  bool is_sound(int64_t i) const {
    const float* q = quats + 4 * i;
    return finite(means + 3 * i, 3) && finite(q, 4) && below_infinity(log_scales + 3 * i) &&
           !std::isnan(logit_opacities[i]) && harmonics_are_finite(i) &&
           finite(feature_values + features * i, features) &&
           (q[0] != 0 || q[1] != 0 || q[2] != 0 || q[3] != 0);
  }

  // How many basis functions are evaluated; settings.sh_degree -1 means all.
  int64_t evaluated(const dio_splat_settings& settings) const {
    const int64_t limit = (settings.sh_degree + 1) * (settings.sh_degree + 1);
    return settings.sh_degree < 0 || limit > coefficients ? coefficients : limit;
  }

 private:
  float sh_value(int64_t at) const { return load_float(sh, sh_dtype, at); }
  bool harmonics_are_finite(int64_t i) const {
    for (int64_t k = 0; k < 3 * coefficients; ++k) {
      if (!std::isfinite(sh_value(3 * coefficients * i + k))) return false;
    }
    return true;
  }

  template <typename Real>
  static constexpr Real kAlmostInfinite = 100;

  template <typename Real>
  Real scale(int64_t place) const {
    return std::exp(std::max(Real(log_scales[place]), -kAlmostInfinite<Real>));
  }
  static bool below_infinity(const float* logarithms) {
    const float infinity = std::numeric_limits<float>::infinity();
    return logarithms[0] < infinity && logarithms[1] < infinity && logarithms[2] < infinity;
  }
  static bool finite(const float* values, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
      if (!std::isfinite(values[i])) return false;
    }
    return true;
  }
};

}  // namespace diorama

#pragma once

#include <cmath>
#include <cstdint>

#include "diorama.h"
#include "kernels/common/both.h"

namespace diorama {

// What one step of Adam is to all values: x -= step_size m / (sqrt(v) inverse_correction + eps).
struct AdamStep {
  float beta1, rest1;  // rest = 1 - beta
  float beta2, rest2;
  float step_size;           // learning rate / (1 - beta1^step)
  float inverse_correction;  // 1 / sqrt(1 - beta2^step)
  float eps;

  explicit AdamStep(const dio_adam_params& p)
      : AdamStep(p.step, static_cast<double>(p.learning_rate), p.beta1, p.beta2, p.eps) {}
  AdamStep(int64_t step, double learning_rate, float beta1, float beta2, float eps)
      : beta1(beta1),
        rest1(static_cast<float>(1 - static_cast<double>(beta1))),
        beta2(beta2),
        rest2(static_cast<float>(1 - static_cast<double>(beta2))),
        step_size(static_cast<float>(learning_rate / (1 - power(beta1, step)))),
        inverse_correction(static_cast<float>(1 / std::sqrt(1 - power(beta2, step)))),
        eps(eps) {}

 private:
  static double power(float base, int64_t step) {
    return std::pow(static_cast<double>(base), static_cast<double>(step));
  }
};

// The values of one step: rows of `columns` values each.
struct AdamRows {
  struct Rows {
    float* data;
    int64_t stride;  // from row to row
    DIO_BOTH float* row(int64_t i) const { return data + i * stride; }
  };
  Rows gradient, x, m, v;
  int64_t columns;
};

// Arrays of all Gaussians, as in dio_splat_perturb. opacities: null for draws from the Gaussians.
struct PerturbArrays {
  const float *quats, *log_scales, *opacities, *noise;
  float gain;
  float* means;
};

}  // namespace diorama

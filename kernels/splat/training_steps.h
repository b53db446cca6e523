#pragma once

#include <cstdint>

namespace diorama {

// What one step of Adam is to all values: x -= step_size m / (sqrt(v) inverse_correction + eps).
struct AdamStep {
  float beta1, rest1;  // rest = 1 - beta
  float beta2, rest2;
  float step_size;           // learning rate / (1 - beta1^step)
  float inverse_correction;  // 1 / sqrt(1 - beta2^step)
  float eps;
};

// The values of one step: rows of `columns` values each.
struct AdamRows {
  struct Rows {
    float* data;
    int64_t stride;  // from row to row
    float* row(int64_t i) const { return data + i * stride; }
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

#pragma once

// One value's step of Adam (Kingma and Ba 2015).

#include "kernels/cuda/platform.cuh"
#include "kernels/splat/training/updates.h"

namespace diorama::cuda {

DIO_DEVICE void adam_update(const AdamStep& s, float g, float& x, float& m, float& v) {
  m = fmaf(s.beta1, m, s.rest1 * g);
  v = fmaf(s.beta2, v, s.rest2 * g * g);
  x -= s.step_size * m / fmaf(sqrtf(v), s.inverse_correction, s.eps);
}

}  // namespace diorama::cuda

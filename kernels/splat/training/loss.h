#pragma once

#include "kernels/splat/training/training.h"

namespace diorama {

// One evaluation of the loss on the CPU. Planes have `height` rows of `columns` = 3 * width floats, `pitch`
// apart; what lies between is zero.
struct LossPlan {
  int64_t height, columns, pitch;
  const float* image;           // as given: dense rows
  const uint8_t* target_bytes;  // one of the two is null
  const float* target_floats;
  const float* mask;  // [H, W] or null
  float *x, *y;       // planes: image and target, multiplied by the mask
  // Planes: the slope of SSIM at each value against the window's sums there, of x, of x x and of x y. Null
  // where no gradient is asked for.
  float *by_x, *by_squares, *by_products;
  double* sums;     // of each row: |difference|, SSIM, squared difference
  float* gradient;  // dense rows, or null
  float window[kSsimTaps];
  float difference_factor;  // of the gradient's two parts
  float similarity_factor;
};

}  // namespace diorama

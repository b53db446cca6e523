#pragma once

#include "operations.h"

namespace diorama {

// Gradients of the penalties are added to those of the logits [N] and of the scales' logarithms [N, 3]; a
// factor is a penalty over the number of values.
struct PenaltyArrays {
  const float *logits, *log_scales;
  float *logit_gradients, *log_scale_gradients;
  int64_t gaussians;
  float opacity_factor, scale_factor;
};
// Scales from here on pay nothing: e^88 is still a float.
constexpr float kMostPenalisedScale = 88;

// dio_splat_backward_step from the backend's own backward pass and Adam, with gradients in scratch memory.
// penalise: adds the penalties' gradients; called when there are any.
void compose_backward_step(Context& context, SplatFrame& frame, const dio_splat_images& image_gradients,
                           const dio_splat_step& step, const dio_splat_parameters& x,
                           const dio_splat_parameters& m, const dio_splat_parameters& v,
                           const Tensor* means2d, void (*penalise)(Context&, const PenaltyArrays&));

template <typename Real>
void splat_backward_step_plain(Context& context, SplatFrame& frame, const dio_splat_images& image_gradients,
                               const dio_splat_step& step, const dio_splat_parameters& x,
                               const dio_splat_parameters& m, const dio_splat_parameters& v,
                               const Tensor* means2d);
void splat_backward_step_cpu(Context& context, SplatFrame& frame, const dio_splat_images& image_gradients,
                             const dio_splat_step& step, const dio_splat_parameters& x,
                             const dio_splat_parameters& m, const dio_splat_parameters& v,
                             const Tensor* means2d);

}  // namespace diorama

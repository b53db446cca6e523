#include <cmath>

#include "kernels/splat/training/backward_step.h"

namespace diorama {
namespace {

template <typename Real>
void penalise_plain(Context&, const PenaltyArrays& all) {
  for (int64_t i = 0; i < all.gaussians; ++i) {
    const Real logit = all.logits[i];
    if (std::isnan(logit)) continue;
    // opacity (1 - opacity), without overflow.
    const Real small = std::exp(-std::abs(logit)), slope = small / ((1 + small) * (1 + small));
    all.logit_gradients[i] = static_cast<float>(all.logit_gradients[i] + Real(all.opacity_factor) * slope);
  }
  for (int64_t i = 0; i < 3 * all.gaussians; ++i) {
    if (!(all.log_scales[i] < kMostPenalisedScale)) continue;
    const Real scale = std::exp(static_cast<Real>(all.log_scales[i]));
    all.log_scale_gradients[i] =
        static_cast<float>(all.log_scale_gradients[i] + Real(all.scale_factor) * scale);
  }
}

}  // namespace

template <typename Real>
void splat_backward_step_plain(Context& context, SplatFrame& frame, const dio_splat_images& image_gradients,
                               const dio_splat_step& step, const dio_splat_parameters& x,
                               const dio_splat_parameters& m, const dio_splat_parameters& v,
                               const Tensor* means2d) {
  compose_backward_step(context, frame, image_gradients, step, x, m, v, means2d, penalise_plain<Real>);
}

template void splat_backward_step_plain<double>(Context&, SplatFrame&, const dio_splat_images&,
                                                const dio_splat_step&, const dio_splat_parameters&,
                                                const dio_splat_parameters&, const dio_splat_parameters&,
                                                const Tensor*);
template void splat_backward_step_plain<float>(Context&, SplatFrame&, const dio_splat_images&,
                                               const dio_splat_step&, const dio_splat_parameters&,
                                               const dio_splat_parameters&, const dio_splat_parameters&,
                                               const Tensor*);

}  // namespace diorama

#include "kernels/splat/training/backward_step.h"

namespace diorama {
namespace {

// A tensor of the same shape in scratch memory.
Tensor scratch_like(Context& context, const Tensor& like) {
  Tensor tensor = like;
  tensor.data = context.scratch(static_cast<std::size_t>(element_count(like)) * sizeof(float));
  return tensor;
}

// Coefficients [begin, end) of [N, K, 3].
Tensor coefficients(const Tensor& sh, int64_t begin, int64_t end) {
  Tensor part = sh;
  part.data = data<float>(sh) + begin * sh.strides[1];
  part.shape[1] = end - begin;
  return part;
}

}  // namespace

void compose_backward_step(Context& context, SplatFrame& frame, const dio_splat_images& image_gradients,
                           const dio_splat_step& step, const dio_splat_parameters& x,
                           const dio_splat_parameters& m, const dio_splat_parameters& v,
                           const Tensor* means2d, void (*penalise)(Context&, const PenaltyArrays&)) {
  const Operations& operations = context.operations();
  Tensor means = scratch_like(context, *x.means), quats = scratch_like(context, *x.quats);
  Tensor log_scales = scratch_like(context, *x.log_scales),
         logits = scratch_like(context, *x.logit_opacities);
  Tensor sh = scratch_like(context, *x.sh);
  const dio_splat_gaussians gaussians = {x.means, x.quats, x.log_scales, x.logit_opacities, x.sh, nullptr};
  const dio_splat_gradients gradients = {
      &means, &quats, &log_scales, &logits, &sh, nullptr, const_cast<Tensor*>(means2d), nullptr};
  operations.splat_backward(context, frame, gaussians, image_gradients, false, gradients);
  if (step.opacity_penalty != 0 || step.scale_penalty != 0) {
    const int64_t n = x.means->shape[0];
    const double count = static_cast<double>(n);
    penalise(context, {data<float>(*x.logit_opacities), data<float>(*x.log_scales), data<float>(logits),
                       data<float>(log_scales), n, static_cast<float>(step.opacity_penalty / count),
                       static_cast<float>(step.scale_penalty / (3 * count))});
  }
  const auto learn = [&](const Tensor& gradient, float rate, const Tensor& value, const Tensor& mean,
                         const Tensor& square) {
    const dio_adam_params params = {step.step, rate, step.beta1, step.beta2, step.eps};
    operations.adam(context, gradient, params, value, mean, square);
  };
  learn(means, step.means_rate, *x.means, *m.means, *v.means);
  learn(quats, step.quats_rate, *x.quats, *m.quats, *v.quats);
  learn(log_scales, step.log_scales_rate, *x.log_scales, *m.log_scales, *v.log_scales);
  learn(logits, step.logit_opacities_rate, *x.logit_opacities, *m.logit_opacities, *v.logit_opacities);
  const auto colors = [&](int64_t begin, int64_t end, float rate) {
    learn(coefficients(sh, begin, end), rate, coefficients(*x.sh, begin, end),
          coefficients(*m.sh, begin, end), coefficients(*v.sh, begin, end));
  };
  const int64_t count = x.sh->shape[1];
  colors(0, 1, step.constant_colors_rate);
  if (count > 1) colors(1, count, step.other_colors_rate);
}

}  // namespace diorama

// A step of training on the CPU: the penalties with SIMD and threads between the backward pass and Adam.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/splat/training/backward_step_cpu.cpp"
#include <hwy/foreach_target.h>

#include "kernels/common/parallel.h"
#include "kernels/common/simd-inl.h"
#include "kernels/splat/training/backward_step.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {
namespace {

// to[i] += slope(from[i]) for i in [begin, end).
template <typename Slope>
HWY_INLINE void add_slopes(const float* from, float* to, int64_t begin, int64_t end, const Slope& slope) {
  const FloatTag d;
  const int64_t step = lanes();
  int64_t i = begin;
  for (; i + step <= end; i += step) {
    hn::StoreU(hn::Add(hn::LoadU(d, to + i), slope(hn::LoadU(d, from + i))), d, to + i);
  }
  if (i == end) return;
  const int64_t rest = end - i;
  store_first(hn::Add(load_first(to + i, rest), slope(load_first(from + i, rest))), to + i, rest);
}

void Penalise(const PenaltyArrays& all, int64_t begin, int64_t end) {
  const FloatVector one = splat(1.0f);
  const FloatVector opacity = splat(all.opacity_factor), scale = splat(all.scale_factor);
  add_slopes(all.logits, all.logit_gradients, begin, end, [&](FloatVector logit) HWY_ATTR {
    // opacity (1 - opacity), without overflow.
    const FloatVector small = exponential(hn::Neg(hn::Abs(logit))), sum = hn::Add(one, small);
    const FloatVector slope = hn::Div(hn::Mul(opacity, small), hn::Mul(sum, sum));
    return hn::IfThenElseZero(hn::Eq(logit, logit), slope);
  });
  add_slopes(all.log_scales, all.log_scale_gradients, 3 * begin, 3 * end, [&](FloatVector x) HWY_ATTR {
    return hn::IfThenElseZero(hn::Lt(x, splat(kMostPenalisedScale)), hn::Mul(scale, exponential(x)));
  });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace diorama {
namespace {

HWY_EXPORT(Penalise);

void penalise(Context& context, const PenaltyArrays& all) {
  constexpr int64_t kGaussiansPerThread = 4096;
  parallel_ranges(context.threads(), all.gaussians, kGaussiansPerThread,
                  [&](int64_t begin, int64_t end, int) {
                    HWY_DYNAMIC_DISPATCH(Penalise)
                    (all, begin, end);
                  });
}

}  // namespace

void splat_backward_step_cpu(Context& context, SplatFrame& frame, const dio_splat_images& image_gradients,
                             const dio_splat_step& step, const dio_splat_parameters& x,
                             const dio_splat_parameters& m, const dio_splat_parameters& v,
                             const Tensor* means2d) {
  compose_backward_step(context, frame, image_gradients, step, x, m, v, means2d, penalise);
}

}  // namespace diorama
#endif

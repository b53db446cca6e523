// Adam and densification with SIMD and threads. Every value depends on its own Gaussian alone, so the number
// of threads changes nothing.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/splat/training/updates_cpu.cpp"
#include <hwy/foreach_target.h>

#include <algorithm>
#include <cmath>

#include "kernels/common/parallel.h"
#include "kernels/common/simd-inl.h"
#include "kernels/splat/training/training.h"
#include "kernels/splat/training/updates.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {
namespace {

struct AdamState {
  FloatVector x, m, v;
};

HWY_INLINE AdamState adam_step(const AdamStep& s, FloatVector g, AdamState state) {
  state.m = hn::MulAdd(splat(s.beta1), state.m, hn::Mul(splat(s.rest1), g));
  state.v = hn::MulAdd(splat(s.beta2), state.v, hn::Mul(hn::Mul(splat(s.rest2), g), g));
  const FloatVector root = hn::MulAdd(hn::Sqrt(state.v), splat(s.inverse_correction), splat(s.eps));
  state.x = hn::Sub(state.x, hn::Div(hn::Mul(splat(s.step_size), state.m), root));
  return state;
}

HWY_INLINE void adam_row(const AdamStep& s, const float* g, float* x, float* m, float* v, int64_t n) {
  const FloatTag d;
  const int64_t step = lanes();
  int64_t i = 0;
  for (; i + step <= n; i += step) {
    const AdamState next =
        adam_step(s, hn::LoadU(d, g + i), {hn::LoadU(d, x + i), hn::LoadU(d, m + i), hn::LoadU(d, v + i)});
    hn::StoreU(next.x, d, x + i);
    hn::StoreU(next.m, d, m + i);
    hn::StoreU(next.v, d, v + i);
  }
  if (i == n) return;
  const int64_t rest = n - i;
  const AdamState next =
      adam_step(s, load_first(g + i, rest),
                {load_first(x + i, rest), load_first(m + i, rest), load_first(v + i, rest)});
  store_first(next.x, x + i, rest);
  store_first(next.m, m + i, rest);
  store_first(next.v, v + i, rest);
}

void Adam(const AdamStep& s, const AdamRows& all, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    adam_row(s, all.gradient.row(i), all.x.row(i), all.m.row(i), all.v.row(i), all.columns);
  }
}

// A vector of Gaussians; opacities may be null: then the noise is a draw from the Gaussian.
HWY_INLINE void perturb(const float* quats, const float* log_scales, const float* opacities,
                        const float* noise, float gain, float* means) {
  const FloatTag d;
  FloatVector w, x, y, z, s[3], n[3], mean[3];
  hn::LoadInterleaved4(d, quats, w, x, y, z);
  hn::LoadInterleaved3(d, log_scales, s[0], s[1], s[2]);
  hn::LoadInterleaved3(d, noise, n[0], n[1], n[2]);
  hn::LoadInterleaved3(d, means, mean[0], mean[1], mean[2]);
  const FloatVector length = hn::Sqrt(hn::MulAdd(w, w, hn::MulAdd(x, x, hn::MulAdd(y, y, hn::Mul(z, z)))));
  w = hn::Div(w, length);
  x = hn::Div(x, length);
  y = hn::Div(y, length);
  z = hn::Div(z, length);
  const FloatVector one = splat(1.0f), two = splat(2.0f);
  const auto diagonal = [&](FloatVector a, FloatVector b)
                            HWY_ATTR { return hn::NegMulAdd(two, hn::MulAdd(a, a, hn::Mul(b, b)), one); };
  const auto above = [&](FloatVector a, FloatVector b, FloatVector c) HWY_ATTR {  // 2 (a b - w c)
    return hn::Mul(two, hn::NegMulAdd(w, c, hn::Mul(a, b)));
  };
  const auto below = [&](FloatVector a, FloatVector b, FloatVector c) HWY_ATTR {  // 2 (a b + w c)
    return hn::Mul(two, hn::MulAdd(w, c, hn::Mul(a, b)));
  };
  const FloatVector r[3][3] = {{diagonal(y, z), above(x, y, z), below(x, z, y)},
                               {below(x, y, z), diagonal(x, z), above(y, z, x)},
                               {above(x, z, y), below(y, z, x), diagonal(x, y)}};
  FloatVector factor = splat(gain);
  if (opacities) {
    const FloatVector opacity = hn::Div(one, hn::Add(one, exponential(hn::Neg(hn::LoadU(d, opacities)))));
    const FloatVector gate = exponential(hn::Mul(splat(100.0f), hn::Sub(opacity, splat(0.005f))));
    factor = hn::Div(factor, hn::Add(one, gate));
  }
  FloatVector local[3];
  for (int axis = 0; axis < 3; ++axis) {
    const FloatVector scale = exponential(s[axis]);
    local[axis] = hn::Mul(scale, n[axis]);
    if (!opacities) continue;
    const FloatVector turned =
        hn::MulAdd(r[0][axis], n[0], hn::MulAdd(r[1][axis], n[1], hn::Mul(r[2][axis], n[2])));
    local[axis] = hn::Mul(hn::Mul(scale, scale), turned);
  }
  FloatVector shift[3];
  for (int axis = 0; axis < 3; ++axis) {
    shift[axis] = hn::Mul(
        factor,
        hn::MulAdd(r[axis][0], local[0], hn::MulAdd(r[axis][1], local[1], hn::Mul(r[axis][2], local[2]))));
  }
  const auto finite = hn::IsFinite(hn::Add(shift[0], hn::Add(shift[1], shift[2])));
  for (int axis = 0; axis < 3; ++axis) {
    mean[axis] = hn::Add(mean[axis], hn::IfThenElseZero(finite, shift[axis]));
  }
  hn::StoreInterleaved3(mean[0], mean[1], mean[2], d, means);
}

void Perturb(const PerturbArrays& all, int64_t begin, int64_t end) {
  const int64_t step = lanes();
  int64_t i = begin;
  for (; i + step <= end; i += step) {
    perturb(all.quats + 4 * i, all.log_scales + 3 * i, all.opacities ? all.opacities + i : nullptr,
            all.noise + 3 * i, all.gain, all.means + 3 * i);
  }
  if (i == end) return;
  constexpr int kMost = HWY_LANES(float);
  const int64_t rest = end - i;
  float quats[4 * kMost] = {}, log_scales[3 * kMost] = {}, opacities[kMost] = {}, noise[3 * kMost] = {};
  float means[3 * kMost] = {};
  std::copy_n(all.quats + 4 * i, 4 * rest, quats);
  std::copy_n(all.log_scales + 3 * i, 3 * rest, log_scales);
  if (all.opacities) std::copy_n(all.opacities + i, rest, opacities);
  std::copy_n(all.noise + 3 * i, 3 * rest, noise);
  std::copy_n(all.means + 3 * i, 3 * rest, means);
  perturb(quats, log_scales, all.opacities ? opacities : nullptr, noise, all.gain, means);
  std::copy_n(means, 3 * rest, all.means + 3 * i);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace diorama {
namespace {

HWY_EXPORT(Adam);
HWY_EXPORT(Perturb);

constexpr int64_t kValuesPerThread = 16384;

// The elements [begin, end) along the outermost axis.
Tensor rows(const Tensor& t, int64_t begin, int64_t end) {
  Tensor part = t;
  part.data = data<char>(t) + begin * t.strides[0] * element_size(t.dtype);
  part.shape[0] = end - begin;
  return part;
}

}  // namespace

void adam_cpu(Context& context, const Tensor& gradient, const dio_adam_params& params, const Tensor& x,
              const Tensor& m, const Tensor& v) {
  const AdamStep s(params);
  const auto lying = [](const Tensor& t) { return AdamRows::Rows{data<float>(t), t.strides[0]}; };
  const int64_t count = x.shape[0], columns = element_count(x) / std::max<int64_t>(count, 1);
  AdamRows all = {lying(gradient), lying(x), lying(m), lying(v), columns};
  bool dense = true;
  for (const Tensor* t : {&gradient, &x, &m, &v}) dense = dense && (t->strides[0] == columns || count == 1);
  if (!dense) {
    parallel_ranges(context.threads(), count, kValuesPerThread / std::max<int64_t>(columns, 1) + 1,
                    [&](int64_t begin, int64_t end, int) {
                      HWY_DYNAMIC_DISPATCH(Adam)
                      (s, all, begin, end);
                    });
    return;
  }
  // One long row, cut anywhere.
  parallel_ranges(context.threads(), count * columns, kValuesPerThread, [&](int64_t begin, int64_t end, int) {
    AdamRows part = all;
    for (AdamRows::Rows* rows : {&part.gradient, &part.x, &part.m, &part.v}) rows->data += begin;
    part.columns = end - begin;
    HWY_DYNAMIC_DISPATCH(Adam)(s, part, 0, 1);
  });
}

// In double also here: the sum alternates, and only Gaussians that are copied go through it.
void splat_relocate_cpu(Context& context, const Tensor& counts, float min_opacity,
                        const Tensor& logit_opacities, const Tensor& log_scales) {
  constexpr int64_t kGaussiansPerThread = 1024;
  parallel_ranges(
      context.threads(), counts.shape[0], kGaussiansPerThread, [&](int64_t begin, int64_t end, int) {
        splat_relocate_plain<double>(context, rows(counts, begin, end), min_opacity,
                                     rows(logit_opacities, begin, end), rows(log_scales, begin, end));
      });
}

void splat_perturb_cpu(Context& context, const Tensor& quats, const Tensor& log_scales,
                       const Tensor* logit_opacities, const Tensor& noise, dio_splat_noise_kind kind,
                       float gain, const Tensor& means) {
  constexpr int64_t kGaussiansPerThread = 2048;
  const bool covariance = kind == DIO_SPLAT_NOISE_COVARIANCE;
  const PerturbArrays arrays = {data<float>(quats),
                                data<float>(log_scales),
                                covariance ? data<float>(*logit_opacities) : nullptr,
                                data<float>(noise),
                                gain,
                                data<float>(means)};
  parallel_ranges(context.threads(), means.shape[0], kGaussiansPerThread,
                  [&](int64_t begin, int64_t end, int) {
                    HWY_DYNAMIC_DISPATCH(Perturb)(arrays, begin, end);
                  });
}

}  // namespace diorama
#endif

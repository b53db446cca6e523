// Adam and densification on CUDA devices: a thread takes a few neighbouring values, or one Gaussian.
//
// Floor: Adam reads four values and writes three, 28 bytes a parameter, and a dozen operations with them.
#include "kernels/cuda/floats.cuh"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/walk.cuh"
#include "kernels/splat/training/adam.cuh"
#include "kernels/splat/training/training.h"
#include "kernels/splat/training/training_cuda.h"

namespace diorama::cuda {
namespace {

constexpr int kThreads = 256;

// Pack p of a row, rows `columns` packs long.
template <int kPack>
__global__ void __launch_bounds__(kThreads)
    adam(const AdamStep step, const AdamRows all, const int64_t columns, const int64_t packs) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= packs) return;
  const int64_t row = i / columns, at = (i - row * columns) * kPack;
  const auto g = load_pack<kPack>(all.gradient.row(row) + at);
  auto x = load_pack<kPack>(all.x.row(row) + at);
  auto m = load_pack<kPack>(all.m.row(row) + at);
  auto v = load_pack<kPack>(all.v.row(row) + at);
#pragma unroll
  for (int k = 0; k < kPack; ++k) adam_update(step, g[k], x[k], m[k], v[k]);
  store_pack(all.x.row(row) + at, x);
  store_pack(all.m.row(row) + at, m);
  store_pack(all.v.row(row) + at, v);
}

// In double, as on the CPU: the sum alternates, and only Gaussians that are copied go through it.
__global__ void __launch_bounds__(kThreads)
    relocate(const int32_t* counts, const int64_t n, const float min_opacity, float* logits,
             float* log_scales) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= n) return;
  const int count = min(max(counts[i], 1), kMostCopies);
  const Relocation result = relocation(static_cast<double>(logits[i]), count);
  // NaN goes through, as it does on the other backends.
  double opacity = result.opacity;
  if (opacity < static_cast<double>(min_opacity)) opacity = static_cast<double>(min_opacity);
  if (opacity > kMostOpaque) opacity = kMostOpaque;
  logits[i] = static_cast<float>(log(opacity) - log1p(-opacity));
  for (int64_t k = 3 * i; k < 3 * i + 3; ++k) {
    log_scales[k] = static_cast<float>(static_cast<double>(log_scales[k]) + result.log_shrink);
  }
}

// Whether opacities are given decides between the covariance's noise and a draw from the Gaussian.
__global__ void __launch_bounds__(kThreads) perturb(const PerturbArrays all, const int64_t n) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= n) return;
  const float *quat = all.quats + 4 * i, *log_scale = all.log_scales + 3 * i, *normal = all.noise + 3 * i;
  float w = quat[0], x = quat[1], y = quat[2], z = quat[3];
  const float length = sqrtf(w * w + x * x + y * y + z * z);
  w /= length, x /= length, y /= length, z /= length;
  const float rotation[3][3] = {{1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)},
                                {2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)},
                                {2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)}};
  float factor = all.gain;
  if (all.opacities) {
    const float opacity = 1 / (1 + expf(-all.opacities[i]));
    factor /= 1 + expf(100 * (opacity - 0.005f));
  }
  float local[3];
#pragma unroll
  for (int axis = 0; axis < 3; ++axis) {
    const float scale = expf(log_scale[axis]);
    local[axis] = scale * normal[axis];
    if (!all.opacities) continue;
    local[axis] =
        scale * scale *
        (rotation[0][axis] * normal[0] + rotation[1][axis] * normal[1] + rotation[2][axis] * normal[2]);
  }
  float shift[3];
#pragma unroll
  for (int axis = 0; axis < 3; ++axis) {
    shift[axis] =
        factor * (rotation[axis][0] * local[0] + rotation[axis][1] * local[1] + rotation[axis][2] * local[2]);
  }
  // A Gaussian without a rotation or with a value that is not finite stays where it is.
  if (!std::isfinite(shift[0] + shift[1] + shift[2])) return;
#pragma unroll
  for (int axis = 0; axis < 3; ++axis) all.means[3 * i + axis] += shift[axis];
}

// Whether every row of all four can be taken in packs.
bool in_packs(const AdamRows& all, int64_t columns, int pack) {
  if (columns % pack != 0) return false;
  for (const AdamRows::Rows* rows : {&all.gradient, &all.x, &all.m, &all.v}) {
    if (rows->stride % pack != 0) return false;
    if (reinterpret_cast<std::uintptr_t>(rows->data) % (sizeof(float) * pack) != 0) return false;
  }
  return true;
}

}  // namespace

void adam_cuda(Context& context, const Tensor& gradient, const dio_adam_params& params, const Tensor& x,
               const Tensor& m, const Tensor& v) {
  constexpr int kPack = 4;
  const int64_t values = element_count(x);
  if (values == 0) return;
  const auto lying = [](const Tensor& t) { return AdamRows::Rows{data<float>(t), t.strides[0]}; };
  AdamRows all = {lying(gradient), lying(x), lying(m), lying(v), values / x.shape[0]};
  bool dense = true;
  for (const Tensor* t : {&gradient, &x, &m, &v}) {
    dense = dense && (t->strides[0] == all.columns || x.shape[0] == 1);
  }
  if (dense) {  // one long row
    all.columns = values;
    for (AdamRows::Rows* rows : {&all.gradient, &all.x, &all.m, &all.v}) rows->stride = 0;
  }
  const bool packed = in_packs(all, all.columns, kPack);
  const int pack = packed ? kPack : 1;
  launch(context, "adam", packed ? adam<kPack> : adam<1>, {blocks_for(values / pack, kThreads), kThreads},
         AdamStep(params), all, all.columns / pack, values / pack);
}

void splat_relocate_cuda(Context& context, const Tensor& counts, float min_opacity,
                         const Tensor& logit_opacities, const Tensor& log_scales) {
  const int64_t n = counts.shape[0];
  if (n == 0) return;
  launch(context, "splat_relocate", relocate, {blocks_for(n, kThreads), kThreads}, data<int32_t>(counts), n,
         min_opacity, data<float>(logit_opacities), data<float>(log_scales));
}

void splat_perturb_cuda(Context& context, const Tensor& quats, const Tensor& log_scales,
                        const Tensor* logit_opacities, const Tensor& noise, dio_splat_noise_kind kind,
                        float gain, const Tensor& means) {
  const int64_t n = means.shape[0];
  if (n == 0) return;
  const bool covariance = kind == DIO_SPLAT_NOISE_COVARIANCE;
  const PerturbArrays arrays = {data<float>(quats),
                                data<float>(log_scales),
                                covariance ? data<float>(*logit_opacities) : nullptr,
                                data<float>(noise),
                                gain,
                                data<float>(means)};
  launch(context, "splat_perturb", perturb, {blocks_for(n, kThreads), kThreads}, arrays, n);
}

}  // namespace diorama::cuda

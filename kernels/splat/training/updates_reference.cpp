#include <algorithm>

#include "kernels/splat/training/training.h"

namespace diorama {

template <typename Real>
void adam_plain(Context&, const Tensor& gradient, const dio_adam_params& params, const Tensor& x,
                const Tensor& m, const Tensor& v) {
  const int64_t rows = x.shape[0], columns = element_count(x) / std::max<int64_t>(rows, 1);
  const Real beta1 = params.beta1, beta2 = params.beta2, steps = static_cast<Real>(params.step);
  const Real step_size = static_cast<Real>(params.learning_rate) / (1 - std::pow(beta1, steps));
  const Real correction = std::sqrt(1 - std::pow(beta2, steps));
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t c = 0; c < columns; ++c) {
      const Real g = data<float>(gradient)[row * gradient.strides[0] + c];
      float& mean = data<float>(m)[row * m.strides[0] + c];
      float& square = data<float>(v)[row * v.strides[0] + c];
      float& value = data<float>(x)[row * x.strides[0] + c];
      const Real new_mean = beta1 * mean + (1 - beta1) * g;
      const Real new_square = beta2 * square + (1 - beta2) * g * g;
      const Real root = std::sqrt(new_square) / correction + static_cast<Real>(params.eps);
      value = static_cast<float>(static_cast<Real>(value) - step_size * new_mean / root);
      mean = static_cast<float>(new_mean);
      square = static_cast<float>(new_square);
    }
  }
}

template <typename Real>
void splat_relocate_plain(Context&, const Tensor& counts, float min_opacity, const Tensor& logit_opacities,
                          const Tensor& log_scales) {
  for (int64_t i = 0; i < counts.shape[0]; ++i) {
    float& logit = data<float>(logit_opacities)[i];
    const Relocation result = relocation(static_cast<Real>(logit), data<int32_t>(counts)[i]);
    const Real opacity = std::clamp(static_cast<Real>(result.opacity), static_cast<Real>(min_opacity),
                                    static_cast<Real>(kMostOpaque));
    logit = static_cast<float>(std::log(opacity) - std::log1p(-opacity));
    for (int axis = 0; axis < 3; ++axis) {
      float& scale = data<float>(log_scales)[3 * i + axis];
      scale = static_cast<float>(static_cast<Real>(scale) + static_cast<Real>(result.log_shrink));
    }
  }
}

template <typename Real>
void splat_perturb_plain(Context&, const Tensor& quats, const Tensor& log_scales,
                         const Tensor* logit_opacities, const Tensor& noise, dio_splat_noise_kind kind,
                         float gain, const Tensor& means) {
  for (int64_t i = 0; i < means.shape[0]; ++i) {
    const float* quat = data<float>(quats) + 4 * i;
    const Real length =
        std::sqrt(static_cast<Real>(quat[0]) * quat[0] + static_cast<Real>(quat[1]) * quat[1] +
                  static_cast<Real>(quat[2]) * quat[2] + static_cast<Real>(quat[3]) * quat[3]);
    const Real w = quat[0] / length, x = quat[1] / length, y = quat[2] / length, z = quat[3] / length;
    const Real rotation[3][3] = {{1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)},
                                 {2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)},
                                 {2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)}};
    const float* normals = data<float>(noise) + 3 * i;
    Real factor = gain, local[3];
    for (int axis = 0; axis < 3; ++axis) {
      const Real scale = std::exp(static_cast<Real>(data<float>(log_scales)[3 * i + axis]));
      local[axis] = scale * normals[axis];
      if (kind != DIO_SPLAT_NOISE_COVARIANCE) continue;
      local[axis] =
          scale * scale *
          (rotation[0][axis] * normals[0] + rotation[1][axis] * normals[1] + rotation[2][axis] * normals[2]);
    }
    if (kind == DIO_SPLAT_NOISE_COVARIANCE) {
      const Real logit = data<float>(*logit_opacities)[i];
      const Real opacity = 1 / (1 + std::exp(-logit));
      factor /= 1 + std::exp(100 * (opacity - static_cast<Real>(0.005)));
    }
    Real shift[3];
    for (int axis = 0; axis < 3; ++axis) {
      shift[axis] = factor * (rotation[axis][0] * local[0] + rotation[axis][1] * local[1] +
                              rotation[axis][2] * local[2]);
    }
    // A Gaussian without a rotation or with a value that is not finite stays where it is.
    if (!std::isfinite(shift[0] + shift[1] + shift[2])) continue;
    for (int axis = 0; axis < 3; ++axis) {
      float& mean = data<float>(means)[3 * i + axis];
      mean = static_cast<float>(static_cast<Real>(mean) + shift[axis]);
    }
  }
}

template void adam_plain<double>(Context&, const Tensor&, const dio_adam_params&, const Tensor&,
                                 const Tensor&, const Tensor&);
template void adam_plain<float>(Context&, const Tensor&, const dio_adam_params&, const Tensor&, const Tensor&,
                                const Tensor&);
template void splat_relocate_plain<double>(Context&, const Tensor&, float, const Tensor&, const Tensor&);
template void splat_relocate_plain<float>(Context&, const Tensor&, float, const Tensor&, const Tensor&);
template void splat_perturb_plain<double>(Context&, const Tensor&, const Tensor&, const Tensor*,
                                          const Tensor&, dio_splat_noise_kind, float, const Tensor&);
template void splat_perturb_plain<float>(Context&, const Tensor&, const Tensor&, const Tensor*, const Tensor&,
                                         dio_splat_noise_kind, float, const Tensor&);

}  // namespace diorama

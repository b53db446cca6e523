#include "denoise_reference.h"
#include "norm.h"
#include "register.h"
#include "steps.h"

namespace diorama {
namespace {

template <typename Real>
void layer_norm_plain(Context&, const Tensor& x, const Tensor* weight, const Tensor* bias,
                      const Tensor* scale, const Tensor* shift, const Tensor* index, float eps,
                      const Tensor& out) {
  norm_plain<Real>(true, x, weight, bias, scale, shift, index, eps, out);
}

template <typename Real>
void rms_norm_plain(Context&, const Tensor& x, const Tensor* weight, const Tensor* scale, const Tensor* shift,
                    const Tensor* index, float eps, const Tensor& out) {
  norm_plain<Real>(false, x, weight, nullptr, scale, shift, index, eps, out);
}

template <typename Real>
void add_denoise(Operations& operations) {
  operations.layer_norm = layer_norm_plain<Real>;
  operations.rms_norm = rms_norm_plain<Real>;
  operations.qk_norm_rope = qk_norm_rope_plain<Real>;
  operations.gated_residual = gated_residual_plain<Real>;
  operations.gated_residual_norm = gated_residual_norm_plain<Real>;
  operations.combine = combine_plain<Real>;
  operations.timestep_embedding = timestep_embedding_plain<Real>;
  operations.activate = activate_plain<Real>;
  operations.randn = randn_plain<Real>;
}

}  // namespace

void add_denoise_reference(Operations& operations) { add_denoise<double>(operations); }
void add_denoise_plain(Operations& operations) { add_denoise<float>(operations); }

}  // namespace diorama

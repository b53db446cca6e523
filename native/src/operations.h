#pragma once

#include "context.h"
#include "diorama.h"
#include "generator.h"
#include "splat_frame.h"
#include "tensor.h"

namespace diorama {

// The table every backend fills in. Shapes, dtypes and meaning of the arguments are those of diorama.h; they
// have been checked (native/src/api_*.cpp) before an entry is called. Optional tensors are null pointers. A
// null entry means that the backend lacks the operation.
struct Operations {
  const char* backend = "";

  void (*attention)(Context&, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor* bias,
                    const Tensor* key_lengths, float scale, const Tensor& out) = nullptr;
  void (*linear)(Context&, const Tensor& x, const Tensor& w, const Tensor* bias,
                 dio_activation_kind activation, const Tensor* gate, const Tensor* index,
                 const Tensor* residual, const Tensor& out) = nullptr;

  void (*layer_norm)(Context&, const Tensor& x, const Tensor* weight, const Tensor* bias, const Tensor* scale,
                     const Tensor* shift, const Tensor* index, float eps, const Tensor& out) = nullptr;
  void (*rms_norm)(Context&, const Tensor& x, const Tensor* weight, const Tensor* scale, const Tensor* shift,
                   const Tensor* index, float eps, const Tensor& out) = nullptr;
  void (*qk_norm_rope)(Context&, const Tensor& x, const Tensor* weight, float eps, const Tensor* cosine,
                       const Tensor* sine, const Tensor& out) = nullptr;
  void (*gated_residual)(Context&, const Tensor& x, const Tensor& residual, const Tensor& gate,
                         const Tensor* index, const Tensor& out) = nullptr;
  void (*gated_residual_norm)(Context&, const Tensor& x, const Tensor& residual, const Tensor* gate,
                              const Tensor* weight, const Tensor* bias, const Tensor* scale,
                              const Tensor* shift, const Tensor* index, float eps, const Tensor& sum,
                              const Tensor& out) = nullptr;
  void (*combine)(Context&, int input_count, const Tensor* const* inputs, int output_count,
                  Tensor* const* outputs, const double* coefficients) = nullptr;
  void (*timestep_embedding)(Context&, const Tensor& t, bool cosine_first, float max_period,
                             const Tensor& out) = nullptr;
  void (*activate)(Context&, const Tensor& x, dio_activation_kind activation, const Tensor& out) = nullptr;
  void (*randn)(Context&, Generator& generator, const Tensor& out) = nullptr;

  void (*conv3d)(Context&, const Tensor& x, const Tensor* carry, const Tensor& w, const Tensor* bias,
                 const Tensor* residual, const dio_conv3d_params& params, const Tensor& out) = nullptr;
  void (*carry_update)(Context&, const Tensor& x, const Tensor& carry) = nullptr;
  void (*channel_norm)(Context&, const Tensor& x, const Tensor& gamma, const Tensor* bias,
                       dio_activation_kind activation, const Tensor& out) = nullptr;
  void (*channel_affine)(Context&, const Tensor& x, const Tensor& scale, const Tensor& shift, float low,
                         float high, const Tensor& out) = nullptr;
  void (*avg_down)(Context&, const Tensor& x, int factor_t, int factor_s, const Tensor& out) = nullptr;
  void (*dup_up)(Context&, const Tensor& x, int factor_t, int factor_s, int skip_frames,
                 const Tensor& out) = nullptr;
  void (*patchify)(Context&, const Tensor& x, int patch_t, int patch_h, int patch_w, bool channels_first,
                   const Tensor& out) = nullptr;
  void (*unpatchify)(Context&, const Tensor& x, int patch_t, int patch_h, int patch_w, bool channels_first,
                     const Tensor& out) = nullptr;
  void (*to_rgb8)(Context&, const Tensor& x, const Tensor& out) = nullptr;
  void (*copy)(Context&, const Tensor& x, const Tensor& out) = nullptr;

  void (*embedding)(Context&, const Tensor& table, const Tensor& ids, const Tensor& out) = nullptr;
  void (*t5_relative_bias)(Context&, const Tensor& table, int max_distance, const Tensor& out) = nullptr;

  void (*splat_project)(Context&, const dio_splat_gaussians&, const dio_splat_camera&,
                        const dio_splat_settings&, const dio_splat_projection&) = nullptr;
  // A new frame of this backend, owned by the caller and used with this context alone.
  SplatFrame* (*splat_frame)(Context&) = nullptr;
  void (*splat_render)(Context&, SplatFrame&, const dio_splat_gaussians&, const dio_splat_camera&,
                       const dio_splat_settings&, const dio_splat_images&) = nullptr;
  void (*splat_backward)(Context&, SplatFrame&, const dio_splat_gaussians&,
                         const dio_splat_images& image_gradients, bool accumulate,
                         const dio_splat_gradients&) = nullptr;
  void (*splat_loss)(Context&, const Tensor& image, const Tensor& target, const Tensor* mask,
                     float ssim_weight, const Tensor& losses, const Tensor* gradient) = nullptr;
  void (*adam)(Context&, const Tensor& gradient, const dio_adam_params&, const Tensor& x, const Tensor& m,
               const Tensor& v) = nullptr;
  void (*splat_backward_step)(Context&, SplatFrame&, const dio_splat_images& image_gradients,
                              const dio_splat_step&, const dio_splat_parameters& x,
                              const dio_splat_parameters& m, const dio_splat_parameters& v,
                              const Tensor* means2d) = nullptr;
  void (*splat_relocate)(Context&, const Tensor& counts, float min_opacity, const Tensor& logit_opacities,
                         const Tensor& log_scales) = nullptr;
  void (*splat_perturb)(Context&, const Tensor& quats, const Tensor& log_scales,
                        const Tensor* logit_opacities, const Tensor& noise, dio_splat_noise_kind kind,
                        float gain, const Tensor& means) = nullptr;
  void (*splat_noise)(Context&, uint64_t seed, const Tensor& out) = nullptr;
};

}  // namespace diorama

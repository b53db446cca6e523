#include "kernels/denoise/denoise_cuda.h"

#include "kernels/denoise/register_cuda.h"

namespace diorama {

void add_denoise_cuda(Operations& operations) {
  operations.layer_norm = cuda::layer_norm_cuda;
  operations.rms_norm = cuda::rms_norm_cuda;
  operations.qk_norm_rope = cuda::qk_norm_rope_cuda;
  operations.gated_residual = cuda::gated_residual_cuda;
  operations.gated_residual_norm = cuda::gated_residual_norm_cuda;
  operations.combine = cuda::combine_cuda;
  operations.timestep_embedding = cuda::timestep_embedding_cuda;
  operations.activate = cuda::activate_cuda;
  operations.randn = cuda::randn_cuda;
}

}  // namespace diorama

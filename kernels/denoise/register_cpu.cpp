#include "denoise_reference.h"
#include "norm.h"
#include "register.h"
#include "steps.h"

namespace diorama {

void add_denoise_cpu(Operations& operations) {
  operations.layer_norm = layer_norm_cpu;
  operations.rms_norm = rms_norm_cpu;
  operations.qk_norm_rope = qk_norm_rope_cpu;
  operations.gated_residual = gated_residual_cpu;
  operations.gated_residual_norm = gated_residual_norm_cpu;
  operations.combine = combine_cpu;
  operations.timestep_embedding = timestep_embedding_plain<float>;  // a few thousand values
  operations.activate = activate_cpu;
  operations.randn = randn_cpu;
}

}  // namespace diorama

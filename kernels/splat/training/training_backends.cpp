#include "kernels/splat/training/noise.h"
#include "kernels/splat/parts.h"
#include "kernels/splat/training/training.h"
#include "kernels/splat/training/backward_step.h"

namespace diorama {
namespace {

template <typename Real>
void add_training(Operations& operations) {
  operations.splat_loss = splat_loss_plain<Real>;
  operations.adam = adam_plain<Real>;
  operations.splat_relocate = splat_relocate_plain<Real>;
  operations.splat_perturb = splat_perturb_plain<Real>;
  operations.splat_backward_step = splat_backward_step_plain<Real>;
  operations.splat_noise = splat_noise_plain<Real>;
}

}  // namespace

void add_splat_training_reference(Operations& operations) { add_training<double>(operations); }
void add_splat_training_plain(Operations& operations) { add_training<float>(operations); }

}  // namespace diorama

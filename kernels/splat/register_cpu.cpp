#include "kernels/splat/training/noise.h"
#include "parts.h"
#include "register.h"
#include "kernels/splat/training/training.h"
#include "kernels/splat/training/backward_step.h"

namespace diorama {

void add_splat_cpu(Operations& operations) {
  add_splat_drawing_cpu(operations);
  add_splat_training_cpu(operations);
}

void add_splat_training_cpu(Operations& operations) {
  operations.splat_loss = splat_loss_cpu;
  operations.adam = adam_cpu;
  operations.splat_relocate = splat_relocate_cpu;
  operations.splat_perturb = splat_perturb_cpu;
  operations.splat_backward_step = splat_backward_step_cpu;
  operations.splat_noise = splat_noise_cpu;
}

}  // namespace diorama

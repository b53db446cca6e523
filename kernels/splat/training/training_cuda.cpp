#include "kernels/splat/training/training_cuda.h"

#include "kernels/splat/parts_cuda.h"

namespace diorama {

void add_splat_training_cuda(Operations& operations) {
  operations.splat_loss = cuda::splat_loss_cuda;
  operations.adam = cuda::adam_cuda;
  operations.splat_relocate = cuda::splat_relocate_cuda;
  operations.splat_perturb = cuda::splat_perturb_cuda;
  operations.splat_noise = cuda::splat_noise_cuda;
}

}  // namespace diorama

#include "kernels/denoise/denoise_cuda.h"

#include "kernels/denoise/register_cuda.h"

namespace diorama {

void add_denoise_cuda(Operations& operations) { operations.activate = cuda::activate_cuda; }

}  // namespace diorama

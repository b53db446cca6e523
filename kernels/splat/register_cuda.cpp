#include "kernels/splat/register_cuda.h"

#include "kernels/splat/parts_cuda.h"

namespace diorama {

void add_splat_cuda(Operations& operations) {
  add_splat_drawing_cuda(operations);
  add_splat_backward_cuda(operations);
  add_splat_training_cuda(operations);
}

}  // namespace diorama

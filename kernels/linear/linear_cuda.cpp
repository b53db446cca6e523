#include "kernels/linear/linear_cuda.h"

#include "kernels/linear/register_cuda.h"

namespace diorama {

void add_linear_cuda(Operations& operations) { operations.linear = cuda::linear_cuda; }

}  // namespace diorama

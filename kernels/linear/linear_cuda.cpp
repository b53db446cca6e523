#include "kernels/linear/register_cuda.h"

namespace diorama {

void add_linear_cuda(Operations&) {}

}  // namespace diorama

#pragma once

#include "operations.h"

namespace diorama::cuda {

void activate_cuda(Context& context, const Tensor& x, dio_activation_kind kind, const Tensor& out);

}  // namespace diorama::cuda

#pragma once

#include "operations.h"

namespace diorama::cuda {

// dio_linear on a device.
void linear_cuda(Context& context, const Tensor& x, const Tensor& w, const Tensor* bias,
                 dio_activation_kind activation, const Tensor* gate, const Tensor* index,
                 const Tensor* residual, const Tensor& out);

}  // namespace diorama::cuda

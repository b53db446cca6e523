#pragma once

#include "operations.h"

namespace diorama::cuda {

// The entry of the table: chooses a kernel by device, dtype and head size.
void attention_cuda(Context& context, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor* bias,
                    const Tensor* key_lengths, float scale, const Tensor& out);

}  // namespace diorama::cuda

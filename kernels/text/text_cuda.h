#pragma once

#include "operations.h"

namespace diorama::cuda {

void embedding_cuda(Context& context, const Tensor& table, const Tensor& ids, const Tensor& out);
void t5_relative_bias_cuda(Context& context, const Tensor& table, int max_distance, const Tensor& out);

}  // namespace diorama::cuda

#pragma once

#include "operations.h"

namespace diorama {

void embedding_cpu(Context& context, const Tensor& table, const Tensor& ids, const Tensor& out);

}  // namespace diorama

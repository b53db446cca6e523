#pragma once

#include <string>

#include "operations.h"

namespace diorama {

// Puts this folder's operations on CUDA devices into a table.
void add_linear_cuda(Operations& operations);

// What multiplies there: "products by cuBLASLt 13.0.2", or Diorama's own kernels and why.
std::string describe_linear_cuda(Context& context);

}  // namespace diorama

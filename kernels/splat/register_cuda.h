#pragma once

#include "operations.h"

namespace diorama {

// Puts this folder's operations on CUDA devices into a table.
void add_splat_cuda(Operations& operations);

}  // namespace diorama

#pragma once

#include "operations.h"

namespace diorama {

// The folder's halves on CUDA devices, as in parts.h.
void add_splat_drawing_cuda(Operations& operations);
void add_splat_backward_cuda(Operations& operations);
void add_splat_training_cuda(Operations& operations);

}  // namespace diorama

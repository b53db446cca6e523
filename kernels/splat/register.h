#pragma once

#include "operations.h"

namespace diorama {

// Puts this folder's operations into a backend's table.
void add_splat_reference(Operations& operations);  // plain loops in double: the truth
void add_splat_plain(Operations& operations);      // the same loops in float: the yardstick of tolerances
void add_splat_cpu(Operations& operations);        // SIMD and threads

}  // namespace diorama

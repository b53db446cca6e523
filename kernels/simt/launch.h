#pragma once

#include <functional>
#include <string>

#include "kernels/simt/vectors.h"

namespace diorama::simt {

// What a launch of this shape would be refused for, or "".
std::string check_shape(dim3 grid, dim3 block, std::size_t shared_bytes);

// Runs body for every thread of every block. Returns the first report, or "".
std::string run_grid(const char* kernel, dim3 grid, dim3 block, std::size_t shared_bytes,
                     const std::function<void()>& body);

}  // namespace diorama::simt

#pragma once

// Tensor maps: what bulk tensor copies (ptx_sm90.cuh) are told about a tensor, made on the host and given to
// a kernel as a __grid_constant__ parameter.

#include <cuda.h>

#include <cstdint>

#include "diorama.h"

namespace diorama::cuda {

// Axes are innermost first; copies are of boxes of box[0] x box[1] x ... elements, their rows of box[0]
// elements in the 128-byte swizzle: 16-byte unit u of row r lies at unit u ^ (r % 8) of the row's 128 bytes.
struct TensorMapShape {
  const void* data = nullptr;  // a multiple of 16 bytes
  int32_t dtype = DIO_BF16;    // f16, bf16, f32
  int rank = 2;                // 2 to 5
  int64_t sizes[5] = {};       // 1 to 2^32
  int64_t strides[5] = {};     // in elements; strides[0] is 1, the others multiples of 16 bytes below 2^40
  int box[5] = {};             // box[0] is 128 bytes; the others up to 256
};

// Throws Error where the driver refuses the shape.
CUtensorMap make_tensor_map(const TensorMapShape& shape);

}  // namespace diorama::cuda

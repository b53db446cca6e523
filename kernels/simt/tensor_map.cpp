// cuTensorMapEncodeTiled on the host, with the checks that the driver's documentation lists.
#include <cuda.h>

#include <algorithm>
#include <cstring>

#include "kernels/simt/hopper.h"

namespace diorama::simt {
namespace {

CUresult encode_tiled(CUtensorMap* map, CUtensorMapDataType type, cuuint32_t rank, void* data,
                      const cuuint64_t* sizes, const cuuint64_t* strides, const cuuint32_t* box,
                      const cuuint32_t* steps, CUtensorMapInterleave, CUtensorMapSwizzle swizzle,
                      CUtensorMapL2promotion, CUtensorMapFloatOOBfill) {
  const unsigned element = type == CU_TENSOR_MAP_DATA_TYPE_FLOAT32 ? 4 : 2;
  const auto address = reinterpret_cast<std::uintptr_t>(data);
  if (reinterpret_cast<std::uintptr_t>(map) % 64 != 0 || address % 16 != 0 || rank < 1 || rank > 5) {
    return CUDA_ERROR_INVALID_VALUE;
  }
  TensorMap encoded = {};
  encoded.magic = TensorMap::kMagic;
  encoded.rank = static_cast<uint8_t>(rank);
  encoded.element_bytes = static_cast<uint8_t>(element);
  encoded.swizzle = static_cast<uint8_t>(swizzle);
  encoded.data = static_cast<char*>(data);
  const unsigned row_bytes = box[0] * element;
  if (row_bytes % 16 != 0 || (swizzle == CU_TENSOR_MAP_SWIZZLE_128B && row_bytes > 128)) {
    return CUDA_ERROR_INVALID_VALUE;
  }
  for (unsigned i = 0; i < rank; ++i) {
    if (sizes[i] < 1 || sizes[i] > uint64_t{1} << 32 || box[i] < 1 || box[i] > 256 || steps[i] != 1) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    encoded.sizes[i] = sizes[i];
    encoded.box[i] = static_cast<uint16_t>(box[i]);
  }
  for (unsigned i = 0; i + 1 < rank; ++i) {
    if (strides[i] % 16 != 0 || strides[i] == 0 || strides[i] >= uint64_t{1} << 40) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    encoded.strides[i] = strides[i];
  }
  std::memset(map, 0, sizeof(*map));
  std::memcpy(map, &encoded, sizeof(encoded));
  return CUDA_SUCCESS;
}

}  // namespace
}  // namespace diorama::simt

cudaError_t cudaGetDriverEntryPointByVersion(const char* symbol, void** function, unsigned,
                                             unsigned long long, cudaDriverEntryPointQueryResult* result) {
  const bool known = std::strcmp(symbol, "cuTensorMapEncodeTiled") == 0;
  *function = known ? reinterpret_cast<void*>(&diorama::simt::encode_tiled) : nullptr;
  *result = known ? cudaDriverEntryPointSuccess : cudaDriverEntryPointSymbolNotFound;
  return cudaSuccess;
}

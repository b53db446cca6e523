#include "kernels/cuda/tensor_map.h"

#include <cuda_runtime.h>

#include <string>

#include "cuda/device.h"
#include "error.h"

namespace diorama::cuda {
namespace {

using Encode = CUresult (*)(CUtensorMap*, CUtensorMapDataType, cuuint32_t, void*, const cuuint64_t*,
                            const cuuint64_t*, const cuuint32_t*, const cuuint32_t*, CUtensorMapInterleave,
                            CUtensorMapSwizzle, CUtensorMapL2promotion, CUtensorMapFloatOOBfill);

constexpr unsigned kEncodeSince = 12000;  // the driver's version that brought the function

// From the driver that the runtime has loaded already: no library of our own names it.
Encode find_encode() {
  void* function = nullptr;
  cudaDriverEntryPointQueryResult found = cudaDriverEntryPointSymbolNotFound;
  check_cuda(cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &function, kEncodeSince,
                                              cudaEnableDefault, &found),
             "cuTensorMapEncodeTiled");
  if (found != cudaDriverEntryPointSuccess || function == nullptr) {
    raise(DIO_STATUS_UNAVAILABLE, "the NVIDIA driver has no cuTensorMapEncodeTiled; install a newer driver");
  }
  return reinterpret_cast<Encode>(function);
}

CUtensorMapDataType type_of(int32_t dtype) {
  switch (dtype) {
    case DIO_F16:
      return CU_TENSOR_MAP_DATA_TYPE_FLOAT16;
    case DIO_BF16:
      return CU_TENSOR_MAP_DATA_TYPE_BFLOAT16;
    default:
      return CU_TENSOR_MAP_DATA_TYPE_FLOAT32;
  }
}

}  // namespace

CUtensorMap make_tensor_map(const TensorMapShape& shape) {
  static const Encode encode = find_encode();
  const int64_t element = shape.dtype == DIO_F32 ? 4 : 2;
  cuuint64_t sizes[5] = {}, strides[4] = {};
  cuuint32_t box[5] = {}, steps[5] = {};
  for (int i = 0; i < shape.rank; ++i) {
    sizes[i] = static_cast<cuuint64_t>(shape.sizes[i]);
    box[i] = static_cast<cuuint32_t>(shape.box[i]);
    steps[i] = 1;
    // Nobody follows the stride of an axis of size 1, but it must be a permitted one.
    if (i > 0)
      strides[i - 1] = static_cast<cuuint64_t>(shape.sizes[i] == 1 ? 128 : shape.strides[i] * element);
  }
  CUtensorMap map;
  const CUresult status =
      encode(&map, type_of(shape.dtype), static_cast<cuuint32_t>(shape.rank), const_cast<void*>(shape.data),
             sizes, strides, box, steps, CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
             CU_TENSOR_MAP_L2_PROMOTION_L2_128B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  if (status != CUDA_SUCCESS) {
    std::string sizes_text;
    for (int i = 0; i < shape.rank; ++i) sizes_text += (i ? ", " : "") + std::to_string(shape.sizes[i]);
    raise(DIO_STATUS_INTERNAL, "the NVIDIA driver makes no tensor map of sizes (innermost first) " +
                                   sizes_text + ": error " + std::to_string(static_cast<int>(status)));
  }
  return map;
}

}  // namespace diorama::cuda

#pragma once

#include <string>

#include "backends.h"

namespace diorama {

// What libdiorama_cuda.so answers from dio_cuda_backend(). The library also exports dio_cuda_abi_version(),
// asked first. Neither throws. libdiorama_simt.so exports the same two.
struct CudaBackend {
  std::size_t operations_bytes;  // sizeof(Operations): the table grows without a new ABI version
  const Operations* operations;
  int32_t device_count;  // at least 1 when contexts can be made
  const char* description;
  const char* reason;  // "" when contexts can be made
  // A new context, never null; throws Error.
  Context* (*open)(int device, int threads);
  // Takes the function that throws Error for the library (see error.h); called first. May be null.
  void (*connect)(void (*raise)(int status, const char* message));
};

// Loads libdiorama_cuda.so, from the folder of libdiorama.so or else by its name, once. Null when it cannot
// be used; then `reason` is one sentence.
const CudaBackend* cuda_backend(std::string* reason);
// Likewise libdiorama_simt.so: the same sources, compiled for the host (kernels/simt).
const CudaBackend* simt_backend(std::string* reason);

}  // namespace diorama

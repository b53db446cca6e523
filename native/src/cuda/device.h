#pragma once

#include <cuda_runtime.h>

#include <string>

namespace diorama::cuda {

// What kernels choose their shapes by.
struct Device {
  int index = 0;
  std::string name;
  int major = 0, minor = 0;  // compute capability
  int multiprocessors = 0;
  std::size_t shared_bytes_per_block = 0;  // the largest a kernel may ask for
  std::size_t l2_bytes = 0;
  std::size_t memory_bytes = 0;

  // Whether the units of sm_90a are there (wgmma; bulk tensor copies with it).
  bool is_hopper() const { return major == 9 && minor == 0; }
};

// Of device `index`; throws Error.
Device describe_device(int index);

// Throws Error when status is a failure: out of memory as such, everything else as an internal fault of
// `what`.
void check_cuda(cudaError_t status, const char* what);

}  // namespace diorama::cuda

#include "device.h"

#include "error.h"

namespace diorama::cuda {

void check_cuda(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // so that the next call does not report it again
  if (status == cudaErrorMemoryAllocation) {
    raise(DIO_STATUS_OUT_OF_MEMORY,
          std::string(what) + ": the device has no memory left; use smaller sizes or a larger card");
  }
  raise(DIO_STATUS_INTERNAL, std::string(what) + ": " + cudaGetErrorString(status));
}

Device describe_device(int index) {
  cudaDeviceProp properties;
  check_cuda(cudaGetDeviceProperties(&properties, index), "cuda");
  Device device;
  device.index = index;
  device.name = properties.name;
  device.major = properties.major;
  device.minor = properties.minor;
  device.multiprocessors = properties.multiProcessorCount;
  device.shared_bytes_per_block = properties.sharedMemPerBlockOptin;
  device.l2_bytes = static_cast<std::size_t>(properties.l2CacheSize);
  device.memory_bytes = properties.totalGlobalMem;
  return device;
}

}  // namespace diorama::cuda

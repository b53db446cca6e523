#pragma once

// Kernels as lambdas on kernels/simt, and memory for them.

#include <cuda_runtime.h>

#include <cstring>
#include <string>
#include <vector>

#include "kernels/simt/memory.h"

namespace diorama::test {

// Device memory of n values, copied in and out.
template <typename T>
class Device {
 public:
  explicit Device(std::size_t n)
      : count_(n), memory_(static_cast<T*>(simt::allocate_device(n * sizeof(T)))) {}
  explicit Device(const std::vector<T>& values) : Device(values.size()) {
    const simt::DeviceMemoryOpen open;
    std::memcpy(memory_, values.data(), count_ * sizeof(T));
  }
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  ~Device() { simt::free_device(memory_); }
  T* get() const { return memory_; }
  std::vector<T> read() const {
    const simt::DeviceMemoryOpen open;
    return std::vector<T>(memory_, memory_ + count_);
  }

 private:
  std::size_t count_;
  T* memory_;
};

// "" or what went wrong.
template <typename Body>
std::string run(dim3 grid, dim3 block, std::size_t shared_bytes, Body body) {
  const cudaError_t status = simt::launch_kernel("kernel", grid, block, shared_bytes, nullptr, body);
  return status == cudaSuccess ? "" : cudaGetErrorString(status);
}

}  // namespace diorama::test

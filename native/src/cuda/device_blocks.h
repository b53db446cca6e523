#pragma once

#include <cuda_runtime.h>

#include <functional>

#include "memory_pool.h"

namespace diorama::cuda {

// Device memory from a pool of the driver's (cudaMallocAsync) for a MemoryPool. It has a stream of its own,
// so that blocks can be had while the context's stream is recorded into a graph. Whoever gives a block back
// has waited for all work on it.
class DeviceBlocks final : public BlockSource {
 public:
  // make_room: called when the device has no memory left, before a second and last try.
  DeviceBlocks(int device, std::function<void()> make_room);
  DeviceBlocks(const DeviceBlocks&) = delete;
  DeviceBlocks& operator=(const DeviceBlocks&) = delete;
  ~DeviceBlocks() override;

  void* allocate(std::size_t bytes) override;
  void release(void* memory, std::size_t bytes) noexcept override;
  std::size_t size_class(std::size_t bytes) const override;
  std::size_t kept_bytes() const override;

  // Gives what the driver keeps for us back to other programs.
  void trim() noexcept;

 private:
  cudaError_t try_allocate(void** memory, std::size_t bytes);

  std::function<void()> make_room_;
  cudaStream_t stream_ = nullptr;
  cudaMemPool_t pool_ = nullptr;
};

}  // namespace diorama::cuda

#include "device_blocks.h"

#include "device.h"
#include "error.h"

namespace diorama::cuda {

DeviceBlocks::DeviceBlocks(int device, std::function<void()> make_room) : make_room_(std::move(make_room)) {
  cudaMemPoolProps properties = {};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.location.type = cudaMemLocationTypeDevice;
  properties.location.id = device;
  check_cuda(cudaMemPoolCreate(&pool_, &properties), "context_create");
  check_cuda(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "context_create");
}

DeviceBlocks::~DeviceBlocks() {
  cudaStreamSynchronize(stream_);
  cudaStreamDestroy(stream_);
  cudaMemPoolDestroy(pool_);
}

cudaError_t DeviceBlocks::try_allocate(void** memory, std::size_t bytes) {
  const cudaError_t status = cudaMallocFromPoolAsync(memory, bytes, pool_, stream_);
  if (status != cudaSuccess) {
    cudaGetLastError();
    return status;
  }
  return cudaStreamSynchronize(stream_);
}

void* DeviceBlocks::allocate(std::size_t bytes) {
  void* memory = nullptr;
  cudaError_t status = try_allocate(&memory, bytes);
  if (status == cudaErrorMemoryAllocation) {
    make_room_();
    status = try_allocate(&memory, bytes);
  }
  if (status == cudaErrorMemoryAllocation) {
    std::size_t available = 0, total = 0;
    check_cuda(cudaMemGetInfo(&available, &total), "memory_allocate");
    raise(DIO_STATUS_OUT_OF_MEMORY, "the device has " + std::to_string(available) + " of its " +
                                        std::to_string(total) + " bytes of memory left, but " +
                                        std::to_string(bytes) +
                                        " more are needed; use smaller sizes, --max-vram or a larger card");
  }
  check_cuda(status, "memory_allocate");
  return memory;
}

void DeviceBlocks::trim() noexcept {
  cudaStreamSynchronize(stream_);
  cudaMemPoolTrimTo(pool_, 0);
}

void DeviceBlocks::release(void* memory, std::size_t) noexcept { cudaFreeAsync(memory, stream_); }

std::size_t DeviceBlocks::size_class(std::size_t bytes) const {
#if !defined(DIORAMA_SIMT)
  return eighth_size_class(bytes);
#else
  return bytes;  // so that the first byte beyond a block is out of bounds
#endif
}

// Everything: memory that comes and goes costs waiting. What is over goes back when the device has none left.
std::size_t DeviceBlocks::kept_bytes() const { return ~std::size_t{0}; }

}  // namespace diorama::cuda

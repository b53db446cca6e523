#include "staging.h"

#include <algorithm>
#include <cstring>

#include "device.h"

namespace diorama::cuda {

Staging::~Staging() {
  for (const cudaEvent_t event : done_) {
    if (event) cudaEventDestroy(event);
  }
  if (memory_) cudaFreeHost(memory_);
}

void Staging::prepare() {
  if (memory_) return;
  for (cudaEvent_t& event : done_) {
    if (!event) check_cuda(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "memory_copy");
  }
  void* memory = nullptr;
  check_cuda(cudaHostAlloc(&memory, 2 * kHalf, cudaHostAllocDefault), "memory_copy");
  memory_ = static_cast<char*>(memory);
}

void Staging::upload(void* to, const void* from, std::size_t bytes, cudaStream_t stream) {
  prepare();
  for (std::size_t done = 0; done < bytes;) {
    const std::size_t piece = std::min(kHalf, bytes - done);
    check_cuda(cudaEventSynchronize(done_[next_]), "memory_copy");
    std::memcpy(half(next_), static_cast<const char*>(from) + done, piece);
    check_cuda(
        cudaMemcpyAsync(static_cast<char*>(to) + done, half(next_), piece, cudaMemcpyHostToDevice, stream),
        "memory_copy");
    check_cuda(cudaEventRecord(done_[next_], stream), "memory_copy");
    next_ ^= 1;
    done += piece;
  }
}

void Staging::download(void* to, const void* from, std::size_t bytes, cudaStream_t stream) {
  prepare();
  std::size_t asked = 0, arrived = 0, sizes[2] = {};
  for (int under_way = 0; arrived < bytes;) {
    while (under_way < 2 && asked < bytes) {
      const int slot = (next_ + under_way) & 1;
      sizes[slot] = std::min(kHalf, bytes - asked);
      check_cuda(cudaEventSynchronize(done_[slot]), "memory_copy");
      check_cuda(cudaMemcpyAsync(half(slot), static_cast<const char*>(from) + asked, sizes[slot],
                                 cudaMemcpyDeviceToHost, stream),
                 "memory_copy");
      check_cuda(cudaEventRecord(done_[slot], stream), "memory_copy");
      asked += sizes[slot];
      ++under_way;
    }
    check_cuda(cudaEventSynchronize(done_[next_]), "memory_copy");
    std::memcpy(static_cast<char*>(to) + arrived, half(next_), sizes[next_]);
    arrived += sizes[next_];
    next_ ^= 1;
    --under_way;
  }
}

}  // namespace diorama::cuda

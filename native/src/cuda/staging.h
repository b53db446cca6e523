#pragma once

#include <cuda_runtime.h>

#include <cstddef>

namespace diorama::cuda {

// Pinned memory in two halves, through which pageable memory is copied while the other half is under way.
class Staging {
 public:
  Staging() = default;
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  ~Staging();

  // `from` is free again on return; the copy itself is in the stream's order.
  void upload(void* to, const void* from, std::size_t bytes, cudaStream_t stream);
  // Everything is in `to` on return.
  void download(void* to, const void* from, std::size_t bytes, cudaStream_t stream);

 private:
  static constexpr std::size_t kHalf = std::size_t{8} << 20;

  void prepare();
  char* half(int i) const { return memory_ + static_cast<std::size_t>(i) * kHalf; }

  char* memory_ = nullptr;
  cudaEvent_t done_[2] = {};
  int next_ = 0;
};

}  // namespace diorama::cuda

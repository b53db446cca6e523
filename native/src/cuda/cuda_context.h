#pragma once

// The context of the CUDA library (and, compiled against kernels/simt, of its stand-in on the host): a
// stream, a pool of device memory, pinned staging, graphs.

#include <cuda_runtime.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "context.h"
#include "device.h"
#include "device_blocks.h"
#include "memory_pool.h"
#include "staging.h"

namespace diorama::cuda {

// A graph and the memory that its intermediate results lie in.
class CudaGraph final : public Graph {
 public:
  explicit CudaGraph(std::shared_ptr<MemoryPool> pool) : pool_(std::move(pool)) {}
  CudaGraph(const CudaGraph&) = delete;
  CudaGraph& operator=(const CudaGraph&) = delete;
  ~CudaGraph() override;

 private:
  friend class CudaContext;
  std::shared_ptr<MemoryPool> pool_;
  cudaGraphExec_t executable_ = nullptr;
};

class CudaContext;

// Something that an operation keeps in a context from call to call: a library's handle, what it found out
// about shapes.
class ContextPart {
 public:
  virtual ~ContextPart() = default;
};

class CudaContext final : public Context {
 public:
  CudaContext(const Operations& operations, const Device& device, int threads);
  CudaContext(const CudaContext&) = delete;
  CudaContext& operator=(const CudaContext&) = delete;
  ~CudaContext() override;

  void* scratch(std::size_t bytes) override;
  // Makes the context's device the thread's as well: every operation begins with this call.
  void reset_scratch() override;
  void* allocate(std::size_t bytes) override;
  void free(void* memory) override;
  void copy(void* destination, const void* source, std::size_t bytes, dio_copy_direction direction) override;
  void synchronize() override;
  void* stream() override { return stream_; }
  dio_memory_stats memory() const override;
  void trim() override;
  bool memory_on_host() const override { return false; }
  DeviceMemory device_memory() const override;
  const char* description() override;
  void use_stream(void* stream) override;
  void begin_graph() override;
  std::unique_ptr<Graph> end_graph() override;
  void launch(Graph& graph) override;
  void cancel_graph() noexcept override;

  const Device& device() const { return device_; }
  cudaStream_t cuda_stream() const { return stream_; }
  bool recording() const { return recording_ != nullptr; }
  // The context's one Part, made by Part(*this) when it is first asked for.
  template <typename Part>
  Part& part() {
    static constexpr char kKey = 0;
    for (auto& [key, part] : parts_) {
      if (key == &kKey) return static_cast<Part&>(*part);
    }
    parts_.emplace_back(&kKey, std::make_unique<Part>(*this));
    return static_cast<Part&>(*parts_.back().second);
  }
  // From the host to device memory by way of pinned memory; `from` is free again on return. Not while
  // recording.
  void upload(void* to, const void* from, std::size_t bytes);

 private:
  MemoryPool& current_pool() { return recording_ ? *recording_ : pool_; }
  void bind() const;
  void note_peak();
  void not_while_recording(const char* what) const;
  std::size_t reserved() const;

  Device device_;
  cudaStream_t own_stream_ = nullptr;
  cudaStream_t stream_ = nullptr;
  DeviceBlocks blocks_;
  MemoryPool pool_;
  Staging staging_;
  std::vector<void*> scratch_;
  std::shared_ptr<MemoryPool> recording_;
  // Of graphs that live, and of those that are gone but whose results are still in use.
  std::vector<std::shared_ptr<MemoryPool>> graph_pools_;
  std::size_t peak_ = 0;
  std::string description_;
  std::vector<std::pair<const void*, std::unique_ptr<ContextPart>>> parts_;
};

inline CudaContext& on_cuda(Context& context) { return static_cast<CudaContext&>(context); }

}  // namespace diorama::cuda

#pragma once

#include "context.h"
#include "memory_pool.h"
#include "scratch_arena.h"

namespace diorama {

// The context of every backend that computes on the host: work is done when a call returns.
class CpuContext final : public Context {
 public:
  CpuContext(const Operations& operations, int threads) : Context(operations, threads) {}

  void* scratch(std::size_t bytes) override;
  void reset_scratch() override;
  void* allocate(std::size_t bytes) override;
  void free(void* memory) override;
  void copy(void* destination, const void* source, std::size_t bytes, dio_copy_direction direction) override;
  void synchronize() override {}
  void* stream() override { return nullptr; }
  dio_memory_stats memory() const override;
  void trim() override;
  DeviceMemory device_memory() const override;
  const char* description() override;
  void use_stream(void* stream) override;
  void begin_graph() override;
  std::unique_ptr<Graph> end_graph() override;
  void launch(Graph& graph) override;

 private:
  void note_peak();

  MemoryPool pool_;
  ScratchArena scratch_;
  std::size_t peak_ = 0;
};

}  // namespace diorama

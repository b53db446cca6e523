#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "diorama.h"

namespace diorama {

struct Operations;

// Operations recorded by a context, for that context to run again.
class Graph {
 public:
  virtual ~Graph() = default;
};

// What a kernel sees of a context: how many threads it may use, and scratch memory. Contexts are made per
// backend; the CPU one is in context_cpu.h.
class Context {
 public:
  virtual ~Context() = default;

  // Host threads a kernel may use.
  int threads() const { return threads_; }
  const Operations& operations() const { return *operations_; }
  // Whether products of f32 may round their operands to tf32; only devices that have it look at this.
  bool allow_tf32() const { return allow_tf32_; }
  void allow_tf32(bool allowed) { allow_tf32_ = allowed; }
  // Whether products may be left to cuBLASLt.
  bool allow_cublas() const { return allow_cublas_; }
  void allow_cublas(bool allowed) { allow_cublas_ = allowed; }

  // Temporary memory, aligned to 64 bytes, not cleared. Valid until the next operation on the context begins;
  // several calls inside one operation give distinct blocks. Grows once, then costs nothing.
  virtual void* scratch(std::size_t bytes) = 0;
  // Called at the start of every operation: all scratch blocks become free again.
  virtual void reset_scratch() = 0;

  virtual void* allocate(std::size_t bytes) = 0;
  virtual void free(void* memory) = 0;
  virtual void copy(void* destination, const void* source, std::size_t bytes,
                    dio_copy_direction direction) = 0;
  virtual void synchronize() = 0;
  virtual void* stream() = 0;
  virtual dio_memory_stats memory() const = 0;
  virtual void trim() = 0;

  // What dio_context_description tells.
  virtual const char* description() { return ""; }

  // Whether the host may read and write what tensors point to.
  virtual bool memory_on_host() const { return true; }
  struct DeviceMemory {
    int64_t free_bytes, total_bytes;
  };
  virtual DeviceMemory device_memory() const = 0;
  virtual void use_stream(void* stream) = 0;
  virtual void begin_graph() = 0;
  virtual std::unique_ptr<Graph> end_graph() = 0;
  virtual void launch(Graph& graph) = 0;
  // Forgets what is being recorded, if anything is.
  virtual void cancel_graph() noexcept {}

  template <typename T>
  T* scratch_array(std::size_t count) {
    return static_cast<T*>(scratch(count * sizeof(T)));
  }

 protected:
  Context(const Operations& operations, int threads) : operations_(&operations), threads_(threads) {}

 private:
  const Operations* operations_;
  int threads_;
  bool allow_tf32_ = false;
  bool allow_cublas_ = true;
};

}  // namespace diorama

#include "context_cpu.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "error.h"
#include "operations.h"

namespace diorama {
namespace {

[[noreturn]] void no_graphs() {
  raise(DIO_STATUS_UNSUPPORTED,
        "graphs exist on the backend cuda alone; call the operations themselves, which costs nothing here");
}

}  // namespace

void CpuContext::note_peak() { peak_ = std::max(peak_, pool_.reserved() + scratch_.reserved()); }

const char* CpuContext::description() { return operations().backend; }

void* CpuContext::scratch(std::size_t bytes) {
  void* memory = scratch_.take(bytes);
  note_peak();
  return memory;
}

void CpuContext::reset_scratch() { scratch_.reset(); }

void* CpuContext::allocate(std::size_t bytes) {
  void* memory = pool_.allocate(bytes);
  note_peak();
  return memory;
}

void CpuContext::free(void* memory) {
  if (!pool_.free(memory)) {
    throw Error(DIO_STATUS_INVALID_ARGUMENT,
                "memory_free: memory was not allocated from this context, or has been freed already");
  }
}

void CpuContext::copy(void* destination, const void* source, std::size_t bytes, dio_copy_direction) {
  std::memmove(destination, source, bytes);
}

dio_memory_stats CpuContext::memory() const {
  return {static_cast<int64_t>(pool_.allocated()),
          static_cast<int64_t>(pool_.reserved() + scratch_.reserved()), static_cast<int64_t>(peak_)};
}

void CpuContext::trim() {
  pool_.trim();
  scratch_.release();
}

CpuContext::DeviceMemory CpuContext::device_memory() const {
  const int64_t page = sysconf(_SC_PAGESIZE);
  return {sysconf(_SC_AVPHYS_PAGES) * page, sysconf(_SC_PHYS_PAGES) * page};
}

void CpuContext::use_stream(void*) {
  raise(DIO_STATUS_UNSUPPORTED, "context_use_stream: streams exist on the backend cuda alone");
}

void CpuContext::begin_graph() { no_graphs(); }
std::unique_ptr<Graph> CpuContext::end_graph() { no_graphs(); }
void CpuContext::launch(Graph&) { no_graphs(); }

}  // namespace diorama

#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <unordered_map>

namespace diorama {

// Blocks straight from the system: aligned to 64 bytes, on their own pages from 256 KiB on (so that giving
// one back really shrinks the process, and no heap fragments), on huge pages from 4 MiB on. Throws Error(out
// of memory).
void* system_allocate(std::size_t bytes);
void system_free(void* memory, std::size_t bytes) noexcept;

// Host memory by size classes, eight to a doubling. Freed blocks wait for the next request of their class;
// those that have waited longest go back to the system once more than kKeptBytes wait, so a service whose
// requests change in size neither grows nor fragments. Not thread-safe: a context is used by one thread at a
// time.
class MemoryPool {
 public:
  static constexpr std::size_t kKeptBytes = std::size_t{256} << 20;

  MemoryPool() = default;
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;
  ~MemoryPool();

  void* allocate(std::size_t bytes);
  // False when the pool did not hand out this block, or it is free already.
  bool free(void* memory) noexcept;
  // Gives waiting blocks back until at most `keep` bytes wait.
  void trim(std::size_t keep = 0) noexcept;

  std::size_t allocated() const { return allocated_; }
  std::size_t reserved() const { return reserved_; }

  static std::size_t size_class(std::size_t bytes);

 private:
  struct Live {
    std::size_t requested;
    std::size_t size;
  };
  struct Waiting {
    void* memory;
    std::size_t size;
  };

  std::unordered_map<void*, Live> live_;
  std::list<Waiting> waiting_;  // longest first
  std::multimap<std::size_t, std::list<Waiting>::iterator> by_size_;
  std::size_t waiting_bytes_ = 0;
  std::size_t allocated_ = 0;
  std::size_t reserved_ = 0;
};

}  // namespace diorama

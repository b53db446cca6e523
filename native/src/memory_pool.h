#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <unordered_map>

namespace diorama {

// Eight classes to a doubling.
std::size_t eighth_size_class(std::size_t bytes);

// Blocks straight from the system: aligned to 64 bytes, on their own pages from 256 KiB on (so that giving
// one back really shrinks the process, and no heap fragments), on huge pages from 4 MiB on. Throws Error(out
// of memory).
void* system_allocate(std::size_t bytes);
void system_free(void* memory, std::size_t bytes) noexcept;

// Where a pool's blocks come from.
class BlockSource {
 public:
  virtual ~BlockSource() = default;
  // Throws Error(out of memory).
  virtual void* allocate(std::size_t bytes) = 0;
  virtual void release(void* memory, std::size_t bytes) noexcept = 0;
  // The size of the block that serves a request.
  virtual std::size_t size_class(std::size_t bytes) const = 0;
  // How much a pool keeps waiting.
  virtual std::size_t kept_bytes() const = 0;
};

// Host memory, straight from the system.
BlockSource& host_blocks();

// Memory by size classes. Freed blocks wait for the next request of their class; those that have waited
// longest go back to the source once more than its kept_bytes() wait, so a service whose requests change in
// size neither grows nor fragments. Not thread-safe: a context is used by one thread at a time.
class MemoryPool {
 public:
  explicit MemoryPool(BlockSource& source = host_blocks()) : source_(source) {}
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;
  ~MemoryPool();

  void* allocate(std::size_t bytes);
  // False when the pool did not hand out this block, or it is free already.
  bool free(void* memory) noexcept;
  // Gives waiting blocks back until at most `keep` bytes wait.
  void trim(std::size_t keep = 0) noexcept;

  // Whether the pool handed this block out and has not got it back.
  bool owns(void* memory) const { return live_.find(memory) != live_.end(); }
  bool has_live_blocks() const { return !live_.empty(); }
  std::size_t allocated() const { return allocated_; }
  std::size_t reserved() const { return reserved_; }

 private:
  struct Live {
    std::size_t requested;
    std::size_t size;
  };
  struct Waiting {
    void* memory;
    std::size_t size;
  };

  BlockSource& source_;
  std::unordered_map<void*, Live> live_;
  std::list<Waiting> waiting_;  // longest first
  std::multimap<std::size_t, std::list<Waiting>::iterator> by_size_;
  std::size_t waiting_bytes_ = 0;
  std::size_t allocated_ = 0;
  std::size_t reserved_ = 0;
};

}  // namespace diorama

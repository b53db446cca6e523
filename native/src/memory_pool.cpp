#include "memory_pool.h"

#include <sys/mman.h>

#include <cstdlib>
#include <new>
#include <string>

#include "error.h"

namespace diorama {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kMapFrom = std::size_t{256} << 10;
constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kHugeFrom = 2 * kHugePage;
constexpr std::size_t kLargest = std::size_t{1} << 46;
constexpr std::size_t kSmallest = 256;

std::size_t round_up(std::size_t value, std::size_t unit) { return (value + unit - 1) / unit * unit; }

[[noreturn]] void fail(std::size_t bytes) {
  raise(DIO_STATUS_OUT_OF_MEMORY,
        "the system has no " + std::to_string(bytes) +
            " bytes of memory left; use smaller sizes or a machine with more memory");
}

// Maps `bytes` at a multiple of a huge page: maps one more, then gives the ends back.
void* map_huge(std::size_t bytes) {
  const std::size_t mapped = bytes + kHugePage;
  void* memory = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) fail(bytes);
  char* begin = static_cast<char*>(memory);
  char* aligned = reinterpret_cast<char*>(round_up(reinterpret_cast<std::uintptr_t>(begin), kHugePage));
  if (aligned != begin) munmap(begin, static_cast<std::size_t>(aligned - begin));
  const std::size_t behind = static_cast<std::size_t>(begin + mapped - (aligned + bytes));
  if (behind != 0) munmap(aligned + bytes, behind);
  madvise(aligned, bytes, MADV_HUGEPAGE);
  return aligned;
}

}  // namespace

void* system_allocate(std::size_t bytes) {
  if (bytes > kLargest) fail(bytes);
  if (bytes >= kHugeFrom) return map_huge(round_up(bytes, 4096));
  if (bytes >= kMapFrom) {
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) fail(bytes);
    return memory;
  }
  void* memory = std::aligned_alloc(kAlignment, round_up(bytes, kAlignment));
  if (memory == nullptr) fail(bytes);
  return memory;
}

void system_free(void* memory, std::size_t bytes) noexcept {
  if (memory == nullptr) return;
  if (bytes >= kMapFrom) {
    munmap(memory, round_up(bytes, 4096));
  } else {
    std::free(memory);
  }
}

std::size_t eighth_size_class(std::size_t bytes) {
  if (bytes <= kSmallest) return kSmallest;
  std::size_t step = kSmallest / 8;
  while (step * 16 < bytes) step *= 2;
  return round_up(bytes, step);
}

namespace {

class HostBlocks final : public BlockSource {
 public:
  void* allocate(std::size_t bytes) override { return system_allocate(bytes); }
  void release(void* memory, std::size_t bytes) noexcept override { system_free(memory, bytes); }
  std::size_t size_class(std::size_t bytes) const override { return eighth_size_class(bytes); }
  std::size_t kept_bytes() const override { return std::size_t{256} << 20; }
};

}  // namespace

BlockSource& host_blocks() {
  static HostBlocks* const blocks =
      new HostBlocks;  // never destroyed: a context may be closed as the process ends
  return *blocks;
}

MemoryPool::~MemoryPool() {
  for (const auto& [memory, block] : live_) source_.release(memory, block.size);
  trim();
}

void* MemoryPool::allocate(std::size_t bytes) {
  if (bytes > kLargest) fail(bytes);
  const std::size_t size = source_.size_class(bytes);
  const auto [first, last] = by_size_.equal_range(size);
  void* memory = nullptr;
  if (first != last) {
    const auto found = std::prev(last);  // freed last, so likely in a cache
    memory = found->second->memory;
    live_.emplace(memory, Live{bytes, size});
    waiting_.erase(found->second);
    by_size_.erase(found);
    waiting_bytes_ -= size;
  } else {
    memory = source_.allocate(size);
    try {
      live_.emplace(memory, Live{bytes, size});
    } catch (...) {
      source_.release(memory, size);
      throw;
    }
    reserved_ += size;
  }
  allocated_ += bytes;
  return memory;
}

bool MemoryPool::free(void* memory) noexcept {
  const auto found = live_.find(memory);
  if (found == live_.end()) return false;
  const Live block = found->second;
  live_.erase(found);
  allocated_ -= block.requested;
  try {
    waiting_.push_back({memory, block.size});
    try {
      by_size_.emplace(block.size, std::prev(waiting_.end()));
    } catch (...) {
      waiting_.pop_back();
      throw;
    }
    waiting_bytes_ += block.size;
  } catch (const std::bad_alloc&) {
    source_.release(memory, block.size);
    reserved_ -= block.size;
  }
  trim(source_.kept_bytes());
  return true;
}

void MemoryPool::trim(std::size_t keep) noexcept {
  while (waiting_bytes_ > keep) {
    const auto oldest = waiting_.begin();
    const auto [first, last] = by_size_.equal_range(oldest->size);
    for (auto entry = first; entry != last; ++entry) {
      if (entry->second == oldest) {
        by_size_.erase(entry);
        break;
      }
    }
    waiting_bytes_ -= oldest->size;
    reserved_ -= oldest->size;
    source_.release(oldest->memory, oldest->size);
    waiting_.erase(oldest);
  }
}

}  // namespace diorama

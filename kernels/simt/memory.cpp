#include "kernels/simt/memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstring>
#include <map>
#include <mutex>

namespace diorama::simt {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kAlignment = 16;

std::size_t round_up(std::size_t value, std::size_t unit) { return (value + unit - 1) / unit * unit; }

struct Block {
  std::size_t bytes;
  char* pages;             // what may be opened
  std::size_t page_bytes;  // a guard page lies on either side
};

std::mutex mutex;
int openers = 0;
std::size_t total_bytes = 0;

// Not destroyed at exit: contexts of other threads may still free.
std::map<std::uintptr_t, Block>& blocks() {
  static auto* const all = new std::map<std::uintptr_t, Block>();
  return *all;
}

std::uintptr_t number(const void* address) { return reinterpret_cast<std::uintptr_t>(address); }

void protect_all(int protection) {
  for (const auto& [start, block] : blocks()) mprotect(block.pages, block.page_bytes, protection);
}

}  // namespace

void* allocate_device(std::size_t bytes) {
  const std::size_t rounded = round_up(bytes == 0 ? 1 : bytes, kAlignment);
  const std::size_t page_bytes = round_up(rounded, kPage);
  void* mapped =
      mmap(nullptr, page_bytes + 2 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  char* pages = static_cast<char*>(mapped) + kPage;
  char* memory = pages + page_bytes - rounded;
  const std::lock_guard lock(mutex);
  mprotect(pages, page_bytes, PROT_READ | PROT_WRITE);
  std::memset(pages, 0xFF, page_bytes);
  if (openers == 0) mprotect(pages, page_bytes, PROT_NONE);
  blocks().emplace(number(memory), Block{bytes, pages, page_bytes});
  total_bytes += bytes;
  return memory;
}

bool free_device(void* memory) {
  const std::lock_guard lock(mutex);
  const auto found = blocks().find(number(memory));
  if (found == blocks().end()) return false;
  munmap(found->second.pages - kPage, found->second.page_bytes + 2 * kPage);
  total_bytes -= found->second.bytes;
  blocks().erase(found);
  return true;
}

std::size_t device_bytes() {
  const std::lock_guard lock(mutex);
  return total_bytes;
}

bool is_device_memory(const void* address) {
  const std::lock_guard lock(mutex);
  auto next = blocks().upper_bound(number(address));
  if (next == blocks().begin()) return false;
  const auto& [start, block] = *std::prev(next);
  return number(address) <= start + block.bytes;  // one past the end belongs to it as well
}

DeviceMemoryOpen::DeviceMemoryOpen() {
  const std::lock_guard lock(mutex);
  if (openers++ == 0) protect_all(PROT_READ | PROT_WRITE);
}

DeviceMemoryOpen::~DeviceMemoryOpen() {
  const std::lock_guard lock(mutex);
  if (--openers == 0) protect_all(PROT_NONE);
}

std::string describe_address(const void* address) {
  const std::uintptr_t at = number(address);
  const auto next = blocks().upper_bound(at);
  if (next != blocks().begin()) {
    const auto& [start, block] = *std::prev(next);
    if (at >= start + block.bytes && at - start - block.bytes < (std::size_t{1} << 20)) {
      return std::to_string(at - start - block.bytes) + " bytes beyond the end of a block of " +
             std::to_string(block.bytes) + " bytes";
    }
    if (at < start + block.bytes) return "inside a block of " + std::to_string(block.bytes) + " bytes";
  }
  if (next != blocks().end() && next->first - at < (std::size_t{1} << 20)) {
    return std::to_string(next->first - at) + " bytes before a block of " +
           std::to_string(next->second.bytes) + " bytes";
  }
  return at < kPage ? "near the null pointer" : "outside of every block of device memory";
}

}  // namespace diorama::simt

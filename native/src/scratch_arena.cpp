#include "scratch_arena.h"

#include <algorithm>

#include "memory_pool.h"

namespace diorama {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kSmallestChunk = std::size_t{64} << 10;
constexpr std::size_t kWorthShrinking = std::size_t{64} << 20;
constexpr int kWindow = 256;  // operations

}  // namespace

ScratchArena::~ScratchArena() { release(); }

void ScratchArena::add_chunk(std::size_t bytes) {
  const std::size_t size = eighth_size_class(std::max(bytes, kSmallestChunk));
  chunks_.reserve(chunks_.size() + 1);
  chunks_.push_back({static_cast<char*>(system_allocate(size)), size});
  reserved_ += size;
}

void* ScratchArena::take(std::size_t bytes) {
  const std::size_t size = (std::max<std::size_t>(bytes, 1) + kAlignment - 1) / kAlignment * kAlignment;
  if (chunks_.empty()) add_chunk(size);
  needed_ += size;
  if (used_ + size <= chunks_.front().size) {
    char* block = chunks_.front().memory + used_;
    used_ += size;
    return block;
  }
  add_chunk(size);
  return chunks_.back().memory;
}

void ScratchArena::reset() {
  window_peak_ = std::max(window_peak_, needed_);
  if (chunks_.size() > 1) {
    const std::size_t needed = needed_;
    release();
    add_chunk(needed);
  } else if (++window_ >= kWindow) {
    if (reserved_ > kWorthShrinking && window_peak_ < reserved_ / 4) release();
    window_ = 0;
    window_peak_ = 0;
  }
  used_ = 0;
  needed_ = 0;
}

void ScratchArena::release() noexcept {
  for (const Chunk& chunk : chunks_) system_free(chunk.memory, chunk.size);
  chunks_.clear();
  reserved_ = 0;
  used_ = 0;
}

}  // namespace diorama

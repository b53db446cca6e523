#pragma once

#include <cstddef>
#include <vector>

namespace diorama {

// Temporary memory of one operation at a time. Blocks keep their addresses until reset(); what did not fit
// goes into extra chunks, and the next reset() merges all into one, so that a repeated operation allocates
// nothing. A chunk far larger than what recent operations needed is given back.
class ScratchArena {
 public:
  ScratchArena() = default;
  ScratchArena(const ScratchArena&) = delete;
  ScratchArena& operator=(const ScratchArena&) = delete;
  ~ScratchArena();

  void* take(std::size_t bytes);
  void reset();
  // Gives everything back. Only between operations.
  void release() noexcept;

  std::size_t reserved() const { return reserved_; }

 private:
  struct Chunk {
    char* memory;
    std::size_t size;
  };

  void add_chunk(std::size_t bytes);

  std::vector<Chunk> chunks_;
  std::size_t used_ = 0;         // of the first chunk
  std::size_t needed_ = 0;       // by this operation
  std::size_t window_peak_ = 0;  // by any of the last operations
  int window_ = 0;
  std::size_t reserved_ = 0;
};

}  // namespace diorama

#pragma once

// One block of a grid on one host thread: its CUDA threads are fibers, run in turn until each waits for
// others.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernels/simt/fiber.h"
#include "kernels/simt/vectors.h"

namespace diorama::simt {

inline constexpr int kWarp = 32;
inline constexpr int kNamedBarriers = 16;

// A copy by cp.async that has been asked for and not been waited for.
struct PendingCopy {
  void* to;
  const void* from;
  int bytes;
  bool valid;
  int64_t group;
};

struct Thread {
  enum class State { kReady, kWaiting, kDone };

  uint3 index = {0, 0, 0};
  int number = 0;  // in the block
  int lane = 0;
  Fiber fiber;
  State state = State::kReady;
  const char* waits_for = "";        // for reports
  bool (*is_over)(void*) = nullptr;  // asked while waiting; null: somebody else sets the state
  void* is_over_argument = nullptr;
  std::vector<PendingCopy> copies;
  int64_t copy_group = 0;
};

// What a collective of a warp sees: argument[lane] of the lanes in the mask.
struct WarpCall {
  unsigned mask;
  void* arguments[kWarp];
};

class Block;

// What some instructions keep for a block as long as it runs, beside its memory.
struct Attachment {
  virtual ~Attachment() = default;
  // What is wrong with it once all threads have returned ("returns with ..."), or "".
  virtual std::string unfinished(const Block& block) const = 0;
};

class Block {
 public:
  // The block this host thread runs at the moment, or null.
  static Block* running();

  Block(const char* kernel, dim3 grid, dim3 block, std::size_t shared_bytes);
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block();

  // Runs body once for each thread of block `index`. Returns what went wrong, or "".
  std::string run(uint3 index, const std::function<void()>& body);

  Thread& current() { return *current_; }
  uint3 index() const { return index_; }
  dim3 shape() const { return block_; }
  dim3 grid() const { return grid_; }
  int threads() const { return static_cast<int>(thread_count_); }
  char* shared() { return shared_; }
  std::size_t shared_bytes() const { return shared_bytes_; }

  // __syncthreads; `value` is added up over the block and the sum returned.
  int barrier(int value);
  void named_barrier(int id, int threads, bool wait);
  // All lanes of `mask` meet here with the same perform; the last to arrive calls it for all.
  void meet(const char* what, unsigned mask, void* argument, void (*perform)(WarpCall&));
  // The thread waits until is_over(argument), which other threads bring about.
  void wait(const char* what, bool (*is_over)(void*), void* argument);

  // Ends the block with a report; does not return to the kernel.
  [[noreturn]] void fail(const std::string& what);
  // For the handler of faults: as fail, but to be entered by setting the instruction pointer.
  [[noreturn]] void abandon();
  bool is_stack_guard(const void* address) const;
  void set_failure(const std::string& what);
  // The block's T, made at the first call from the block itself.
  template <typename T>
  T& attachment() {
    for (const auto& held : attachments_) {
      if (auto* found = dynamic_cast<T*>(held.get())) return *found;
    }
    attachments_.push_back(std::make_unique<T>(*this));
    return static_cast<T&>(*attachments_.back());
  }

 private:
  struct Meeting {
    const char* what;
    unsigned mask;
    unsigned arrived;
    void (*perform)(WarpCall&);
    WarpCall call;
  };
  struct NamedBarrier {
    int arrived = 0;
    int expected = 0;
    uint64_t round = 0;
  };

  static void thread_body(void* thread);
  void block_here(const char* what);
  void complete_barrier_if_all_here();
  unsigned lanes_of(int warp) const;
  std::string stuck() const;

  const char* kernel_;
  dim3 grid_, block_;
  unsigned thread_count_;
  uint3 index_ = {0, 0, 0};
  std::vector<std::unique_ptr<Thread>> threads_;
  std::vector<std::vector<Meeting>> meetings_;  // of each warp
  NamedBarrier named_[kNamedBarriers];
  Thread* current_ = nullptr;
  int at_barrier_ = 0;
  int barrier_sum_ = 0, barrier_result_ = 0;
  char* shared_ = nullptr;
  std::size_t shared_bytes_ = 0;
  const std::function<void()>* body_ = nullptr;
  std::string failure_;
  std::vector<std::unique_ptr<Attachment>> attachments_;
};

}  // namespace diorama::simt

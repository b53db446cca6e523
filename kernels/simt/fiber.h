#pragma once

#include <cstddef>
#include <memory>

namespace diorama::simt {

// A stack of execution of its own, run by whoever resumes it until it yields: one thread of a CUDA block.
// Fibers stay on the host thread that made them.
class Fiber {
 public:
  using Body = void (*)(void* argument);

  Fiber() = default;
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // The next resume() begins body(argument) on this stack, which ends with it by finish(). What ran on the
  // stack before is forgotten.
  void prepare(void* stack, std::size_t bytes, Body body, void* argument);
  // Runs until yield() or finish().
  void resume();
  // On the fiber: back to who resumed it.
  void yield();
  [[noreturn]] void finish();

 private:
  static void begin(Fiber* fiber);
  void enter_resumer(bool last);

  void* own_ = nullptr;      // the stack pointer while it does not run
  void* resumer_ = nullptr;  // of who resumed it
  Body body_ = nullptr;
  void* argument_ = nullptr;
  void* bottom_ = nullptr;
  std::size_t bytes_ = 0;
  // For AddressSanitizer, which must be told of every change of stack.
  void* own_fake_ = nullptr;
  void* resumer_fake_ = nullptr;
  const void* resumer_bottom_ = nullptr;
  std::size_t resumer_bytes_ = 0;
};

// Stacks for the threads of one block, each with a guard page below it; made once for a host thread.
class Stacks {
 public:
  static constexpr int kCount = 1024;
#if defined(__SANITIZE_ADDRESS__)
  static constexpr std::size_t kBytes = std::size_t{256} << 10;
#else
  static constexpr std::size_t kBytes = std::size_t{64} << 10;
#endif
  Stacks();
  Stacks(const Stacks&) = delete;
  Stacks& operator=(const Stacks&) = delete;
  ~Stacks();
  void* operator[](int i) const;
  // Whether the address lies in a guard page: a stack has run over.
  bool is_guard(const void* address) const;

 private:
  char* memory_;
};

}  // namespace diorama::simt

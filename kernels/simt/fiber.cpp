#include "kernels/simt/fiber.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

#if !defined(__x86_64__)
#error \
    "kernels/simt switches stacks by x86-64 instructions; other processors need their own diorama_simt_switch"
#endif

// Saves the registers a call must preserve, puts the stack pointer into *from, and goes on where `to` left
// off.
extern "C" void diorama_simt_switch(void** from, void* to);
asm(R"(
.text
.type diorama_simt_switch, @function
.hidden diorama_simt_switch
.globl diorama_simt_switch
diorama_simt_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size diorama_simt_switch, .-diorama_simt_switch

# The first frame of a fiber: its Fiber is in %r12, its first function in %r13.
.type diorama_simt_begin, @function
.hidden diorama_simt_begin
.globl diorama_simt_begin
diorama_simt_begin:
  movq %r12, %rdi
  callq *%r13
  ud2
.size diorama_simt_begin, .-diorama_simt_begin
)");
extern "C" void diorama_simt_begin();

namespace diorama::simt {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kSlot = Stacks::kBytes + kPage;

}  // namespace

void Fiber::prepare(void* stack, std::size_t bytes, Body body, void* argument) {
  bottom_ = stack;
  bytes_ = bytes;
  body_ = body;
  argument_ = argument;
  own_fake_ = nullptr;
  // Two words of nothing: a function is entered with its stack 8 bytes off a multiple of 16.
  void** top = reinterpret_cast<void**>(static_cast<char*>(stack) + bytes) - 2;
  *--top = reinterpret_cast<void*>(&diorama_simt_begin);
  *--top = nullptr;                                 // rbp
  *--top = nullptr;                                 // rbx
  *--top = this;                                    // r12
  *--top = reinterpret_cast<void*>(&Fiber::begin);  // r13
  *--top = nullptr;                                 // r14
  *--top = nullptr;                                 // r15
  own_ = top;
}

void Fiber::begin(Fiber* fiber) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &fiber->resumer_bottom_, &fiber->resumer_bytes_);
#endif
  fiber->body_(fiber->argument_);
  fiber->finish();
}

void Fiber::resume() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&resumer_fake_, bottom_, bytes_);
#endif
  diorama_simt_switch(&resumer_, own_);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(resumer_fake_, nullptr, nullptr);
#endif
}

void Fiber::enter_resumer([[maybe_unused]] bool last) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(last ? nullptr : &own_fake_, resumer_bottom_, resumer_bytes_);
#endif
  diorama_simt_switch(&own_, resumer_);
}

void Fiber::yield() {
  enter_resumer(false);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(own_fake_, &resumer_bottom_, &resumer_bytes_);
#endif
}

void Fiber::finish() {
  enter_resumer(true);
  std::abort();  // a finished fiber is never resumed
}

Stacks::Stacks() {
  void* memory = mmap(nullptr, kSlot * kCount, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  memory_ = static_cast<char*>(memory);
  for (int i = 0; i < kCount; ++i) mprotect(memory_ + static_cast<std::size_t>(i) * kSlot, kPage, PROT_NONE);
}

Stacks::~Stacks() { munmap(memory_, kSlot * kCount); }

void* Stacks::operator[](int i) const { return memory_ + static_cast<std::size_t>(i) * kSlot + kPage; }

bool Stacks::is_guard(const void* address) const {
  const std::uintptr_t offset =
      reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(memory_);
  return offset < kSlot * kCount && offset % kSlot < kPage;
}

}  // namespace diorama::simt

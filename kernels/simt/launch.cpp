#include "kernels/simt/launch.h"

#include <omp.h>
#include <signal.h>
#include <ucontext.h>

#include <algorithm>
#include <atomic>
#include <cuda_runtime.h>
#include <mutex>

#include "kernels/simt/block.h"
#include "kernels/simt/memory.h"

namespace diorama::simt {
namespace {

struct sigaction previous_segv, previous_bus;

// Entered in place of the instruction that faulted, on the fiber's stack.
void abandon_block() { Block::running()->abandon(); }

// A touch of forbidden memory by a kernel ends its block with a report. Everybody else's faults (the JVM has
// its own uses for them) go where they went before.
void on_fault(int signal, siginfo_t* info, void* raw) {
  Block* block = Block::running();
  if (block == nullptr) {
    const struct sigaction& before = signal == SIGSEGV ? previous_segv : previous_bus;
    if (before.sa_flags & SA_SIGINFO) {
      before.sa_sigaction(signal, info, raw);
    } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
      before.sa_handler(signal);
    } else {
      ::signal(signal, SIG_DFL);  // and the instruction faults again
    }
    return;
  }
  auto* context = static_cast<ucontext_t*>(raw);
  const bool writes = context->uc_mcontext.gregs[REG_ERR] & 2;
  const char* shared = block->shared();
  const char* at = static_cast<const char*>(info->si_addr);
  std::string where;
  if (block->is_stack_guard(at)) {
    where = "runs over its stack";
  } else if (at >= shared + block->shared_bytes() && at < shared + block->shared_bytes() + 8192) {
    where = std::string(writes ? "writes " : "reads ") +
            std::to_string(at - shared - static_cast<std::ptrdiff_t>(block->shared_bytes())) +
            " bytes beyond the end of its " + std::to_string(block->shared_bytes()) +
            " bytes of shared memory";
  } else {
    where = std::string(writes ? "writes " : "reads ") + describe_address(at);
  }
  block->set_failure(where);
  greg_t& stack = context->uc_mcontext.gregs[REG_RSP];
  if (block->is_stack_guard(at)) stack += 8192;  // room for the way out
  stack = ((stack - 256) & ~greg_t{15}) - 8;     // as a call would leave it
  context->uc_mcontext.gregs[REG_RIP] = reinterpret_cast<greg_t>(&abandon_block);
}

// At every launch: others (a test's harness) may have put handlers of theirs in place since the last.
void watch_fault(int signal, struct sigaction& previous) {
  struct sigaction present = {};
  sigaction(signal, nullptr, &present);
  if ((present.sa_flags & SA_SIGINFO) && present.sa_sigaction == on_fault) return;
  previous = present;
  struct sigaction action = {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigaction(signal, &action, nullptr);
}

void watch_faults() {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  watch_fault(SIGSEGV, previous_segv);
  watch_fault(SIGBUS, previous_bus);
}

// The handler needs a stack of its own where a fiber's has run over.
class SignalStack {
 public:
  SignalStack() {
    sigaltstack(nullptr, &before_);
    if (!(before_.ss_flags & SS_DISABLE)) return;  // the host thread has one
    stack_t mine = {};
    mine.ss_sp = memory_;
    mine.ss_size = sizeof(memory_);
    installed_ = sigaltstack(&mine, nullptr) == 0;
  }
  ~SignalStack() {
    if (installed_) sigaltstack(&before_, nullptr);
  }

 private:
  stack_t before_ = {};
  bool installed_ = false;
  alignas(16) char memory_[64 << 10];
};

}  // namespace

std::string check_shape(dim3 grid, dim3 block, std::size_t shared_bytes) {
  const uint64_t threads = uint64_t{block.x} * block.y * block.z;
  if (threads == 0 || threads > 1024 || block.z > 64) {
    return "a block of " + std::to_string(threads) + " threads was asked for, expected 1 to 1024";
  }
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return "an empty grid was asked for";
  if (grid.x > 0x7FFFFFFFu || grid.y > 65535 || grid.z > 65535) {
    return "a grid beyond 2^31 - 1 by 65535 by 65535 blocks was asked for";
  }
  cudaDeviceProp properties;
  cudaGetDeviceProperties(&properties, 0);
  if (shared_bytes > properties.sharedMemPerBlockOptin) {
    return std::to_string(shared_bytes) + " bytes of shared memory were asked for, but the device has " +
           std::to_string(properties.sharedMemPerBlockOptin) + " for a block";
  }
  return "";
}

std::string run_grid(const char* kernel, dim3 grid, dim3 block, std::size_t shared_bytes,
                     const std::function<void()>& body) {
  watch_faults();
  const DeviceMemoryOpen open;
  const int64_t blocks = int64_t{grid.x} * grid.y * grid.z;
  const int threads = static_cast<int>(std::min<int64_t>(blocks, omp_get_max_threads()));
  std::atomic<bool> failed{false};
  std::mutex mutex;
  std::string report;
#pragma omp parallel num_threads(threads)
  {
    const SignalStack stack;
    Block runner(kernel, grid, block, shared_bytes);
#pragma omp for schedule(dynamic)
    for (int64_t i = 0; i < blocks; ++i) {
      if (failed) continue;
      const uint3 index = {static_cast<unsigned>(i % grid.x), static_cast<unsigned>(i / grid.x % grid.y),
                           static_cast<unsigned>(i / grid.x / grid.y)};
      const std::string failure = runner.run(index, body);
      if (failure.empty()) continue;
      const std::lock_guard lock(mutex);
      if (!failed.exchange(true)) report = failure;
    }
  }
  return report;
}

void* shared_memory(std::size_t bytes) {
  Block& block = *Block::running();
  if (bytes > block.shared_bytes()) {
    block.fail("uses " + std::to_string(bytes) + " bytes of shared memory, but was launched with " +
               std::to_string(block.shared_bytes()));
  }
  return block.shared();
}

namespace {

struct Vote {
  bool predicate;
  unsigned result;
};

void perform_vote(WarpCall& call) {
  unsigned votes = 0;
  for (int lane = 0; lane < kWarp; ++lane) {
    if ((call.mask >> lane & 1) && static_cast<Vote*>(call.arguments[lane])->predicate) votes |= 1u << lane;
  }
  for (int lane = 0; lane < kWarp; ++lane) {
    if (call.mask >> lane & 1) static_cast<Vote*>(call.arguments[lane])->result = votes;
  }
}

void perform_nothing(WarpCall&) {}

}  // namespace

unsigned ballot(unsigned mask, bool predicate) {
  Vote vote = {predicate, 0};
  Block::running()->meet("a vote", mask, &vote, perform_vote);
  return vote.result;
}

void sync_warp(unsigned mask) { Block::running()->meet("__syncwarp", mask, nullptr, perform_nothing); }

}  // namespace diorama::simt

#include "kernels/simt/block.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <random>

namespace diorama::simt {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kSharedAlignment = 1024;
constexpr unsigned char kCanary = 0xFF;  // NaN, where floats are read before they are written

thread_local Block* running_block = nullptr;

Stacks& stacks() {
  static thread_local Stacks all;
  return all;
}

std::size_t round_up(std::size_t value, std::size_t unit) { return (value + unit - 1) / unit * unit; }

// Shared memory of this host thread's blocks: its last byte is followed by a page that may not be touched.
class SharedMemory {
 public:
  SharedMemory() {
    void* memory = mmap(nullptr, kBytes + kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    memory_ = static_cast<char*>(memory);
    mprotect(memory_ + kBytes, kPage, PROT_NONE);
  }
  ~SharedMemory() { munmap(memory_, kBytes + kPage); }
  char* last(std::size_t bytes) { return memory_ + kBytes - round_up(bytes, kSharedAlignment); }

 private:
  static constexpr std::size_t kBytes = std::size_t{256} << 10;
  char* memory_;
};

SharedMemory& shared_region() {
  static thread_local SharedMemory region;
  return region;
}

// DIORAMA_SIMT_ORDER=N, N above 0: threads take turns in an order drawn anew, by N, each time round. A kernel
// that lacks a barrier comes out wrong with some N; one that comes out right with all has been lucky or well
// made.
unsigned order_seed() {
  static const unsigned seed = [] {
    const char* text = std::getenv("DIORAMA_SIMT_ORDER");
    return text == nullptr ? 0u : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
  }();
  return seed;
}

std::string text(uint3 v) {
  std::string text = "(";
  text += std::to_string(v.x) + ", " + std::to_string(v.y) + ", " + std::to_string(v.z) + ")";
  return text;
}

}  // namespace

Block* Block::running() { return running_block; }

Block::Block(const char* kernel, dim3 grid, dim3 block, std::size_t shared_bytes)
    : kernel_(kernel),
      grid_(grid),
      block_(block),
      thread_count_(block.x * block.y * block.z),
      meetings_((thread_count_ + kWarp - 1) / kWarp),
      shared_(shared_region().last(shared_bytes)),
      shared_bytes_(shared_bytes) {
  unsigned number = 0;
  for (unsigned z = 0; z < block.z; ++z) {
    for (unsigned y = 0; y < block.y; ++y) {
      for (unsigned x = 0; x < block.x; ++x, ++number) {
        auto thread = std::make_unique<Thread>();
        thread->index = {x, y, z};
        thread->number = static_cast<int>(number);
        thread->lane = static_cast<int>(number % kWarp);
        threads_.push_back(std::move(thread));
      }
    }
  }
}

Block::~Block() = default;

void Block::thread_body(void* argument) {
  Block* block = running_block;
  (*block->body_)();
  static_cast<Thread*>(argument)->state = Thread::State::kDone;
}

std::string Block::run(uint3 index, const std::function<void()>& body) {
  index_ = index;
  body_ = &body;
  failure_.clear();
  attachments_.clear();
  at_barrier_ = barrier_sum_ = 0;
  for (auto& meetings : meetings_) meetings.clear();
  for (NamedBarrier& barrier : named_) barrier = {};
  const std::size_t with_slack = round_up(shared_bytes_, kSharedAlignment);
  std::memset(shared_, kCanary, with_slack);
  for (auto& thread : threads_) {
    thread->state = Thread::State::kReady;
    thread->copies.clear();
    thread->copy_group = 0;
    thread->fiber.prepare(stacks()[thread->number], Stacks::kBytes, &Block::thread_body, thread.get());
  }
  Block* const outer = running_block;
  running_block = this;
  bool all_done = false;
  std::minstd_rand random(order_seed());
  std::vector<Thread*> turns;
  for (auto& thread : threads_) turns.push_back(thread.get());
  while (!all_done && failure_.empty()) {
    bool progress = false;
    all_done = true;
    if (order_seed() > 0) std::shuffle(turns.begin(), turns.end(), random);
    for (Thread* thread : turns) {
      if (thread->state == Thread::State::kDone) continue;
      all_done = false;
      if (thread->state == Thread::State::kWaiting) {
        if (thread->is_over == nullptr || !thread->is_over(thread->is_over_argument)) continue;
        thread->state = Thread::State::kReady;
      }
      progress = true;
      current_ = thread;
      thread->fiber.resume();
      if (!failure_.empty()) break;
      if (thread->state == Thread::State::kDone && !thread->copies.empty()) {
        set_failure("returns with copies of cp.async under way that nobody waited for");
        break;
      }
    }
    if (!progress && !all_done && failure_.empty()) failure_ = stuck();
  }
  for (const auto& held : attachments_) {
    const std::string what = failure_.empty() ? held->unfinished(*this) : "";
    if (!what.empty()) failure_ = std::string(kernel_) + ": block " + text(index_) + ' ' + what;
  }
  running_block = outer;
  for (std::size_t i = shared_bytes_; failure_.empty() && i < with_slack; ++i) {
    if (static_cast<unsigned char>(shared_[i]) != kCanary) {
      failure_ = std::string(kernel_) + ": block " + text(index_) + " writes " +
                 std::to_string(i - shared_bytes_) + " bytes beyond the end of its " +
                 std::to_string(shared_bytes_) + " bytes of shared memory";
    }
  }
  return failure_;
}

std::string Block::stuck() const {
  std::map<std::string, int> waiting;
  int done = 0, first = -1;
  for (const auto& thread : threads_) {
    if (thread->state == Thread::State::kDone) {
      ++done;
    } else {
      ++waiting[thread->waits_for];
      if (first < 0) first = thread->number;
    }
  }
  std::string report = std::string(kernel_) + ": block " + text(index_) + " cannot go on: of its " +
                       std::to_string(thread_count_) + " threads";
  for (const auto& [what, count] : waiting) {
    report += ' ';
    report +=
        std::to_string(count) + " wait at " + what + " (the first is thread " + std::to_string(first) + "),";
  }
  return report + " and " + std::to_string(done) + " have returned";
}

void Block::block_here(const char* what) {
  Thread& thread = *current_;
  thread.waits_for = what;
  thread.state = Thread::State::kWaiting;
  thread.is_over = nullptr;
  thread.fiber.yield();
}

int Block::barrier(int value) {
  barrier_sum_ += value;
  if (++at_barrier_ < static_cast<int>(thread_count_)) {
    block_here("__syncthreads");
    return barrier_result_;
  }
  barrier_result_ = barrier_sum_;
  at_barrier_ = barrier_sum_ = 0;
  for (auto& thread : threads_) {
    if (thread.get() != current_) thread->state = Thread::State::kReady;
  }
  return barrier_result_;
}

void Block::named_barrier(int id, int threads, bool wait) {
  if (id < 1 || id >= kNamedBarriers || threads <= 0 || threads % kWarp != 0) {
    fail("uses named barrier " + std::to_string(id) + " with " + std::to_string(threads) +
         " threads, expected ids 1 to 15 and a multiple of 32 threads");
  }
  NamedBarrier& barrier = named_[id];
  if (barrier.arrived > 0 && barrier.expected != threads) {
    fail("comes to named barrier " + std::to_string(id) + " with " + std::to_string(threads) +
         " threads, where others said " + std::to_string(barrier.expected));
  }
  barrier.expected = threads;
  ++barrier.arrived;
  if (barrier.arrived > threads) fail("is one too many at named barrier " + std::to_string(id));
  if (barrier.arrived == threads) {
    barrier.arrived = 0;
    ++barrier.round;
    return;
  }
  if (!wait) return;
  struct Wait {
    NamedBarrier* barrier;
    uint64_t round;
  } until = {&barrier, barrier.round};
  this->wait(
      "a named barrier",
      [](void* w) { return static_cast<Wait*>(w)->barrier->round != static_cast<Wait*>(w)->round; }, &until);
}

unsigned Block::lanes_of(int warp) const {
  const unsigned count = std::min<unsigned>(kWarp, thread_count_ - static_cast<unsigned>(warp) * kWarp);
  return count == kWarp ? 0xFFFFFFFFu : (1u << count) - 1;
}

void Block::meet(const char* what, unsigned mask, void* argument, void (*perform)(WarpCall&)) {
  Thread& thread = *current_;
  const int warp = thread.number / kWarp;
  const unsigned bit = 1u << thread.lane;
  mask &= lanes_of(warp);
  if ((mask & bit) == 0) fail(std::string(what) + ": the mask does not name the calling lane");
  auto& meetings = meetings_[static_cast<std::size_t>(warp)];
  const auto found =
      std::find_if(meetings.begin(), meetings.end(), [&](const Meeting& m) { return (m.mask & mask) != 0; });
  Meeting* meeting;
  if (found == meetings.end()) {
    meetings.push_back({what, mask, 0, perform, {mask, {}}});
    meeting = &meetings.back();
  } else {
    meeting = &*found;
    if (meeting->mask != mask || meeting->perform != perform) {
      fail(std::string("is at ") + what + " while other lanes of its warp are at " + meeting->what +
           ", or with another mask");
    }
  }
  meeting->call.arguments[thread.lane] = argument;
  meeting->arrived |= bit;
  if (meeting->arrived != mask) {
    block_here(what);
    return;
  }
  WarpCall call = meeting->call;
  meetings.erase(meetings.begin() + (meeting - meetings.data()));
  perform(call);
  for (int lane = 0; lane < kWarp; ++lane) {
    if ((mask >> lane & 1) && lane != thread.lane) {
      threads_[static_cast<std::size_t>(warp * kWarp + lane)]->state = Thread::State::kReady;
    }
  }
}

void Block::wait(const char* what, bool (*is_over)(void*), void* argument) {
  if (is_over(argument)) return;
  Thread& thread = *current_;
  thread.waits_for = what;
  thread.state = Thread::State::kWaiting;
  thread.is_over = is_over;
  thread.is_over_argument = argument;
  thread.fiber.yield();
}

void Block::set_failure(const std::string& what) {
  failure_ =
      std::string(kernel_) + ": thread " + text(current_->index) + " of block " + text(index_) + " " + what;
}

void Block::fail(const std::string& what) {
  set_failure(what);
  abandon();
}

void Block::abandon() {
  current_->state = Thread::State::kDone;
  current_->fiber.finish();
}

bool Block::is_stack_guard(const void* address) const { return stacks().is_guard(address); }

}  // namespace diorama::simt

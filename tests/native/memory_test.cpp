// The pool and the scratch arena: what a service that runs for weeks relies on.
#include <doctest/doctest.h>

#include <vector>

#include "context_cpu.h"
#include "test_tensor.h"

using namespace diorama;

namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

}  // namespace

TEST_CASE("size classes waste at most an eighth and keep the alignment") {
  for (std::size_t bytes = 1; bytes < 64 * kMiB; bytes += bytes / 3 + 1) {
    const std::size_t size = eighth_size_class(bytes);
    CHECK(size >= bytes);
    CHECK((size <= bytes + bytes / 8 + 32 || size == eighth_size_class(1)));
    CHECK(eighth_size_class(size) == size);
  }
}

TEST_CASE("a freed block serves the next request of its class") {
  MemoryPool pool;
  void* first = pool.allocate(5000);
  CHECK(pool.free(first));
  CHECK(pool.allocate(4990) == first);
  CHECK(pool.free(first));
  CHECK_FALSE(pool.free(first));
}

TEST_CASE("what waits is bounded, and the oldest goes first") {
  MemoryPool pool;
  std::vector<void*> blocks;
  for (std::size_t i = 0; i < 12; ++i) blocks.push_back(pool.allocate((40 + i) * kMiB));
  for (void* block : blocks) CHECK(pool.free(block));
  CHECK(pool.allocated() == 0);
  CHECK(pool.reserved() <= host_blocks().kept_bytes());
  CHECK(pool.allocate(51 * kMiB) == blocks.back());
  pool.trim();
  CHECK(pool.reserved() < 60 * kMiB);
}

TEST_CASE("requests of changing sizes do not let a pool grow") {
  MemoryPool pool;
  diorama::test::Random random(7);
  std::size_t peak = 0;
  for (int round = 0; round < 20000; ++round) {
    void* a = pool.allocate(static_cast<std::size_t>(1 + random.below(16 << 20)));
    void* b = pool.allocate(static_cast<std::size_t>(1 + random.below(4096)));
    pool.free(a);
    pool.free(b);
    peak = std::max(peak, pool.reserved());
  }
  CHECK(peak <= host_blocks().kept_bytes() + 20 * kMiB);
}

TEST_CASE("scratch blocks are apart, stay in place, and cost nothing in a steady state") {
  ScratchArena arena;
  char* a = static_cast<char*>(arena.take(1000));
  char* b = static_cast<char*>(arena.take(300 * 1024));
  char* c = static_cast<char*>(arena.take(8 * kMiB));
  a[999] = 1;
  b[0] = 2;
  c[8 * kMiB - 1] = 3;
  CHECK(a[999] == 1);
  CHECK(reinterpret_cast<std::uintptr_t>(b) % 64 == 0);
  arena.reset();
  const std::size_t merged = arena.reserved();
  for (int i = 0; i < 5; ++i) {
    a = static_cast<char*>(arena.take(1000));
    CHECK(static_cast<char*>(arena.take(300 * 1024)) == a + 1024);
    arena.take(8 * kMiB);
    arena.reset();
    CHECK(arena.reserved() == merged);
  }
}

TEST_CASE("scratch far larger than what is needed is given back") {
  ScratchArena arena;
  arena.take(100 * kMiB);
  for (int i = 0; i < 600; ++i) {
    arena.reset();
    arena.take(1000);
  }
  CHECK(arena.reserved() < kMiB);
}

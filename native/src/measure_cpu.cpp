// The two rates that every kernel is measured against: fused multiply-adds a second, and bytes copied a
// second.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "native/src/measure_cpu.cpp"
#include <hwy/foreach_target.h>

#include <hwy/highway.h>

#include "native/src/measure.h"

HWY_BEFORE_NAMESPACE();
namespace diorama::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Twelve independent chains: enough for two units of a latency of five, few enough for sixteen registers.
float multiply_add(long steps) {
  const hn::ScalableTag<float> d;
  using Vector = hn::Vec<decltype(d)>;
  const Vector factor = hn::Set(d, 0.999f);
  const Vector addend = hn::Set(d, 0.001f);
  Vector a0 = hn::Iota(d, 0.f), a1 = hn::Iota(d, 1.f), a2 = hn::Iota(d, 2.f), a3 = hn::Iota(d, 3.f);
  Vector a4 = hn::Iota(d, 4.f), a5 = hn::Iota(d, 5.f), a6 = hn::Iota(d, 6.f), a7 = hn::Iota(d, 7.f);
  Vector a8 = hn::Iota(d, 8.f), a9 = hn::Iota(d, 9.f), a10 = hn::Iota(d, 10.f), a11 = hn::Iota(d, 11.f);
  for (long i = 0; i < steps; ++i) {
    a0 = hn::MulAdd(a0, factor, addend);
    a1 = hn::MulAdd(a1, factor, addend);
    a2 = hn::MulAdd(a2, factor, addend);
    a3 = hn::MulAdd(a3, factor, addend);
    a4 = hn::MulAdd(a4, factor, addend);
    a5 = hn::MulAdd(a5, factor, addend);
    a6 = hn::MulAdd(a6, factor, addend);
    a7 = hn::MulAdd(a7, factor, addend);
    a8 = hn::MulAdd(a8, factor, addend);
    a9 = hn::MulAdd(a9, factor, addend);
    a10 = hn::MulAdd(a10, factor, addend);
    a11 = hn::MulAdd(a11, factor, addend);
  }
  const Vector s0 =
      hn::Add(hn::Add(hn::Add(a0, a1), hn::Add(a2, a3)), hn::Add(hn::Add(a4, a5), hn::Add(a6, a7)));
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(s0, hn::Add(hn::Add(a8, a9), hn::Add(a10, a11)))));
}

double flops_per_step() { return 2.0 * 12.0 * static_cast<double>(hn::Lanes(hn::ScalableTag<float>())); }

// Both aligned to 64 bytes; count a multiple of 1024. Stores go past the caches, so bytes read plus bytes
// written are all that moves.
void copy_past_caches(const float* from, float* to, long count) {
  const hn::ScalableTag<float> d;
  const long lanes = static_cast<long>(hn::Lanes(d));
  for (long i = 0; i < count; i += 4 * lanes) {
    const auto v0 = hn::Load(d, from + i), v1 = hn::Load(d, from + i + lanes);
    const auto v2 = hn::Load(d, from + i + 2 * lanes), v3 = hn::Load(d, from + i + 3 * lanes);
    hn::Stream(v0, d, to + i);
    hn::Stream(v1, d, to + i + lanes);
    hn::Stream(v2, d, to + i + 2 * lanes);
    hn::Stream(v3, d, to + i + 3 * lanes);
  }
}

}  // namespace diorama::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>

#include "native/src/api.h"
#include "native/src/memory_pool.h"

namespace diorama {
namespace {

HWY_EXPORT(multiply_add);
HWY_EXPORT(flops_per_step);
HWY_EXPORT(copy_past_caches);

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Repeats `work` (done by all threads together) for about `seconds`; returns the shortest time of one.
template <typename Work>
double shortest(double seconds, Work&& work) {
  work();  // wakes the threads and touches the memory
  double best = 1e30;
  const Clock::time_point begin = Clock::now();
  do {
    const Clock::time_point start = Clock::now();
    work();
    best = std::min(best, since(start));
  } while (since(begin) < seconds);
  return best;
}

}  // namespace

double measure_flops(int threads, double seconds) {
  constexpr long kSteps = 2000000;  // some milliseconds
  float sum = 0;
  const double time = shortest(seconds, [&] {
#pragma omp parallel for num_threads(threads) schedule(static, 1) reduction(+ : sum)
    for (int i = 0; i < threads; ++i) sum += HWY_DYNAMIC_DISPATCH(multiply_add)(kSteps);
  });
  volatile float keep = sum;
  static_cast<void>(keep);
  return HWY_DYNAMIC_DISPATCH(flops_per_step)() * kSteps * threads / time;
}

double measure_bandwidth(int threads, double seconds) {
  constexpr std::size_t kBytes = std::size_t{256} << 20;
  constexpr long kChunk = 1 << 18;  // floats: a megabyte
  constexpr long kChunks = static_cast<long>(kBytes / sizeof(float)) / kChunk;
  const auto release = [](float* memory) { system_free(memory, kBytes); };
  using Memory = std::unique_ptr<float, decltype(release)>;
  const Memory from(static_cast<float*>(system_allocate(kBytes)), release);
  const Memory to(static_cast<float*>(system_allocate(kBytes)), release);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (long i = 0; i < kChunks; ++i) std::memset(from.get() + i * kChunk, 1, kChunk * sizeof(float));
  const double time = shortest(seconds, [&] {
#pragma omp parallel for num_threads(threads) schedule(static)
    for (long i = 0; i < kChunks; ++i) {
      HWY_DYNAMIC_DISPATCH(copy_past_caches)(from.get() + i * kChunk, to.get() + i * kChunk, kChunk);
    }
  });
  return 2.0 * static_cast<double>(kBytes) / time;
}

}  // namespace diorama

#endif  // HWY_ONCE

// Visible Gaussians front to back: a stable radix sort, lowest digit first, of depths and places. Depths are
// positive, so that their bits sort as they do; places are in the order of indices, which breaks ties.
#include <algorithm>
#include <bit>
#include <cstring>

#include "drawing_cpu.h"
#include "kernels/common/parallel.h"

namespace diorama {
namespace {

constexpr int kDigitBits = 11;
// Pairs that are worth a thread: a pass ends at two barriers, which on a busy machine cost more than sorting.
constexpr int64_t kGrain = 131072;

struct Pair {
  uint32_t key;
  int32_t place;
};

uint32_t depth_key(float depth) { return std::bit_cast<uint32_t>(depth); }

// The visible ones of all blocks as dense pairs; returns the smallest and the largest key.
std::pair<uint32_t, uint32_t> gather_pairs(Context& context, const CpuSplatFrame& frame, int64_t blocks,
                                           Pair* pairs) {
  int64_t* starts = context.scratch_array<int64_t>(static_cast<std::size_t>(blocks));
  uint32_t* bounds = context.scratch_array<uint32_t>(static_cast<std::size_t>(2 * blocks));
  int64_t sum = 0;
  for (int64_t b = 0; b < blocks; ++b) {
    starts[b] = sum;
    sum += frame.block_counts.data()[b];
  }
  parallel_ranges(context.threads(), blocks, kGrain / kBlock, [&](int64_t begin, int64_t end, int) {
    for (int64_t b = begin; b < end; ++b) {
      uint32_t low = UINT32_MAX, high = 0;
      Pair* out = pairs + starts[b];
      for (int64_t j = 0; j < frame.block_counts.data()[b]; ++j) {
        const int64_t place = b * kBlock + j;
        const uint32_t key = depth_key(frame.depths.data()[place]);
        out[j] = {key, static_cast<int32_t>(place)};
        low = std::min(low, key);
        high = std::max(high, key);
      }
      bounds[2 * b] = low;
      bounds[2 * b + 1] = high;
    }
  });
  uint32_t low = UINT32_MAX, high = 0;
  for (int64_t b = 0; b < blocks; ++b) {
    low = std::min(low, bounds[2 * b]);
    high = std::max(high, bounds[2 * b + 1]);
  }
  return {low, high};
}

struct Digit {
  uint32_t low;
  int shift, bits;
  uint32_t of(uint32_t key) const { return ((key - low) >> shift) & ((1u << bits) - 1); }
};

// One pass: counts of each range's digits, their prefix sums by (digit, range), then every range moves its
// own.
template <typename Move>
void pass(Context& context, int ranges, int64_t count, const Pair* from, const Digit& digit, int64_t* counts,
          const Move& move) {
  const int64_t buckets = int64_t{1} << digit.bits;
  parallel_ranges(context.threads(), ranges, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t range = begin; range < end; ++range) {
      int64_t* own = counts + range * buckets;
      std::fill_n(own, buckets, 0);
      for (int64_t i = count * range / ranges; i < count * (range + 1) / ranges; ++i)
        ++own[digit.of(from[i].key)];
    }
  });
  int64_t sum = 0;
  for (int64_t b = 0; b < buckets; ++b) {
    for (int64_t range = 0; range < ranges; ++range) {
      const int64_t here = counts[range * buckets + b];
      counts[range * buckets + b] = sum;
      sum += here;
    }
  }
  parallel_ranges(context.threads(), ranges, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t range = begin; range < end; ++range) {
      int64_t* own = counts + range * buckets;
      for (int64_t i = count * range / ranges; i < count * (range + 1) / ranges; ++i)
        move(own[digit.of(from[i].key)]++, from[i]);
    }
  });
}

}  // namespace

void sort_by_depth(Context& context, CpuSplatFrame& frame, int64_t gaussians) {
  const int64_t count = frame.visible;
  int32_t* order = frame.order.resize(count);
  if (count == 0) return;
  Pair* from = context.scratch_array<Pair>(static_cast<std::size_t>(count));
  Pair* to = context.scratch_array<Pair>(static_cast<std::size_t>(count));
  const int64_t blocks = (gaussians + kBlock - 1) / kBlock;
  const auto [low, high] = gather_pairs(context, frame, blocks, from);
  const int bits = std::max(1, static_cast<int>(std::bit_width(high - low)));
  const int passes = (bits + kDigitBits - 1) / kDigitBits;
  const int digit_bits = (bits + passes - 1) / passes;
  const int ranges = static_cast<int>(std::clamp<int64_t>(count / kGrain, 1, context.threads()));
  int64_t* counts =
      context.scratch_array<int64_t>(static_cast<std::size_t>(ranges) * (std::size_t{1} << kDigitBits));
  for (int i = 0; i < passes; ++i) {
    const Digit digit = {low, i * digit_bits, digit_bits};
    if (i + 1 < passes) {
      pass(context, ranges, count, from, digit, counts, [&](int64_t at, const Pair& pair) { to[at] = pair; });
      std::swap(from, to);
    } else {
      pass(context, ranges, count, from, digit, counts,
           [&](int64_t at, const Pair& pair) { order[at] = pair.place; });
    }
  }
}

}  // namespace diorama

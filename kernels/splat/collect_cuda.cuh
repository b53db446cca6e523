#pragma once

// A Gaussian's gradients summed over its tiles: its pairs lie side by side, in the order of the walk. A lane
// sums a few by itself; where there are many its whole warp does. Either way the order depends on nothing but
// how many there are.

#include "kernels/cuda/reduce.cuh"
#include "kernels/splat/projection_backward_cuda.cuh"

namespace diorama::cuda {

// Pairs that a lane sums alone.
inline constexpr uint32_t kFewPairs = 24;

// Where the channels lie behind a pair's moments; -1 where there are none.
struct ChannelPlaces {
  int rgb, depth, normals, features;
  ChannelPlaces() = default;
  explicit ChannelPlaces(const ChannelSet& set)
      : rgb(set.rgb ? kMoments : -1),
        depth(set.depth ? kMoments + set.depth_at() : -1),
        normals(set.normals ? kMoments + set.normals_at() : -1),
        features(set.features > 0 ? kMoments + set.features_at() : -1) {}
};

DIO_DEVICE void add_pair(const ChannelPlaces& places, const float* pair, PictureSums& sums) {
#pragma unroll
  for (int k = 0; k < kMoments; ++k) sums.moment[k] += pair[k];
  if (places.rgb >= 0) {
#pragma unroll
    for (int c = 0; c < 3; ++c) sums.color[c] += pair[places.rgb + c];
  }
  if (places.depth >= 0) sums.depth += pair[places.depth];
  if (places.normals >= 0) {
#pragma unroll
    for (int c = 0; c < 3; ++c) sums.normal[c] += pair[places.normals + c];
  }
}

// Calls alone() on lanes with few pairs; for every lane with many, all lanes call together(start, count, lane
// of its Gaussian).
template <typename Alone, typename Together>
DIO_DEVICE void for_few_or_many(uint32_t start, uint32_t count, const Alone& alone,
                                const Together& together) {
  if (count > 0 && count <= kFewPairs) alone();
  for (unsigned many = __ballot_sync(kFullWarp, count > kFewPairs); many != 0; many &= many - 1) {
    const int owner = __ffs(static_cast<int>(many)) - 1;
    together(__shfl_sync(kFullWarp, start, owner), __shfl_sync(kFullWarp, count, owner), owner);
  }
}

// By all lanes of a warp, each with its Gaussian's pairs; no pairs give zeros.
DIO_DEVICE PictureSums collect_pairs(const PairGradients& pairs, const ChannelPlaces& places, uint32_t start,
                                     uint32_t count) {
  const auto at = [&](uint32_t first, uint32_t p) {
    return pairs.values + (static_cast<int64_t>(first) + p) * pairs.slots;
  };
  PictureSums sums;
  for_few_or_many(
      start, count,
      [&] {
        for (uint32_t p = 0; p < count; ++p) add_pair(places, at(start, p), sums);
      },
      [&](uint32_t first, uint32_t many, int owner) {
        const int lane = threadIdx.x % 32;
        PictureSums part;
        for (uint32_t p = lane; p < many; p += 32) add_pair(places, at(first, p), part);
        const auto give = [&](float value, float& to) {
          const float sum = warp_sum(value);
          if (lane == owner) to = sum;
        };
#pragma unroll
        for (int k = 0; k < kMoments; ++k) give(part.moment[k], sums.moment[k]);
#pragma unroll
        for (int c = 0; c < 3; ++c) give(part.color[c], sums.color[c]);
        if (places.depth >= 0) give(part.depth, sums.depth);
        if (places.normals >= 0) {
#pragma unroll
          for (int c = 0; c < 3; ++c) give(part.normal[c], sums.normal[c]);
        }
      });
  return sums;
}

// One channel more, by all lanes of a warp.
DIO_DEVICE float collect_channel(const PairGradients& pairs, int slot, uint32_t start, uint32_t count) {
  const auto value = [&](uint32_t first, uint32_t p) {
    return pairs.values[(static_cast<int64_t>(first) + p) * pairs.slots + slot];
  };
  float sum = 0;
  for_few_or_many(
      start, count,
      [&] {
        for (uint32_t p = 0; p < count; ++p) sum += value(start, p);
      },
      [&](uint32_t first, uint32_t many, int owner) {
        const int lane = threadIdx.x % 32;
        float part = 0;
        for (uint32_t p = lane; p < many; p += 32) part += value(first, p);
        part = warp_sum(part);
        if (lane == owner) sum = part;
      });
  return sum;
}

}  // namespace diorama::cuda

#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>

#include "drawing_cpu.h"

namespace diorama {

constexpr int kMaxChannels = 3 + 1 + 3 + 64;
// Entries of a tile's list whose records are fetched ahead.
constexpr int64_t kAhead = 8;

// Tiles with the longest lists first: the threads then end at about the same time.
inline const int32_t* longest_first(Context& context, const int64_t* starts, int64_t tiles) {
  int32_t* order = context.scratch_array<int32_t>(static_cast<std::size_t>(tiles));
  std::iota(order, order + tiles, 0);
  std::sort(order, order + tiles, [&](int32_t a, int32_t b) {
    const int64_t of_a = starts[a + 1] - starts[a], of_b = starts[b + 1] - starts[b];
    return of_a != of_b ? of_a > of_b : a < b;
  });
  return order;
}

// The values of a Gaussian's channels.
class AttributeReader {
 public:
  AttributeReader(const GaussianArrays& in, const CpuSplatFrame& frame, const ChannelSet& channels)
      : in_(in), frame_(frame), channels_(channels) {}

  const float* read(int32_t place, float* values) const {
    float* to = values;
    if (channels_.rgb) to = std::copy_n(frame_.records.data()[place].color, 3, to);
    if (channels_.depth) *to++ = frame_.depths.data()[place];
    if (channels_.normals) to = std::copy_n(frame_.normals.data() + 3 * static_cast<int64_t>(place), 3, to);
    if (channels_.features > 0) {
      const int64_t index = frame_.indices.data()[place];
      std::copy_n(in_.features + index * in_.feature_channels, channels_.features, to);
    }
    return values;
  }

 private:
  const GaussianArrays& in_;
  const CpuSplatFrame& frame_;
  const ChannelSet& channels_;
};

}  // namespace diorama

#pragma once

#include <algorithm>
#include <cstdint>

namespace diorama {

// Four neighbouring rows of a product's left side lie interleaved: [rows / 4][length][4].
constexpr int kGroup = 4;
// The product of queries and keys is summed over this many of the head's elements at a time.
constexpr int64_t kSlice = 256;
// Weights are 2^(score - reference) <= 2^kHeadroom: the reference follows the maximum no closer than it must.
constexpr float kHeadroom = 16;
// Packed keys and values of the heads in work take about so much memory for each thread.
constexpr int64_t kPackedBytes = int64_t{8} << 20;
constexpr int64_t kMaxPanels = 4;

// Keys in a block: its weights fill a good half of the first cache, its keys and values half of the second.
constexpr int64_t keys_in_block(int64_t head_size, bool wide_vectors) {
  return head_size > 320 ? 64 : head_size > 160 || wide_vectors ? 128 : 192;
}

constexpr int64_t round_up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// Keys and values of one head, packed: k [keys / 4][D][4], v [D / 4][v_stride][4].
struct KeyBlock {
  const float* k;
  const float* v;
  int64_t v_stride;  // keys in a whole block
  int64_t keys;      // keys in this one
};

}  // namespace diorama

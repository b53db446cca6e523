#pragma once

// What the attention kernels are told, and what their blocks make of it. The kernels of attention_sm80.cuh
// and attention_f32.cuh work in base 2: with c = |scale| * log2(e) a weight is 2^(c * (q . k) + log2(e) *
// bias - reference), where the reference is that of the query and any number near its largest exponent.

#include "kernels/cuda/floats.cuh"

#include <math.h>

namespace diorama::cuda {

// Elements from row to row of a [B, S, H, D] tensor; of a bias [B, H, Sq, Sk], with queries as tokens. 0
// where one row serves all.
struct RowStrides {
  int64_t batch, token, head;
  DIO_HOST_DEVICE int64_t offset(int b, int h, int s) const { return b * batch + s * token + h * head; }
};

// What a part of the keys contributes to a query: sums [D] of weights times values, and
struct PartStatistics {
  float reference;  // of its weights, -inf if it has no finite score
  float sum;        // of its weights
};

template <typename T>
struct AttentionArguments {
  const T* q;  // [B, Sq, H, D]
  const T* k;  // [B, Sk, H, D]
  const T* v;
  T* out;
  RowStrides q_strides, k_strides, v_strides, out_strides;
  const float* bias;  // null or [B, H, Sq, Sk]
  RowStrides bias_strides;
  const int32_t* key_lengths;  // null or [B]
  int batches, heads, queries, keys, head_size;
  float exponent_scale;  // c above; a negative scale has been moved into q
  bool wide_inputs;      // rows of q, k, v begin at multiples of 16 bytes and are whole packs of 16 bytes
  bool wide_out;         // those of out do
  // The keys of a query in `parts` parts, each by a block of its own. With one part `out` is written; with
  // more the kernel leaves sums [parts, B, H, Sq, part_pitch] and statistics [parts, B, H, Sq] for
  // attention_parts.cuh.
  int parts;
  int part_pitch;
  float* part_sums;
  PartStatistics* part_statistics;

  DIO_HOST_DEVICE int64_t rows() const { return static_cast<int64_t>(batches) * heads * queries; }
};

// The share of one block of threads: neighbours in the grid have the same keys, so that these come from the
// second cache.
struct AttentionShare {
  int batch, head, part;
  int first_query;
  int keys;                    // that the batch sees
  int first_block, end_block;  // of keys

  template <typename T>
  DIO_DEVICE AttentionShare(const AttentionArguments<T>& a, int queries_in_tile, int keys_in_block) {
    const unsigned tiles = static_cast<unsigned>((a.queries + queries_in_tile - 1) / queries_in_tile);
    unsigned rest = blockIdx.x;
    first_query = static_cast<int>(rest % tiles) * queries_in_tile;
    rest /= tiles;
    head = static_cast<int>(rest % static_cast<unsigned>(a.heads));
    rest /= static_cast<unsigned>(a.heads);
    batch = static_cast<int>(rest % static_cast<unsigned>(a.batches));
    part = static_cast<int>(rest / static_cast<unsigned>(a.batches));
    keys = a.keys;
    // Lengths lie on the device, where the host did not see them: out of range they are brought into it.
    if (a.key_lengths) keys = min(max(a.key_lengths[batch], 1), a.keys);
    const int blocks = (keys + keys_in_block - 1) / keys_in_block;
    first_block = static_cast<int>(static_cast<int64_t>(blocks) * part / a.parts);
    end_block = static_cast<int>(static_cast<int64_t>(blocks) * (part + 1) / a.parts);
  }

  // The row of a query in the parts' sums and statistics.
  template <typename T>
  DIO_DEVICE int64_t part_row(const AttentionArguments<T>& a, int query) const {
    return ((static_cast<int64_t>(part) * a.batches + batch) * a.heads + head) * a.queries + query;
  }
};

inline constexpr float kLog2E = 1.44269504088896341f;
inline constexpr int kMaxParts = 32;

// While all scores of a query are -inf its weights must be 2^-inf, not 2^(-inf + inf).
DIO_DEVICE float usable_reference(float reference) { return reference == -INFINITY ? 0.0f : reference; }

}  // namespace diorama::cuda

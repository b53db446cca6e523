#pragma once

// What producer and consumers of attention_sm90.cuh have in common: sizes, shared memory, the walk over
// tiles.

#include "kernels/cuda/platform.cuh"

#include "kernels/cuda/ptx_sm90.cuh"
#include "kernels/cuda/reduce.cuh"

namespace diorama::cuda {

// Shapes after FlashAttention-3's (hopper/tile_size.h). Registers: 64 queries x kTileKeys scores and
// kTileKeys / 2 packed weights and 64 x head size outputs over 128 threads; 65,536 are all a block can have.
template <int kHeadSize>
struct AttentionSm90Tiles;

template <>
struct AttentionSm90Tiles<128> {
  static constexpr int kConsumers = 2, kTileKeys = 176, kStages = 2;
  static constexpr int kProducerRegisters = 24, kConsumerRegisters = 240;
};
template <>
struct AttentionSm90Tiles<64> {
  static constexpr int kConsumers = 3, kTileKeys = 128, kStages = 3;
  static constexpr int kProducerRegisters = 32, kConsumerRegisters = 160;
};

template <typename T>
struct AttentionSm90Call {
  T* out;
  int64_t out_strides[3];                 // of batch, query, head, in elements
  const int32_t* key_lengths;             // [batches] or null
  int32_t queries, keys, heads, batches;  // all above 0
  int32_t query_tiles;                    // of a head; times heads and batches at most 2^30
  float scale_log2;                       // scale * log2(e)
};

// One pair of barriers a stage; whoever waits keeps a stage and a parity.
template <int kStages>
struct Ring {
  int stage = 0;
  uint32_t parity = 0;
  DIO_DEVICE void advance() {
    if (++stage == kStages) {
      stage = 0;
      parity ^= 1;
    }
  }
};

template <typename T, int kHeadSize>
struct AttentionSm90 {
  using Tiles = AttentionSm90Tiles<kHeadSize>;
  static constexpr int kConsumers = Tiles::kConsumers, kTileKeys = Tiles::kTileKeys;
  static constexpr int kStages = Tiles::kStages;
  static constexpr int kTileQueries = 64 * kConsumers;
  static constexpr int kThreads = 128 * (kConsumers + 1);
  static constexpr int kParts = kHeadSize / 64;  // rows of 64 elements, 128 bytes, the swizzle's span
  static constexpr int kRow = 64;
  static constexpr uint32_t kQueryBytes = kParts * kTileQueries * kRow * sizeof(T);
  static constexpr uint32_t kKeyBytes = kParts * kTileKeys * kRow * sizeof(T);
  static_assert(kTileKeys % 16 == 0 && kTileKeys <= 256, "a tile of keys is a box and steps of 16");
  // A later maximum counts where weights would pass 2^8.
  static constexpr float kSlack = 8;
  // In f16 weights are 2^7 times as large, 2^15 at most, so that small ones do not become subnormal.
  static constexpr float kLift = std::is_same_v<T, f16> ? 7 : 0;

  // Every part of a tile begins at a multiple of 1,024 bytes, as the swizzle wants it.
  struct Shared {
    T q[kParts][kTileQueries][kRow];
    T k[kStages][kParts][kTileKeys][kRow];
    T v[kStages][kParts][kTileKeys][kRow];
    float order[128 * kConsumers];  // for wgmma_work_before_wait
    Mbarrier q_full, q_empty;
    Mbarrier k_full[kStages], k_empty[kStages];
    Mbarrier v_full[kStages], v_empty[kStages];
    Mbarrier v_ragged;  // the copy of values that the producer must still blank
  };
  static_assert((kTileKeys * kRow * sizeof(T)) % 1024 == 0, "parts begin at multiples of 1,024 bytes");

  // A tile of the grid's walk: the queries of one head are neighbours, so that blocks that run side by side
  // share keys and values in the second cache.
  struct Place {
    int32_t batch, head, query, key_count;
  };
  static DIO_DEVICE Place place_of(const AttentionSm90Call<T>& call, int tile) {
    const int row = tile / call.query_tiles;
    Place place;
    place.query = (tile - row * call.query_tiles) * kTileQueries;
    place.batch = row / call.heads;
    place.head = row - place.batch * call.heads;
    // Lengths lie on the device, where the host did not see them: out of range they are brought into it.
    place.key_count = call.key_lengths ? min(max(call.key_lengths[place.batch], 1), call.keys) : call.keys;
    return place;
  }
  static DIO_DEVICE int tile_count(const AttentionSm90Call<T>& call) {
    return call.batches * call.heads * call.query_tiles;
  }

  static DIO_DEVICE void init_barriers(Shared& shared) {
    constexpr int kConsumerWarps = 4 * kConsumers;
    mbarrier_init(&shared.q_full, 1);
    mbarrier_init(&shared.q_empty, kConsumerWarps);
    for (int stage = 0; stage < kStages; ++stage) {
      mbarrier_init(&shared.k_full[stage], 1);
      mbarrier_init(&shared.k_empty[stage], kConsumerWarps);
      mbarrier_init(&shared.v_full[stage], 1);
      mbarrier_init(&shared.v_empty[stage], kConsumerWarps);
    }
    mbarrier_init(&shared.v_ragged, 1);
    mbarrier_init_fence();
  }
};

}  // namespace diorama::cuda

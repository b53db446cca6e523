#pragma once

// Attention with Hopper's own units, after FlashAttention-3 (Shah et al. 2024, arXiv 2407.08608).
//
// A persistent grid: one block a multiprocessor takes tiles of 64 queries for each consumer warpgroup, one
// head, after another. In a block:
//  - one warp (the producer) brings queries, and tile by tile keys and values, to shared memory by bulk
//  tensor
//    copies, up to kStages tiles ahead; each stage has an mbarrier `full` and an mbarrier `empty`;
//  - 2 or 3 warpgroups (the consumers) each hold 64 queries, their scores, weights and output in registers.
//    Scores = queries x keys by wgmma from shared memory; output += weights x values with the weights from
//    registers, since an accumulator's fragment is an operand's.
// Two things hide the exponentials. Inside a warpgroup the products of a step are the next tile's scores and
// this tile's values, and the softmax of the former runs beside the latter. Between warpgroups a token goes
// round (named barriers), so that one issues its products while the others are at their exponentials
// ("ping-pong").
//
// Tiles of keys are walked from the last, ragged one to the first, so that only the first step masks. Beyond
// the tensor the copy engine fills in zeros; between key_lengths[b] and the tensor's end the producer writes
// zeros over the values it fetched, since 0 x NaN is NaN.
//
// Weights are 2^(score - reference) with a reference for each query. It is its first tile's maximum and moves
// to a later maximum only where a weight would pass 2^8: no ratio of weights depends on it, and then almost
// no step has to rescale the output.

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
  int32_t query_tiles;                    // of a head
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

  using Scores = float[kTileKeys / 2];
  using Weights = uint32_t[kTileKeys / 16][4];
  using Output = float[kHeadSize / 2];

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

  // ---- the producer: one warp ----

  // A tile of keys or values, from key `first` on.
  static DIO_DEVICE void load_tile(T (&to)[kParts][kTileKeys][kRow], const CUtensorMap& map,
                                   const Place& place, int first, Mbarrier* full) {
    mbarrier_arrive_expect_tx(full, kKeyBytes);
#pragma unroll
    for (int part = 0; part < kParts; ++part) {
      tensor_load<4>(to[part], map, {part * kRow, first, place.head, place.batch}, full);
    }
  }

  // Values of keys that the batch does not see become 0. A row's 128 bytes are its own, whatever the swizzle
  // does with their order.
  static DIO_DEVICE void blank_values(T (&v)[kParts][kTileKeys][kRow], int valid, int lane) {
    constexpr int kPack = kPackOf<T>, kPacks = kRow / kPack;
    const int blank = (kTileKeys - valid) * kPacks;
#pragma unroll 1
    for (int part = 0; part < kParts; ++part) {
#pragma unroll 1
      for (int i = lane; i < blank; i += 32) {
        store_pack(&v[part][valid + i / kPacks][i % kPacks * kPack], Pack<T, kPack>{});
      }
    }
  }

  static DIO_DEVICE void produce(Shared& shared, const CUtensorMap& q_map, const CUtensorMap& k_map,
                                 const CUtensorMap& v_map, const AttentionSm90Call<T>& call) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    Ring<kStages> keys, values;
    uint32_t q_parity = 0, ragged_parity = 0;
    const int tiles = tile_count(call), blocks = static_cast<int>(gridDim.x);
#pragma unroll 1
    for (int tile = static_cast<int>(blockIdx.x); tile < tiles; tile += blocks) {
      const Place place = place_of(call, tile);
      const int steps = (place.key_count + kTileKeys - 1) / kTileKeys;
#pragma unroll 1
      for (int step = steps; step >= 0; --step) {
        // Keys of tile step - 1, then values of the tile before in this walk, `step`: as consumers want them.
        if (step > 0) {
          mbarrier_wait(&shared.k_empty[keys.stage], keys.parity ^ 1);
          if (lane == 0) {
            load_tile(shared.k[keys.stage], k_map, place, (step - 1) * kTileKeys, &shared.k_full[keys.stage]);
          }
          keys.advance();
        }
        if (step == steps) {
          mbarrier_wait(&shared.q_empty, q_parity ^ 1);
          if (lane == 0) {
            mbarrier_arrive_expect_tx(&shared.q_full, kQueryBytes);
#pragma unroll
            for (int part = 0; part < kParts; ++part) {
              tensor_load<4>(shared.q[part], q_map, {part * kRow, place.query, place.head, place.batch},
                             &shared.q_full);
            }
          }
          q_parity ^= 1;
        }
        if (step < steps) {
          mbarrier_wait(&shared.v_empty[values.stage], values.parity ^ 1);
          auto& v = shared.v[values.stage];
          Mbarrier* full = &shared.v_full[values.stage];
          const int first = step * kTileKeys, valid = place.key_count - first;
          if (valid >= kTileKeys || place.key_count == call.keys) {
            if (lane == 0) load_tile(v, v_map, place, first, full);
          } else {
            if (lane == 0) load_tile(v, v_map, place, first, &shared.v_ragged);
            mbarrier_wait(&shared.v_ragged, ragged_parity);
            ragged_parity ^= 1;
            blank_values(v, valid, lane);
            fence_proxy_async();
            __syncwarp();
            if (lane == 0) mbarrier_arrive(full);
          }
          values.advance();
        }
      }
    }
  }

  // ---- a consumer: 128 threads, 64 queries; this thread's rows are 16 warp + lane / 4 and 8 further ----

  struct Softmax {
    float reference[2], sum[2];
    float factor[2];  // of what was summed up before this step
  };

  // The scores of keys beyond key_count become -inf.
  static DIO_DEVICE void mask(Scores& s, int valid, int lane) {
#pragma unroll
    for (int j = 0; j < kTileKeys / 8; ++j) {
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        if (8 * j + 2 * (lane % 4) + i >= valid) s[4 * j + i] = s[4 * j + 2 + i] = -INFINITY;
      }
    }
  }

  // Scores to weights; their sum is this thread's own until the end. NaN is no maximum, but makes NaN
  // weights; a row of -inf alone has reference -inf and weights of 0.
  template <bool kFirst>
  static DIO_DEVICE void weigh(Scores& s, Softmax& softmax, float scale_log2) {
#pragma unroll
    for (int row = 0; row < 2; ++row) {
      float largest = fmaxf(s[2 * row], s[2 * row + 1]);
#pragma unroll
      for (int j = 1; j < kTileKeys / 8; ++j) {
        largest = fmaxf(largest, fmaxf(s[4 * j + 2 * row], s[4 * j + 2 * row + 1]));
      }
      largest = warp_max<4>(largest);
      float& reference = softmax.reference[row];
      float factor = 1;
      if constexpr (kFirst) {
        reference = largest;
        softmax.sum[row] = 0;
      } else if ((largest - reference) * scale_log2 > kSlack) {
        factor = ex2((reference - largest) * scale_log2);
        reference = largest;
      }
      softmax.factor[row] = factor;
      const float shift = reference == -INFINITY ? 0.0f : reference * scale_log2;
      float sums[2] = {0, 0};
#pragma unroll
      for (int j = 0; j < kTileKeys / 8; ++j) {
#pragma unroll
        for (int i = 0; i < 2; ++i) {
          float& score = s[4 * j + 2 * row + i];
          score = ex2(fmaf(score, scale_log2, -shift));
          sums[i] += score;
        }
      }
      softmax.sum[row] = softmax.sum[row] * factor + (sums[0] + sums[1]);
    }
  }

  static DIO_DEVICE void pack_weights(Weights& p, const Scores& s) {
#pragma unroll
    for (int i = 0; i < kTileKeys / 16; ++i) {
#pragma unroll
      for (int j = 0; j < 4; ++j) p[i][j] = pack2<T>(s[8 * i + 2 * j], s[8 * i + 2 * j + 1]);
    }
  }

  static DIO_DEVICE void rescale(Output& o, const Softmax& softmax) {
    if (!__any_sync(kFullWarp, softmax.factor[0] != 1.0f || softmax.factor[1] != 1.0f)) return;
#pragma unroll
    for (int j = 0; j < kHeadSize / 8; ++j) {
#pragma unroll
      for (int i = 0; i < 4; ++i) o[4 * j + i] *= softmax.factor[i / 2];
    }
  }

  // s = the warpgroup's queries x a tile of keys: both have their heads innermost.
  static DIO_DEVICE void start_scores(Scores& s, uint64_t q, uint64_t k) {
    wgmma_fence();
#pragma unroll
    for (int step = 0; step < kHeadSize / 16; ++step) {
      const int part = step / 4, within = step % 4 * 32;
      wgmma<T>(s, wgmma_advance(q, part * kTileQueries * kRow * sizeof(T) + within),
               wgmma_advance(k, part * kTileKeys * kRow * sizeof(T) + within), step > 0);
    }
    wgmma_commit();
  }

  // o += weights x a tile of values, whose keys are the product's k and lie 128 bytes apart.
  static DIO_DEVICE void start_values(Output& o, const Weights& p, uint64_t v) {
    wgmma_fence();
#pragma unroll
    for (int step = 0; step < kTileKeys / 16; ++step) {
      wgmma<T, true>(o, p[step], wgmma_advance(v, step * 16 * kRow * sizeof(T)), true);
    }
    wgmma_commit();
  }

  static DIO_DEVICE uint64_t key_tile(const Shared& shared, int stage) {
    return wgmma_tile(shared.k[stage], 1024);
  }
  static DIO_DEVICE uint64_t value_tile(const Shared& shared, int stage) {
    return wgmma_tile(shared.v[stage], 1024, kTileKeys * kRow * sizeof(T));
  }

  // Each warp tells for itself that it has done with a stage: a warpgroup's warps are not in step.
  static DIO_DEVICE void release(Mbarrier* empty, int lane) {
    __syncwarp();
    mbarrier_arrive_if(empty, lane == 0);
  }

  // Named barriers 1 to kConsumers: consumer c waits at 1 + c for the token, with its own 128 threads and the
  // 128 of the one before.
  static DIO_DEVICE void take_token(int consumer) { named_barrier_sync(1 + consumer, 256); }
  static DIO_DEVICE void pass_token(int consumer) {
    named_barrier_arrive(consumer + 1 == kConsumers ? 1 : 2 + consumer, 256);
  }

  // Rows of `out`. Four lanes hold a row, two columns of every eight each; they change places so that each
  // has eight columns, 16 bytes, together.
  static DIO_DEVICE void store(const AttentionSm90Call<T>& call, const Place& place, const Output& o,
                               const float (&inverse)[2], int row_in_tile, int lane) {
    const bool odd = lane & 1, high = lane & 2;
#pragma unroll
    for (int row = 0; row < 2; ++row) {
      const int query = place.query + row_in_tile + 8 * row;
      T* to = call.out + place.batch * call.out_strides[0] + query * call.out_strides[1] +
              place.head * call.out_strides[2] + 8 * (lane % 4);
#pragma unroll
      for (int group = 0; group < kHeadSize / 32; ++group) {
        uint32_t w[4];
#pragma unroll
        for (int j = 0; j < 4; ++j) {
          const int at = 4 * (4 * group + j) + 2 * row;
          w[j] = pack2<T>(o[at] * inverse[row], o[at + 1] * inverse[row]);
        }
#pragma unroll
        for (int j = 0; j < 4; j += 2) {  // a 4 x 4 transpose: first within pairs of lanes
          const uint32_t got = __shfl_xor_sync(kFullWarp, odd ? w[j] : w[j + 1], 1);
          (odd ? w[j] : w[j + 1]) = got;
        }
#pragma unroll
        for (int j = 0; j < 2; ++j) {
          const uint32_t got = __shfl_xor_sync(kFullWarp, high ? w[j] : w[j + 2], 2);
          (high ? w[j] : w[j + 2]) = got;
        }
        if (query < call.queries) {
          store_pack(reinterpret_cast<uint32_t*>(to + 32 * group),
                     Pack<uint32_t, 4>{{w[0], w[1], w[2], w[3]}});
        }
      }
    }
  }

  static DIO_DEVICE void consume(Shared& shared, const AttentionSm90Call<T>& call, int consumer) {
    const int thread = static_cast<int>(threadIdx.x) % 128, lane = thread % 32;
    const int row_in_tile = 64 * consumer + thread / 32 * 16 + lane / 4;
    const uint64_t q = wgmma_tile(shared.q[0][64 * consumer], 1024);
    Ring<kStages> keys, values;
    uint32_t q_parity = 0;
    Scores s;
    Weights p;
    Output o;
    Softmax softmax;
    if (consumer + 1 == kConsumers) pass_token(consumer);

    const int tiles = tile_count(call), blocks = static_cast<int>(gridDim.x);
#pragma unroll 1
    for (int tile = static_cast<int>(blockIdx.x); tile < tiles; tile += blocks) {
      const Place place = place_of(call, tile);
      const int steps = (place.key_count + kTileKeys - 1) / kTileKeys;
#pragma unroll
      for (int i = 0; i < kHeadSize / 2; ++i) o[i] = 0;
      mbarrier_wait(&shared.q_full, q_parity);
      q_parity ^= 1;
      mbarrier_wait(&shared.k_full[keys.stage], keys.parity);
      start_scores(s, q, key_tile(shared, keys.stage));
      wgmma_wait<0>();
      wgmma_hold(s);
      release(&shared.k_empty[keys.stage], lane);
      keys.advance();
      mask(s, place.key_count - (steps - 1) * kTileKeys, lane);
      weigh<true>(s, softmax, call.scale_log2);
      pack_weights(p, s);
#pragma unroll 1
      for (int step = steps - 1; step > 0; --step) {
        take_token(consumer);
        mbarrier_wait(&shared.k_full[keys.stage], keys.parity);
        start_scores(s, q, key_tile(shared, keys.stage));
        mbarrier_wait(&shared.v_full[values.stage], values.parity);
        start_values(o, p, value_tile(shared, values.stage));
        pass_token(consumer);
        wgmma_wait<1>();
        wgmma_hold(s);
        release(&shared.k_empty[keys.stage], lane);
        keys.advance();
        weigh<false>(s, softmax, call.scale_log2);
        wgmma_work_before_wait(&shared.order[128 * consumer + thread], softmax.sum[0] + softmax.sum[1]);
        wgmma_wait<0>();
        wgmma_hold(o);
        wgmma_hold(p);
        release(&shared.v_empty[values.stage], lane);
        values.advance();
        pack_weights(p, s);
        rescale(o, softmax);
      }
      release(&shared.q_empty, lane);
      mbarrier_wait(&shared.v_full[values.stage], values.parity);
      start_values(o, p, value_tile(shared, values.stage));
      wgmma_wait<0>();
      wgmma_hold(o);
      wgmma_hold(p);
      release(&shared.v_empty[values.stage], lane);
      values.advance();
      // Without a weight above 0 this is 0 / 0: NaN, as it should be.
      const float inverse[2] = {1 / warp_sum<4>(softmax.sum[0]), 1 / warp_sum<4>(softmax.sum[1])};
      store(call, place, o, inverse, row_in_tile, lane);
    }
    if (consumer == 0) take_token(consumer);  // as many came as went
  }
};

// ceil(queries / kTileQueries) tiles a head; any number of blocks.
template <typename T, int kHeadSize>
__global__ void __launch_bounds__(AttentionSm90<T, kHeadSize>::kThreads, 1)
    attention_sm90_kernel(const __grid_constant__ CUtensorMap q_map,
                          const __grid_constant__ CUtensorMap k_map,
                          const __grid_constant__ CUtensorMap v_map, AttentionSm90Call<T> call) {
#if defined(DIO_ARCH_HOPPER)
  using Kernel = AttentionSm90<T, kHeadSize>;
  DIO_SHARED(typename Kernel::Shared, shared);
  if (threadIdx.x == 0) {
    Kernel::init_barriers(shared);
    prefetch_tensor_map(q_map);
    prefetch_tensor_map(k_map);
    prefetch_tensor_map(v_map);
  }
  __syncthreads();
  // The warpgroup's number by a shuffle, so that the compiler knows it to be the same in all lanes.
  const int warpgroup = __shfl_sync(kFullWarp, static_cast<int>(threadIdx.x) / 128, 0);
  if (warpgroup == 0) {
    setmaxnreg_dec<Kernel::Tiles::kProducerRegisters>();
    if (threadIdx.x < 32) Kernel::produce(shared, q_map, k_map, v_map, call);
  } else {
    setmaxnreg_inc<Kernel::Tiles::kConsumerRegisters>();
    Kernel::consume(shared, call, warpgroup - 1);
  }
#endif
}

}  // namespace diorama::cuda

#pragma once

// Attention forward by mma.sync, sm_80 and later: f16 and bf16, head sizes to 384. The plan is that of Flash
// Attention 2 (Dao 2023): a block of threads has 128 queries of one head and walks over blocks of keys;
// scores, weights and output stay in registers, where a score's accumulators are already laid out as the left
// side of the product with the values.

#include "kernels/attention/attention_arguments.cuh"
#include "kernels/attention/sm80_tiles.cuh"
#include "kernels/cuda/reduce.cuh"

#include <type_traits>

namespace diorama::cuda {

// A reference moves to a query's largest exponent only when that is so much larger: weights reach 2^8 at
// most, and the output is scaled anew a few times at the start instead of in every block.
inline constexpr float kReferenceLag = 8;
// Weights are multiplied by 2^kLift before they are rounded to T: f16 has its full precision from 2^-14 to
// 2^16, so that weights from 2^-21 of the largest have it.
template <typename T>
inline constexpr float kLift = std::is_same_v<T, f16> ? 7 : 0;

// A warp's queries, their scores and what was summed over the keys so far. Accumulators as mma.sync has them:
// this thread's rows are 16 m + lane / 4 (+ 8), its columns 8 n + 2 (lane % 4) (+ 1).
template <typename T, typename Tiles>
struct Sm80Warp {
  static constexpr int kRowTiles = Tiles::kRowTiles, kChunks = Tiles::kChunks;
  static constexpr int kKeyTiles = Tiles::kKeys / 8, kSteps = Tiles::kHeadSize / 16;
  // All, but where the output leaves no registers to look far ahead.
  static constexpr int kUnrolledSteps = Tiles::kHeadSize > 256 ? 4 : kSteps;
  static constexpr int kHeldSteps = Tiles::kQueriesInRegisters ? kSteps : 1;

  int lane;
  float scores[kRowTiles][kKeyTiles][4];
  float sums[kRowTiles][kChunks][4];  // of weights times values
  float weight_sums[kRowTiles][2];    // this thread's columns alone
  float references[kRowTiles][2];
  uint32_t queries[kHeldSteps][kRowTiles][4];

  DIO_DEVICE explicit Sm80Warp(int lane) : lane(lane) {
#pragma unroll
    for (int m = 0; m < kRowTiles; ++m) {
#pragma unroll
      for (int n = 0; n < kChunks; ++n) {
#pragma unroll
        for (int i = 0; i < 4; ++i) sums[m][n][i] = 0;
      }
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        weight_sums[m][half] = 0;
        references[m][half] = -INFINITY;
      }
    }
  }

  // Elements [16 step, 16 step + 16) of the warp's queries; tile: its rows.
  DIO_DEVICE void load_queries(const T* tile, int step, uint32_t (&to)[kRowTiles][4]) {
    const int place = swizzled<Tiles>(lane % 16, lane / 16);
#pragma unroll
    for (int m = 0; m < kRowTiles; ++m) ldmatrix_x4(to[m], tile + moved<Tiles>(place, 16 * m, 2 * step));
  }

  // scores = queries times the transpose of a block of keys.
  DIO_DEVICE void multiply_keys(const T* query_tile, const T* key_tile) {
#pragma unroll
    for (int m = 0; m < kRowTiles; ++m) {
#pragma unroll
      for (int n = 0; n < kKeyTiles; ++n) {
#pragma unroll
        for (int i = 0; i < 4; ++i) scores[m][n][i] = 0;
      }
    }
    const int place = swizzled<Tiles>(lane / 16 * 8 + lane % 8, lane / 8 % 2);
#pragma unroll kUnrolledSteps
    for (int step = 0; step < kSteps; ++step) {
      if constexpr (!Tiles::kQueriesInRegisters) load_queries(query_tile, step, queries[0]);
      auto& left = queries[Tiles::kQueriesInRegisters ? step : 0];
#pragma unroll
      for (int n = 0; n < kKeyTiles; n += 2) {
        uint32_t keys[4];  // of 16 keys, 16 elements
        ldmatrix_x4(keys, key_tile + moved<Tiles>(place, 8 * n, 2 * step));
        const uint32_t low[2] = {keys[0], keys[1]}, high[2] = {keys[2], keys[3]};
#pragma unroll
        for (int m = 0; m < kRowTiles; ++m) {
          mma_m16n8k16<T>(scores[m][n], left[m], low);
          mma_m16n8k16<T>(scores[m][n + 1], left[m], high);
        }
      }
    }
  }

  // -inf for the keys from `valid` on.
  DIO_DEVICE void mask_keys(int valid) {
#pragma unroll
    for (int n = 0; n < kKeyTiles; ++n) {
#pragma unroll
      for (int column = 0; column < 2; ++column) {
        if (8 * n + 2 * (lane % 4) + column < valid) continue;
#pragma unroll
        for (int m = 0; m < kRowTiles; ++m) {
          scores[m][n][column] = -INFINITY;
          scores[m][n][2 + column] = -INFINITY;
        }
      }
    }
  }

  // scores = scale * scores + log2(e) * bias: exponents. bias: that of the warp's first query and the block's
  // first key; nothing is read beyond `rows` queries and `valid` keys.
  DIO_DEVICE void add_bias(const float* bias, int64_t stride, float scale, int rows, int valid) {
#pragma unroll
    for (int m = 0; m < kRowTiles; ++m) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int row = 16 * m + 8 * half + lane / 4;
        const float* from = bias + row * stride + 2 * (lane % 4);
#pragma unroll
        for (int n = 0; n < kKeyTiles; ++n) {
#pragma unroll
          for (int column = 0; column < 2; ++column) {
            const bool within = row < rows && 8 * n + 2 * (lane % 4) + column < valid;
            const float term = within ? from[8 * n + column] : 0.0f;
            float& score = scores[m][n][2 * half + column];
            score = fmaf(term, kLog2E, score * scale);
          }
        }
      }
    }
  }

  // Moves the references that the scores have outgrown, and scales what was summed with them. Each query's
  // reference follows from its own scores alone.
  DIO_DEVICE void move_references(float scale) {
    float largest[kRowTiles][2];
    bool outgrown = false;
#pragma unroll
    for (int m = 0; m < kRowTiles; ++m) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        float found = -INFINITY;
#pragma unroll
        for (int n = 0; n < kKeyTiles; ++n) {
          found = fmaxf(found, fmaxf(scores[m][n][2 * half], scores[m][n][2 * half + 1]));
        }
        largest[m][half] = found * scale;
        outgrown = outgrown || largest[m][half] > references[m][half] + kReferenceLag;
      }
    }
    if (!__any_sync(kFullWarp, outgrown)) return;
#pragma unroll
    for (int m = 0; m < kRowTiles; ++m) {
      float factors[2];
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const float found = warp_max<4>(largest[m][half]);
        const float reference = references[m][half];
        const bool moves = found > reference + kReferenceLag;
        factors[half] = moves ? ex2(reference - found) : 1.0f;
        references[m][half] = moves ? found : reference;
        weight_sums[m][half] *= factors[half];
      }
#pragma unroll
      for (int n = 0; n < kChunks; ++n) {
#pragma unroll
        for (int i = 0; i < 4; ++i) sums[m][n][i] *= factors[i / 2];
      }
    }
  }

  // sums += weights times a block of values: the exponentials of 16 keys at a time, beside the products of
  // the 16 before.
  DIO_DEVICE void multiply_values(const T* value_tile, float scale) {
    float shifts[kRowTiles][2];
#pragma unroll
    for (int m = 0; m < kRowTiles; ++m) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        shifts[m][half] = kLift<T> - usable_reference(references[m][half]);
      }
    }
    const int place = swizzled<Tiles>(lane % 16, lane / 16);
#pragma unroll
    for (int step = 0; step < kKeyTiles / 2; ++step) {
      uint32_t left[kRowTiles][4];
#pragma unroll
      for (int m = 0; m < kRowTiles; ++m) {
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          const float* pair = &scores[m][2 * step + i / 2][i % 2 * 2];
          const float first = ex2(fmaf(pair[0], scale, shifts[m][i % 2]));
          const float second = ex2(fmaf(pair[1], scale, shifts[m][i % 2]));
          weight_sums[m][i % 2] += first + second;
          left[m][i] = pack2<T>(first, second);
        }
      }
#pragma unroll
      for (int n = 0; n < kChunks; n += 2) {
        uint32_t values[4];  // of 16 keys, 16 elements
        ldmatrix_x4_trans(values, value_tile + moved<Tiles>(place, 16 * step, n));
        const uint32_t low[2] = {values[0], values[1]}, high[2] = {values[2], values[3]};
#pragma unroll
        for (int m = 0; m < kRowTiles; ++m) {
          mma_m16n8k16<T>(sums[m][n], left[m], low);
          mma_m16n8k16<T>(sums[m][n + 1], left[m], high);
        }
      }
    }
  }

  // out = sums / weight_sums for the warp's queries [first, a.queries), by way of `tile`.
  DIO_DEVICE void write(const AttentionArguments<T>& a, const AttentionShare& share, T* tile, int first) {
#pragma unroll
    for (int m = 0; m < kRowTiles; ++m) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const float sum = warp_sum<4>(weight_sums[m][half]);
        const float factor = 1.0f / sum;
        const int row = 16 * m + 8 * half + lane / 4;
#pragma unroll
        for (int n = 0; n < kChunks; ++n) {
          const float* pair = &sums[m][n][2 * half];
          // 0 * inf: a query without finite scores gives NaN
          *reinterpret_cast<uint32_t*>(tile + swizzled<Tiles>(row, n) + 2 * (lane % 4)) =
              pack2<T>(pair[0] * factor, pair[1] * factor);
        }
      }
    }
    __syncwarp();
    T* out = a.out + a.out_strides.offset(share.batch, share.head, 0);
    for (int i = lane; i < 16 * kRowTiles * kChunks; i += 32) {
      const int row = i / kChunks, chunk = i % kChunks;
      if (first + row >= a.queries || chunk * 8 >= a.head_size) continue;
      const auto pack = load_pack<8>(tile + swizzled<Tiles>(row, chunk));
      T* to = out + (first + row) * a.out_strides.token + chunk * 8;
      if (a.wide_out) {
        store_pack(to, pack);
      } else {
        for (int j = 0; j < 8 && chunk * 8 + j < a.head_size; ++j) to[j] = pack[j];
      }
    }
  }

  // The sums themselves and their statistics, for attention_parts.cuh.
  DIO_DEVICE void write_part(const AttentionArguments<T>& a, const AttentionShare& share, int first) {
#pragma unroll
    for (int m = 0; m < kRowTiles; ++m) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const float sum = warp_sum<4>(weight_sums[m][half]);
        const int query = first + 16 * m + 8 * half + lane / 4;
        if (query >= a.queries) continue;
        const int64_t row = share.part_row(a, query);
        if (lane % 4 == 0) a.part_statistics[row] = {references[m][half], sum};
        float* to = a.part_sums + row * a.part_pitch + 2 * (lane % 4);
#pragma unroll
        for (int n = 0; n < kChunks; ++n) {
          if (8 * n >= a.part_pitch) continue;
          store_pack(to + 8 * n, Pack<float, 2>{sums[m][n][2 * half], sums[m][n][2 * half + 1]});
        }
      }
    }
  }
};

// Keys and values go through one ring of tiles: keys of a block, its values, keys of the next, ... While one
// tile is in use the next kStages - 1 are on their way; one barrier for each.
template <typename T, typename Tiles>
__global__ void __launch_bounds__(Tiles::kThreads, Tiles::kResidentBlocks)
    attention_sm80(const AttentionArguments<T> a) {
  using Memory = Sm80Memory<T, Tiles>;
  static_assert(has_banks_apart<Tiles>(), "ldmatrix without bank conflicts");
  constexpr int kAhead = Tiles::kStages - 1;  // tiles under way
  DIO_SHARED(Memory, memory);
  const AttentionShare share(a, Tiles::kQueries, Tiles::kKeys);
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  const int first = share.first_query + warp * 16 * Tiles::kRowTiles;
  const int chunks = (a.head_size + 7) / 8;
  T* query_tile = memory.queries + warp * 16 * Tiles::kRowTiles * Tiles::kHeadSize;

  const T* keys = a.k + a.k_strides.offset(share.batch, share.head, 0);
  const T* values = a.v + a.v_strides.offset(share.batch, share.head, 0);
  // Tile 2 i: the keys of block i, tile 2 i + 1: its values.
  const auto load_tile = [&](int number, T* tile) {
    const int block = number / 2;
    if (block < share.end_block) {
      const bool is_keys = number % 2 == 0;
      load_rows<Tiles::kKeys, Tiles>(tile, is_keys ? keys : values,
                                     is_keys ? a.k_strides.token : a.v_strides.token, block * Tiles::kKeys,
                                     share.keys, chunks, a.q);
    }
    cp_async_commit();  // an empty group at the end: the count of groups goes on
  };
  int slot = Tiles::kStages - 1;  // of the tile in use
  const auto next_tile = [&](int number) {
    cp_async_wait<kAhead - 1>();
    __syncthreads();  // everyone's copies are there, and the tile before is no longer needed
    load_tile(number + kAhead, memory.ring[slot]);
    slot = slot + 1 == Tiles::kStages ? 0 : slot + 1;
    return static_cast<const T*>(memory.ring[slot]);
  };

  load_rows<Tiles::kQueries, Tiles>(memory.queries, a.q + a.q_strides.offset(share.batch, share.head, 0),
                                    a.q_strides.token, share.first_query, a.queries, chunks, a.q);
#pragma unroll
  for (int i = 0; i < kAhead; ++i) load_tile(2 * share.first_block + i, memory.ring[i]);

  Sm80Warp<T, Tiles> state(lane);
  if constexpr (Tiles::kQueriesInRegisters) {
    cp_async_wait<kAhead - 1>();
    __syncthreads();
#pragma unroll
    for (int step = 0; step < Sm80Warp<T, Tiles>::kSteps; ++step) {
      state.load_queries(query_tile, step, state.queries[step]);
    }
  }
  const float scale = Tiles::kHasBias ? 1.0f : a.exponent_scale;
  for (int block = share.first_block; block < share.end_block; ++block) {
    const int key = block * Tiles::kKeys, valid = share.keys - key;
    const T* tile = next_tile(2 * block);
    state.multiply_keys(query_tile, tile);
    if constexpr (Tiles::kHasBias) {
      const float* bias = a.bias + a.bias_strides.offset(share.batch, share.head, first) + key;
      state.add_bias(bias, a.bias_strides.token, a.exponent_scale, a.queries - first, valid);
    }
    if (valid < Tiles::kKeys) state.mask_keys(valid);
    state.move_references(scale);
    tile = next_tile(2 * block + 1);
    state.multiply_values(tile, scale);
  }
  cp_async_wait<0>();  // nothing but the queries may still be under way, if there were no keys
  __syncthreads();
  if (a.parts == 1) {
    state.write(a, share, query_tile, first);
  } else {
    state.write_part(a, share, first);
  }
}

}  // namespace diorama::cuda

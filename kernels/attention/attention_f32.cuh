#pragma once

// Attention forward in float by fused multiply-adds: f32 in full precision, every head size to 1024, and f16
// and bf16 where heads are too long for attention_sm80.cuh. A block of 256 threads has 16 rows of 16: a
// thread has kRows queries, of their scores every 16th and of their output four columns in every 64.

#include "kernels/attention/attention_arguments.cuh"
#include "kernels/cuda/ptx.cuh"
#include "kernels/cuda/reduce.cuh"

#include <type_traits>

namespace diorama::cuda {

// Tiles for heads of at most kSize elements. Queries and keys come in slices of 32 elements, values in slices
// of 4096 / kSize keys, all through stages of 16 KiB, so that every head size needs the same shared memory;
// the output stays in registers, kRows * kSize / 16 of a thread.
template <int kSize, int kRowsOfThread>
struct F32Tiles {
  static constexpr int kHeadSize = kSize;
  static constexpr int kRows = kRowsOfThread;
  static constexpr int kThreads = 256;
  static constexpr int kQueries = 16 * kRows;
  static constexpr int kKeys = 64;
  static constexpr int kSlice = 32;
  static constexpr int kStage = 4096;  // floats
  static constexpr int kValueKeys = kStage / kSize;
  static constexpr int kColumnBlocks = kSize / 64;
  static constexpr int kWeightPitch = kKeys + 4;  // two rows four apart begin 16 banks apart
  static constexpr int kResidentBlocks = kSize <= 128 ? 2 : 1;
  static_assert((kQueries + kKeys) * kSlice <= kStage, "a slice of queries and keys fits a stage");
  static_assert(kValueKeys % 4 == 0, "weights are read in packs of four keys");
};

template <typename Tiles>
struct alignas(128) F32Memory {
  float stages[2][Tiles::kStage];
  float weights[Tiles::kQueries * Tiles::kWeightPitch];
};

// Four elements to shared memory as floats, zeros from element `count` on: asynchronously where T is float.
// anywhere: an address that may be named although nothing is read from it.
template <typename T>
DIO_DEVICE void load_four(float* to, const T* from, int count, bool wide, const T* anywhere) {
  if constexpr (std::is_same_v<T, float>) {
    if (wide) {
      cp_async_16(to, count > 0 ? from : anywhere, count > 0);
    } else {
#pragma unroll
      for (int i = 0; i < 4; ++i) cp_async_4(to + i, i < count ? from + i : anywhere, i < count);
    }
  } else {
    Pack<float, 4> values;
#pragma unroll
    for (int i = 0; i < 4; ++i) values[i] = i < count ? to_float(from[i]) : 0.0f;
    store_pack(to, values);
  }
}

// Where pack `pack` of four elements of row `row` lies in a slice: those of one number in eight neighbouring
// rows are in different banks.
DIO_DEVICE int slice_place(int row, int pack) { return row * 32 + (pack ^ (row & 7)) * 4; }

// Loads what a block of threads needs, step by step: for each block of keys the slices of queries and keys,
// then those of values.
template <typename T, typename Tiles>
struct F32Loader {
  const AttentionArguments<T>& a;
  const AttentionShare& share;
  const T *queries, *keys, *values;  // of the head
  int slices;                        // of queries and keys
  int block, step = 0;

  DIO_DEVICE F32Loader(const AttentionArguments<T>& a, const AttentionShare& share)
      : a(a),
        share(share),
        queries(a.q + a.q_strides.offset(share.batch, share.head, 0)),
        keys(a.k + a.k_strides.offset(share.batch, share.head, 0)),
        values(a.v + a.v_strides.offset(share.batch, share.head, 0)),
        slices((a.head_size + Tiles::kSlice - 1) / Tiles::kSlice),
        block(share.first_block) {}

  DIO_DEVICE void load_slice(float* stage) const {
    constexpr int kPacks = Tiles::kSlice / 4;
    const int pack = static_cast<int>(threadIdx.x) % kPacks;
    const int column = step * Tiles::kSlice + 4 * pack, count = a.head_size - column;
    if (count <= 0) return;
#pragma unroll
    for (int i = 0; i < (Tiles::kQueries + Tiles::kKeys) * kPacks / Tiles::kThreads; ++i) {
      const int row = i * (Tiles::kThreads / kPacks) + static_cast<int>(threadIdx.x) / kPacks;
      float* to = stage + slice_place(row, pack);
      if (row < Tiles::kQueries) {
        const int query = share.first_query + row;
        load_four(to, queries + query * a.q_strides.token + column, query < a.queries ? count : 0,
                  a.wide_inputs, queries);
      } else {
        const int key = block * Tiles::kKeys + row - Tiles::kQueries;
        load_four(to, keys + key * a.k_strides.token + column, key < share.keys ? count : 0, a.wide_inputs,
                  keys);
      }
    }
  }

  DIO_DEVICE void load_values(float* stage) const {
    const int x = static_cast<int>(threadIdx.x) % 16, y = static_cast<int>(threadIdx.x) / 16;
    const int first = block * Tiles::kKeys + (step - slices) * Tiles::kValueKeys;
#pragma unroll
    for (int i = 0; i < Tiles::kStage / 64 / 16; ++i) {
      const int unit = i * 16 + y;  // 64 columns of a key
      const int row = unit / Tiles::kColumnBlocks, column = unit % Tiles::kColumnBlocks * 64 + 4 * x;
      if (column - 4 * x >= a.head_size) continue;
      const int key = first + row;
      load_four(stage + row * Tiles::kHeadSize + column, values + key * a.v_strides.token + column,
                key < share.keys ? a.head_size - column : 0, a.wide_inputs, values);
    }
  }

  DIO_DEVICE void load_next(float* stage) {
    if (block < share.end_block) {
      if (step < slices) {
        load_slice(stage);
      } else {
        load_values(stage);
      }
      if (++step == slices + Tiles::kKeys / Tiles::kValueKeys) {
        step = 0;
        ++block;
      }
    }
    cp_async_commit();
  }
};

// A thread's queries kRows y ... and what was summed over the keys so far.
template <typename T, typename Tiles>
struct F32Thread {
  static constexpr int kRows = Tiles::kRows;

  int x, y;
  float scores[kRows][4];  // with keys x, x + 16, x + 32, x + 48
  float sums[kRows][Tiles::kColumnBlocks][4];
  float weight_sums[kRows];  // this thread's keys alone
  float references[kRows];

  DIO_DEVICE F32Thread() : x(static_cast<int>(threadIdx.x) % 16), y(static_cast<int>(threadIdx.x) / 16) {
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
      weight_sums[i] = 0;
      references[i] = -INFINITY;
#pragma unroll
      for (int block = 0; block < Tiles::kColumnBlocks; ++block) {
#pragma unroll
        for (int j = 0; j < 4; ++j) sums[i][block][j] = 0;
      }
    }
  }

  DIO_DEVICE void clear_scores() {
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
#pragma unroll
      for (int j = 0; j < 4; ++j) scores[i][j] = 0;
    }
  }

  // scores += a slice of the queries times the transpose of that of the keys, `packs` packs of four elements.
  DIO_DEVICE void multiply_slice(const float* slice, int packs) {
    const float* key_slice = slice + Tiles::kQueries * Tiles::kSlice;
    for (int pack = 0; pack < packs; ++pack) {
      Pack<float, 4> q[kRows], k[4];
#pragma unroll
      for (int i = 0; i < kRows; ++i) q[i] = load_pack<4>(slice + slice_place(y * kRows + i, pack));
#pragma unroll
      for (int j = 0; j < 4; ++j) k[j] = load_pack<4>(key_slice + slice_place(x + 16 * j, pack));
#pragma unroll
      for (int element = 0; element < 4; ++element) {
#pragma unroll
        for (int i = 0; i < kRows; ++i) {
#pragma unroll
          for (int j = 0; j < 4; ++j) scores[i][j] = fmaf(q[i][element], k[j][element], scores[i][j]);
        }
      }
    }
  }

  // From products to weights, which go to `weights`; a bias is read for this thread's queries below a.queries
  // and keys below share.keys.
  DIO_DEVICE void weigh(const AttentionArguments<T>& a, const AttentionShare& share, int block,
                        float* weights) {
    const int first_key = block * Tiles::kKeys + x;
    float scale = a.exponent_scale;
    if (a.bias) {
      scale = 1;
#pragma unroll
      for (int i = 0; i < kRows; ++i) {
        const int query = share.first_query + y * kRows + i;
        const float* bias = a.bias + a.bias_strides.offset(share.batch, share.head, query) + first_key;
#pragma unroll
        for (int j = 0; j < 4; ++j) {
          const bool within = query < a.queries && first_key + 16 * j < share.keys;
          scores[i][j] = fmaf(within ? bias[16 * j] : 0.0f, kLog2E, scores[i][j] * a.exponent_scale);
        }
      }
    }
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
      float largest = -INFINITY;
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        if (first_key + 16 * j >= share.keys) scores[i][j] = -INFINITY;
        largest = fmaxf(largest, scores[i][j]);
      }
      largest = warp_max<16>(largest) * scale;
      if (largest > references[i]) {
        const float factor = ex2(references[i] - largest);
        references[i] = largest;
        weight_sums[i] *= factor;
#pragma unroll
        for (int column = 0; column < Tiles::kColumnBlocks; ++column) {
#pragma unroll
          for (int j = 0; j < 4; ++j) sums[i][column][j] *= factor;
        }
      }
      const float shift = -usable_reference(references[i]);
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        const float weight = ex2(fmaf(scores[i][j], scale, shift));
        weight_sums[i] += weight;
        weights[(y * kRows + i) * Tiles::kWeightPitch + x + 16 * j] = weight;
      }
    }
  }

  // sums += weights (from the first of the slice's keys on) times a slice of values.
  DIO_DEVICE void multiply_values(const float* weights, const float* slice, int head_size) {
#pragma unroll 1
    for (int key = 0; key < Tiles::kValueKeys; key += 4) {
      Pack<float, 4> w[kRows];
#pragma unroll
      for (int i = 0; i < kRows; ++i) {
        w[i] = load_pack<4>(weights + (y * kRows + i) * Tiles::kWeightPitch + key);
      }
#pragma unroll
      for (int element = 0; element < 4; ++element) {
        const float* row = slice + (key + element) * Tiles::kHeadSize + 4 * x;
#pragma unroll
        for (int column = 0; column < Tiles::kColumnBlocks; ++column) {
          if (64 * column >= head_size) break;
          const auto v = load_pack<4>(row + 64 * column);
#pragma unroll
          for (int i = 0; i < kRows; ++i) {
#pragma unroll
            for (int j = 0; j < 4; ++j) sums[i][column][j] = fmaf(w[i][element], v[j], sums[i][column][j]);
          }
        }
      }
    }
  }

  DIO_DEVICE void write(const AttentionArguments<T>& a, const AttentionShare& share) {
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
      const float sum = warp_sum<16>(weight_sums[i]);
      const int query = share.first_query + y * kRows + i;
      if (query >= a.queries) continue;
      if (a.parts > 1) {
        const int64_t row = share.part_row(a, query);
        if (x == 0) a.part_statistics[row] = {references[i], sum};
#pragma unroll
        for (int column = 0; column < Tiles::kColumnBlocks; ++column) {
          const int d = 64 * column + 4 * x;
          if (d >= a.part_pitch) continue;
          Pack<float, 4> pack;
#pragma unroll
          for (int j = 0; j < 4; ++j) pack[j] = sums[i][column][j];
          store_pack(a.part_sums + row * a.part_pitch + d, pack);
        }
      } else {
        T* out = a.out + a.out_strides.offset(share.batch, share.head, query);
#pragma unroll
        for (int column = 0; column < Tiles::kColumnBlocks; ++column) {
          const int d = 64 * column + 4 * x;
          Pack<T, 4> pack;
#pragma unroll
          for (int j = 0; j < 4; ++j) pack[j] = from_float<T>(sums[i][column][j] / sum);
          if (a.wide_out && d < a.head_size) {
            store_pack(out + d, pack);
          } else {
            for (int j = 0; j < 4 && d + j < a.head_size; ++j) out[d + j] = pack[j];
          }
        }
      }
    }
  }
};

template <typename T, typename Tiles>
__global__ void __launch_bounds__(Tiles::kThreads, Tiles::kResidentBlocks)
    attention_f32(const AttentionArguments<T> a) {
  using Memory = F32Memory<Tiles>;
  DIO_SHARED(Memory, memory);
  const AttentionShare share(a, Tiles::kQueries, Tiles::kKeys);
  F32Loader<T, Tiles> loader(a, share);
  F32Thread<T, Tiles> state;
  int use = 0;
  const auto next_stage = [&] {
    cp_async_wait<0>();
    __syncthreads();  // everyone's copies are there, and the other stage is free
    loader.load_next(memory.stages[use ^ 1]);
    const float* stage = memory.stages[use];
    use ^= 1;
    return stage;
  };
  loader.load_next(memory.stages[0]);
  for (int block = share.first_block; block < share.end_block; ++block) {
    state.clear_scores();
    for (int column = 0; column < a.head_size; column += Tiles::kSlice) {
      const float* slice = next_stage();
      state.multiply_slice(slice, (min(a.head_size - column, Tiles::kSlice) + 3) / 4);
    }
    state.weigh(a, share, block, memory.weights);
    for (int key = 0; key < Tiles::kKeys; key += Tiles::kValueKeys) {
      const float* slice = next_stage();  // and everyone's weights are there
      state.multiply_values(memory.weights + key, slice, a.head_size);
    }
  }
  state.write(a, share);
}

}  // namespace diorama::cuda

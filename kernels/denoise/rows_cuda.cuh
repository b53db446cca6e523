#pragma once

// A row in the registers of its team of threads: loads and stores in packs, sums over the row.

#include "kernels/cuda/ptx.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/denoise/rows_cuda.h"

namespace diorama::cuda {

// As load_pack, of what no thread of the kernel writes: such loads may pass stores.
template <int N, typename T>
DIO_DEVICE Pack<T, N> load_constant_pack(const T* from) {
#if defined(__CUDACC__)
  Pack<T, N> pack;
  if constexpr (sizeof(pack) == 16) {
    const uint4 bits = __ldg(reinterpret_cast<const uint4*>(from));
    memcpy(&pack, &bits, sizeof(pack));
  } else if constexpr (sizeof(pack) == 8) {
    const uint2 bits = __ldg(reinterpret_cast<const uint2*>(from));
    memcpy(&pack, &bits, sizeof(pack));
  } else {
    static_assert(sizeof(pack) == 4, "packs of 4, 8 or 16 bytes");
    const unsigned bits = __ldg(reinterpret_cast<const unsigned*>(from));
    memcpy(&pack, &bits, sizeof(pack));
  }
  return pack;
#else
  return load_pack<N>(from);
#endif
}

// N parameters as floats, in accesses of up to 16 bytes.
template <int N, typename T>
DIO_DEVICE void load_parameters(const T* from, float (&to)[N]) {
  constexpr int kAtOnce = N < kPackOf<T> ? N : kPackOf<T>;
#pragma unroll
  for (int begin = 0; begin < N; begin += kAtOnce) {
    const auto pack = load_constant_pack<kAtOnce>(from + begin);
#pragma unroll
    for (int j = 0; j < kAtOnce; ++j) to[begin + j] = to_float(pack[j]);
  }
}

// The threads of a block that share a row.
struct Team {
  int threads;  // a multiple of 32
  int index;    // of the team in the block
  int rank;     // of the thread in the team

  DIO_DEVICE explicit Team(int threads)
      : threads(threads),
        index(static_cast<int>(threadIdx.x) / threads),
        rank(static_cast<int>(threadIdx.x) - index * threads) {}
  // The row that the team takes when the grid's blocks take rows in order.
  DIO_DEVICE int64_t row() const {
    return static_cast<int64_t>(blockIdx.x) * (static_cast<int>(blockDim.x) / threads) + index;
  }
};

// What one thread holds of a row: packs first, first + step, ... below `packs`.
template <int kPacks, int kPack>
struct RowPart {
  float values[kPacks][kPack];
  int first, step, packs;

  DIO_DEVICE RowPart(const Team& team, int channels)
      : first(team.rank), step(team.threads), packs(channels / kPack) {}

  // body(values, c) for each of this thread's packs, whose first element is the row's element c.
  template <typename Body>
  DIO_DEVICE void each(Body&& body) {
#pragma unroll
    for (int i = 0; i < kPacks; ++i) {
      const int pack = first + i * step;
      if (pack < packs) body(values[i], pack * kPack);
    }
  }
  template <typename T>
  DIO_DEVICE void load(const T* row) {
#pragma unroll
    for (int i = 0; i < kPacks; ++i) {
      const int pack = first + i * step;
      Pack<T, kPack> loaded = {};
      if (pack < packs) loaded = load_pack<kPack>(row + pack * kPack);
#pragma unroll
      for (int j = 0; j < kPack; ++j) values[i][j] = to_float(loaded[j]);
    }
  }
  template <typename T>
  DIO_DEVICE void store(T* row) {
    each([&](const float(&v)[kPack], int c) {
      Pack<T, kPack> pack;
#pragma unroll
      for (int j = 0; j < kPack; ++j) pack[j] = from_float<T>(v[j]);
      store_pack(row + c, pack);
    });
  }
  // v = change(v, parameter) with the row of parameters.
  template <typename T, typename Change>
  DIO_DEVICE void apply(const T* row, Change&& change) {
    each([&](float(&v)[kPack], int c) {
      float parameters[kPack];
      load_parameters<kPack>(row + c, parameters);
#pragma unroll
      for (int j = 0; j < kPack; ++j) v[j] = change(v[j], parameters[j]);
    });
  }
  template <typename Change>
  DIO_DEVICE void apply(const AnyFloats& row, Change&& change) {
    switch (row.dtype) {
      case DIO_F16:
        return apply(static_cast<const f16*>(row.data), change);
      case DIO_BF16:
        return apply(static_cast<const bf16*>(row.data), change);
      default:
        return apply(static_cast<const float*>(row.data), change);
    }
  }
};

// For the sums of a block's teams: one slot a warp, each array used once.
struct TeamSums {
  static constexpr int kWarps = RowTeams::kMaxThreads / 32;
  float totals[kWarps];
  float2 moments[kWarps];
};

// Waits for the threads of the team alone: another team of the block may be past the last row and gone. Teams
// of several warps are at most two a block; with constant ids the compiler sets aside no more barriers.
DIO_DEVICE void meet(const Team& team) {
  if (team.index == 0) {
    named_barrier_sync(1, team.threads);
  } else {
    named_barrier_sync(2, team.threads);
  }
}

// Over the threads of a team, in a fixed order.
DIO_DEVICE float team_sum(float value, const Team& team, float* slots) {
  value = warp_sum(value);
  if (team.threads == 32) return value;
  if (threadIdx.x % 32 == 0) slots[threadIdx.x / 32] = value;
  meet(team);
  const int warps = team.threads / 32;
  float sum = 0;
  for (int warp = 0; warp < warps; ++warp) sum += slots[team.index * warps + warp];
  return sum;
}

// Two sums at once.
DIO_DEVICE float2 team_sum(float2 value, const Team& team, float2* slots) {
  value.x = warp_sum(value.x);
  value.y = warp_sum(value.y);
  if (team.threads == 32) return value;
  if (threadIdx.x % 32 == 0) slots[threadIdx.x / 32] = value;
  meet(team);
  const int warps = team.threads / 32;
  float2 sum = make_float2(0, 0);
  for (int warp = 0; warp < warps; ++warp) {
    const float2 part = slots[team.index * warps + warp];
    sum.x += part.x;
    sum.y += part.y;
  }
  return sum;
}

}  // namespace diorama::cuda

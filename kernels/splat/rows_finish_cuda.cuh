#pragma once

// What becomes of the gradients of 32 Gaussians, which a warp holds in shared memory, row by row: they are
// written, added, or are a step of Adam at once. Lanes take neighbouring values of memory, whatever Gaussian
// those belong to.

#include "kernels/cuda/floats.cuh"
#include "kernels/splat/training/adam.cuh"
#include "kernels/splat/harmonics.h"

namespace diorama::cuda {

// The groups of a Gaussian's row of gradients, in their order.
enum ParameterGroup { kMeans, kQuats, kLogScales, kLogits, kHarmonics, kGroups };
inline constexpr int kHarmonicsStart = 11;
// An odd number: lanes that each walk their own row meet no bank twice.
inline constexpr int kRowFloats = kHarmonicsStart + 3 * kMaxHarmonics;
static_assert(kRowFloats % 2 == 1);

using GaussianRows = float[32][kRowFloats];

// One group's tensors, of `columns` values a Gaussian.
struct GroupRows {
  int start;  // in a Gaussian's row
  int columns;
  // ceil(2^20 / columns): e / columns = e * this >> 20 for all e < 32 columns.
  unsigned inverse_columns;
  float* x;  // what is written; null where nothing is
  // Of Adam.
  float *m, *v;
  float first_rate, rate;  // step sizes of the first three columns and of the others

  DIO_DEVICE int row_of(int e) const {
    return static_cast<int>(static_cast<unsigned>(e) * inverse_columns >> 20);
  }
};

// Writes or adds.
struct Write {
  bool accumulate;
  DIO_DEVICE void operator()(const GroupRows&, float* x, float*, float*, int, float g) const {
    *x = accumulate ? *x + g : g;
  }
};

// Learns.
struct Learn {
  AdamStep step;
  DIO_DEVICE void operator()(const GroupRows& group, float* x, float* m, float* v, int column,
                             float g) const {
    AdamStep own = step;
    own.step_size = column < 3 ? group.first_rate : group.rate;
    adam_update(own, g, *x, *m, *v);
  }
};

// kPack values of a group at a time; `size`, a multiple of that, of them belong to the warp. first: the
// warp's first Gaussian.
template <bool kAdam, int kPack, typename Finish>
DIO_DEVICE void finish_group(const GroupRows& group, const Finish& finish, const GaussianRows& rows,
                             int64_t first, int size) {
  const int64_t base = first * group.columns;
  for (int e = kPack * (threadIdx.x % 32); e < size; e += kPack * 32) {
    auto x = load_pack<kPack>(group.x + base + e);
    Pack<float, kPack> m = {}, v = {};
    if constexpr (kAdam) {
      m = load_pack<kPack>(group.m + base + e);
      v = load_pack<kPack>(group.v + base + e);
    }
    int row = group.row_of(e), column = e - row * group.columns;
#pragma unroll
    for (int k = 0; k < kPack; ++k) {
      finish(group, &x[k], &m[k], &v[k], column, rows[row][group.start + column]);
      if (++column == group.columns) column = 0, ++row;
    }
    store_pack(group.x + base + e, x);
    if constexpr (kAdam) {
      store_pack(group.m + base + e, m);
      store_pack(group.v + base + e, v);
    }
  }
}

// All groups of a warp's `count` Gaussians. packed: whether all tensors begin at multiples of 16 bytes.
template <bool kAdam, typename Finish>
DIO_DEVICE void finish_rows(const GroupRows (&groups)[kGroups], const Finish& finish,
                            const GaussianRows& rows, int64_t first, int count, bool packed) {
#pragma unroll
  for (int i = 0; i < kGroups; ++i) {
    const GroupRows& group = groups[i];
    if (group.x == nullptr) continue;
    const int size = count * group.columns;
    if (packed && size % 4 == 0) {
      finish_group<kAdam, 4>(group, finish, rows, first, size);
    } else {
      finish_group<kAdam, 1>(group, finish, rows, first, size);
    }
  }
}

}  // namespace diorama::cuda

#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "parallel.h"
#include "tensor.h"

namespace diorama {

// Element by element over N tensors of one shape: axes are put in the order of the first tensor's strides and
// merged where every tensor allows it, so that most calls come down to one long run.
template <int N>
struct Walk {
  int rank = 0;
  int64_t shape[DIO_MAX_RANK];
  int64_t strides[N][DIO_MAX_RANK] = {};  // of each tensor, in elements

  int64_t size() const {
    int64_t product = 1;
    for (int axis = 0; axis < rank; ++axis) product *= shape[axis];
    return product;
  }
};

// Tensors beyond `count` are not looked at.
template <int N>
Walk<N> make_walk(const std::array<const Tensor*, N>& tensors, int count = N) {
  const Tensor& first = *tensors[0];
  int axes[DIO_MAX_RANK], used = 0;
  for (int axis = 0; axis < first.rank; ++axis) {
    if (first.shape[axis] != 1) axes[used++] = axis;
  }
  std::stable_sort(axes, axes + used, [&](int a, int b) { return first.strides[a] > first.strides[b]; });
  Walk<N> walk;
  for (int i = 0; i < used; ++i) {
    const int axis = axes[i];
    bool merges = walk.rank > 0;
    for (int n = 0; merges && n < count; ++n) {
      merges = walk.strides[n][walk.rank - 1] == tensors[n]->strides[axis] * first.shape[axis];
    }
    if (!merges) walk.shape[walk.rank++] = 1;
    walk.shape[walk.rank - 1] *= first.shape[axis];
    for (int n = 0; n < count; ++n) walk.strides[n][walk.rank - 1] = tensors[n]->strides[axis];
  }
  if (walk.rank == 0) {  // a single element
    walk.rank = 1;
    walk.shape[0] = 1;
    for (int n = 0; n < count; ++n) walk.strides[n][0] = 1;
  }
  return walk;
}

// Calls body(offsets, length, thread) for pieces of runs along the last axis: tensor n's piece begins
// offsets[n] elements from its data and goes on with strides[n][rank - 1]. No piece is longer than `piece`.
template <int N, typename Body>
void for_each_run(int threads, const Walk<N>& walk, int64_t piece, Body&& body) {
  const int last = walk.rank - 1;
  const int64_t run = walk.shape[last];
  const int64_t total = walk.size();
  if (total == 0) return;
  const int64_t pieces = (run + piece - 1) / piece;
  const int64_t units = total / run * pieces;
  constexpr int64_t kElementsPerThread = 16384;
  const int64_t grain = kElementsPerThread / std::min(run, piece) + 1;
  parallel_ranges(threads, units, grain, [&](int64_t begin, int64_t end, int thread) {
    int64_t index[DIO_MAX_RANK] = {}, base[N] = {}, rest = begin / pieces, part = begin % pieces;
    for (int axis = last - 1; axis >= 0; --axis) {
      index[axis] = rest % walk.shape[axis];
      rest /= walk.shape[axis];
      for (int n = 0; n < N; ++n) base[n] += index[axis] * walk.strides[n][axis];
    }
    for (int64_t unit = begin; unit < end; ++unit) {
      int64_t offsets[N];
      for (int n = 0; n < N; ++n) offsets[n] = base[n] + part * piece * walk.strides[n][last];
      body(static_cast<const int64_t*>(offsets), std::min(piece, run - part * piece), thread);
      if (++part < pieces) continue;
      part = 0;
      for (int axis = last - 1; axis >= 0; --axis) {
        for (int n = 0; n < N; ++n) base[n] += walk.strides[n][axis];
        if (++index[axis] < walk.shape[axis]) break;
        for (int n = 0; n < N; ++n) base[n] -= walk.strides[n][axis] * walk.shape[axis];
        index[axis] = 0;
      }
    }
  });
}

}  // namespace diorama

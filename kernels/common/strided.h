#pragma once

#include <algorithm>
#include <cstdint>

#include "parallel.h"
#include "walk.h"

namespace diorama {

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

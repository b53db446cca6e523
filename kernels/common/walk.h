#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

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

}  // namespace diorama

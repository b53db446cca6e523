#pragma once

// Element by element over N tensors of one shape on the device: the axes are put in order and merged on the
// host (kernels/common/walk.h), and a thread finds the places of its element.

#include "kernels/common/walk.h"
#include "platform.cuh"

namespace diorama::cuda {

template <int N>
struct Places {
  int64_t values[N];
  DIO_DEVICE int64_t operator[](int n) const { return values[n]; }
};

template <int N>
struct DeviceWalk {
  int64_t size = 0;
  int rank = 0;
  int64_t shape[DIO_MAX_RANK] = {};
  int64_t strides[N][DIO_MAX_RANK] = {};

  // Where element i of the walk lies in each tensor.
  DIO_DEVICE Places<N> offsets(int64_t i) const {
    Places<N> places = {};
    for (int axis = rank - 1; axis > 0; --axis) {
      const int64_t rest = i / shape[axis], at = i - rest * shape[axis];
#pragma unroll
      for (int n = 0; n < N; ++n) places.values[n] += at * strides[n][axis];
      i = rest;
    }
#pragma unroll
    for (int n = 0; n < N; ++n) places.values[n] += i * strides[n][0];
    return places;
  }

  // One run of neighbours in every tensor.
  bool is_dense() const {
    if (rank != 1) return false;
    for (int n = 0; n < N; ++n) {
      if (strides[n][0] != 1) return false;
    }
    return true;
  }
};

// Tensors beyond `count` are not looked at.
template <int N>
DeviceWalk<N> make_device_walk(const std::array<const Tensor*, N>& tensors, int count = N) {
  const Walk<N> walk = make_walk<N>(tensors, count);
  DeviceWalk<N> result;
  result.size = walk.size();
  result.rank = walk.rank;
  for (int axis = 0; axis < walk.rank; ++axis) {
    result.shape[axis] = walk.shape[axis];
    for (int n = 0; n < count; ++n) result.strides[n][axis] = walk.strides[n][axis];
  }
  return result;
}

inline bool is_aligned(const Tensor& tensor, std::size_t bytes) {
  return reinterpret_cast<std::uintptr_t>(tensor.data) % bytes == 0;
}

}  // namespace diorama::cuda

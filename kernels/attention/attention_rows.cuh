#pragma once

// Rows that begin anywhere, copied to where every row begins at a multiple of 16 bytes and is filled up with
// zeros: a pass over q, k or v, where attention passes over them many times.

#include "kernels/attention/attention_arguments.cuh"
#include "kernels/cuda/launch.h"

namespace diorama::cuda {

inline constexpr int kRowsThreads = 256;

// to [batches, tokens, heads, packs * kPackOf<T>] = from [batches, tokens, heads, size] or its negative.
template <typename T>
__global__ void __launch_bounds__(kRowsThreads)
    align_rows(const T* from, RowStrides strides, T* to, int64_t count, int tokens, int heads, int packs,
               int size, bool negate) {
  constexpr int kPack = kPackOf<T>;
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kRowsThreads + threadIdx.x;  // of a pack
  if (i >= count) return;
  const int column = static_cast<int>(i % packs) * kPack;
  const int64_t row = i / packs;
  const int head = static_cast<int>(row % heads), token = static_cast<int>(row / heads % tokens);
  const int batch = static_cast<int>(row / heads / tokens);
  const T* source = from + strides.offset(batch, head, token) + column;
  Pack<T, kPack> pack;
#pragma unroll
  for (int j = 0; j < kPack; ++j) {
    const float value = column + j < size ? to_float(source[j]) : 0.0f;
    pack[j] = from_float<T>(negate ? -value : value);
  }
  store_pack(to + i * kPack, pack);
}

// Whether rows of [B, S, H, D] begin at multiples of 16 bytes and consist of whole packs of 16 bytes.
inline bool has_wide_rows(const Tensor& t) {
  const int64_t pack = 16 / element_size(t.dtype);
  bool wide = reinterpret_cast<std::uintptr_t>(t.data) % 16 == 0 && t.shape[3] % pack == 0;
  for (int axis = 0; axis < 3; ++axis) wide = wide && (t.shape[axis] == 1 || t.strides[axis] % pack == 0);
  return wide;
}

inline RowStrides row_strides(const Tensor& t) { return {t.strides[0], t.strides[1], t.strides[2]}; }

// A copy of t in scratch memory, with wide rows; what stride 0 repeats stays one.
template <typename T>
const T* copy_rows(Context& context, const Tensor& t, bool negate, RowStrides& strides) {
  const auto extent = [&](int axis) { return t.strides[axis] == 0 ? 1 : t.shape[axis]; };
  const int64_t batches = extent(0), tokens = extent(1), heads = extent(2), size = t.shape[3];
  const int64_t packs = (size + kPackOf<T> - 1) / kPackOf<T>, pitch = packs * kPackOf<T>;
  const int64_t count = batches * tokens * heads * packs;
  strides = {t.strides[0] == 0 ? 0 : tokens * heads * pitch, t.strides[1] == 0 ? 0 : heads * pitch,
             t.strides[2] == 0 ? 0 : pitch};
  T* to = context.scratch_array<T>(static_cast<std::size_t>(count * kPackOf<T>));
  if (count == 0) return to;
  launch(context, "attention, aligning rows", align_rows<T>, {blocks_for(count, kRowsThreads), kRowsThreads},
         data<T>(t), row_strides(t), to, count, tokens, heads, packs, size, negate);
  return to;
}

}  // namespace diorama::cuda

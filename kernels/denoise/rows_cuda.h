#pragma once

// What the row kernels of this folder take: tensors of rows in any dtype, and how rows go to threads.

#include "kernels/cuda/dispatch.h"

namespace diorama::cuda {

// Rows of floats of a dtype chosen at run time; each row is dense.
struct AnyRows {
  void* data = nullptr;
  int32_t dtype = DIO_F32;
  int64_t stride = 0;  // from row to row

  AnyRows() = default;
  explicit AnyRows(const Tensor* tensor) {
    if (tensor == nullptr) return;
    data = tensor->data;
    dtype = tensor->dtype;
    stride = tensor->strides[0];
  }
  DIO_HOST_DEVICE AnyRows(void* data, int32_t dtype) : data(data), dtype(dtype) {}
  explicit operator bool() const { return data != nullptr; }

  template <typename T>
  DIO_DEVICE T* row(int64_t m) const {
    return static_cast<T*>(data) + m * stride;
  }
  DIO_DEVICE float load(int64_t m, int64_t c) const {
    const int64_t at = m * stride + c;
    switch (dtype) {
      case DIO_F16:
        return to_float(static_cast<const f16*>(data)[at]);
      case DIO_BF16:
        return to_float(static_cast<const bf16*>(data)[at]);
      default:
        return static_cast<const float*>(data)[at];
    }
  }
  DIO_DEVICE void store(int64_t m, int64_t c, float value) const {
    const int64_t at = m * stride + c;
    switch (dtype) {
      case DIO_F16:
        static_cast<f16*>(data)[at] = from_float<f16>(value);
        break;
      case DIO_BF16:
        static_cast<bf16*>(data)[at] = from_float<bf16>(value);
        break;
      default:
        static_cast<float*>(data)[at] = value;
    }
  }
  // Every row can be read in packs of `pack` elements, in accesses of up to 16 bytes.
  bool in_packs_of(int pack) const {
    const int64_t bytes = pack * element_size(dtype);
    const int64_t access = bytes < 16 ? bytes : 16;
    return reinterpret_cast<std::uintptr_t>(data) % static_cast<std::uintptr_t>(access) == 0 &&
           stride * element_size(dtype) % access == 0;
  }
};

inline bool in_packs_of(int pack, const AnyFloats& vector) {
  const int64_t bytes = pack * element_size(vector.dtype);
  return reinterpret_cast<std::uintptr_t>(vector.data) %
             static_cast<std::uintptr_t>(bytes < 16 ? bytes : 16) ==
         0;
}

// The elements that one access of 16 bytes holds of the wider one of two types.
template <typename T, typename U>
inline constexpr int kCommonPack = 16 / static_cast<int>(sizeof(T) > sizeof(U) ? sizeof(T) : sizeof(U));

// body(Type<R>(), Type<T>()) for the pairs that models use: the states' type and that of what goes into
// products. False, and nothing called, for other pairs, which take a kernel that looks dtypes up.
template <typename Body>
bool with_common_types(int32_t r, int32_t t, Body&& body) {
  if (r == DIO_F32) {
    with_float_type(t, [&](auto type) { body(Type<float>(), type); });
    return true;
  }
  if (r != t) return false;
  if (r == DIO_BF16) {
    body(Type<bf16>(), Type<bf16>());
  } else {
    body(Type<f16>(), Type<f16>());
  }
  return true;
}

// How rows that are kept in registers go to threads: a warp or several for a row, four warps or more a block.
struct RowTeams {
  static constexpr int kElements = 24;  // of a row a thread, at most
  static constexpr int kMaxThreads = 448;
  int row_threads;
  int rows_per_block;

  explicit RowTeams(int64_t channels) {
    const int warps = static_cast<int>((channels + 32 * kElements - 1) / (32 * kElements));
    row_threads = 32 * warps;
    rows_per_block = warps < 4 ? 4 / warps : 1;
  }
  static bool hold(int64_t channels) { return channels <= int64_t{kMaxThreads} * kElements; }
  unsigned threads() const { return static_cast<unsigned>(row_threads * rows_per_block); }
};

}  // namespace diorama::cuda

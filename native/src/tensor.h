#pragma once

#include <cstdint>
#include <string>

#include "diorama.h"

namespace diorama {

using Tensor = dio_tensor;

inline int64_t element_size(int32_t dtype) {
  switch (dtype) {
    case DIO_F32:
    case DIO_I32:
      return 4;
    case DIO_F16:
    case DIO_BF16:
      return 2;
    default:
      return 1;
  }
}

inline int64_t element_count(const Tensor& t) {
  int64_t count = 1;
  for (int i = 0; i < t.rank; ++i) count *= t.shape[i];
  return count;
}

// True when the elements lie densely in row-major order (axes of size 1 may have any stride).
inline bool is_contiguous(const Tensor& t) {
  int64_t expected = 1;
  for (int i = t.rank - 1; i >= 0; --i) {
    if (t.shape[i] != 1 && t.strides[i] != expected) return false;
    expected *= t.shape[i];
  }
  return true;
}

template <typename T>
T* data(const Tensor& t) {
  return static_cast<T*>(t.data);
}

// "f32", "bf16", ... and "[2, 17, 64]", for messages.
const char* dtype_name(int32_t dtype);
std::string shape_text(const Tensor& t);

// The modulation row of row m: the index where there is one, else equal groups.
struct RowGroups {
  const int32_t* index;
  int64_t rows_per_group;
  int64_t operator()(int64_t m) const { return index ? index[m] : m / rows_per_group; }
};

inline RowGroups row_groups(const Tensor* groups, const Tensor* index, int64_t rows) {
  if (index) return {data<int32_t>(*index), 1};
  return {nullptr, groups && groups->shape[0] > 0 ? rows / groups->shape[0] : rows};
}

}  // namespace diorama

#pragma once

// From a tensor's dtype, known at run time, to a kernel's type.

#include "error.h"
#include "floats.cuh"
#include "tensor.h"

namespace diorama::cuda {

template <typename T>
struct Type {
  using type = T;
};

// body(Type<float>()), body(Type<f16>()) or body(Type<bf16>()).
template <typename Body>
void with_float_type(int32_t dtype, Body&& body) {
  switch (dtype) {
    case DIO_F16:
      return body(Type<f16>());
    case DIO_BF16:
      return body(Type<bf16>());
    default:
      return body(Type<float>());
  }
}

// A pointer to elements of a floating dtype chosen at run time, for what is read seldom: biases, tables.
struct AnyFloats {
  const void* data = nullptr;
  int32_t dtype = DIO_F32;
  AnyFloats() = default;
  DIO_HOST_DEVICE AnyFloats(const void* data, int32_t dtype) : data(data), dtype(dtype) {}
  explicit AnyFloats(const Tensor* tensor) {
    if (tensor == nullptr) return;
    data = tensor->data;
    dtype = tensor->dtype;
  }
  DIO_HOST_DEVICE explicit operator bool() const { return data != nullptr; }
  DIO_DEVICE float operator[](int64_t offset) const {
    switch (dtype) {
      case DIO_F16:
        return to_float(static_cast<const f16*>(data)[offset]);
      case DIO_BF16:
        return to_float(static_cast<const bf16*>(data)[offset]);
      default:
        return static_cast<const float*>(data)[offset];
    }
  }
};

// The modulation row of row m (see RowGroups): the index, brought into [0, groups), or equal groups.
struct DeviceRowGroups {
  const int32_t* index = nullptr;
  int64_t rows_per_group = 1;
  int64_t groups = 1;
  DeviceRowGroups() = default;
  DeviceRowGroups(const Tensor* group_rows, const Tensor* index_tensor, int64_t rows) {
    groups = group_rows ? group_rows->shape[0] : 1;
    if (index_tensor) index = data<int32_t>(*index_tensor);
    if (groups > 0) rows_per_group = rows / groups > 0 ? rows / groups : 1;
  }
  DIO_DEVICE int64_t operator()(int64_t m) const {
    if (!index) return groups == 1 ? 0 : m / rows_per_group;
    const int64_t chosen = index[m];
    return chosen < 0 ? 0 : chosen >= groups ? groups - 1 : chosen;
  }
};

}  // namespace diorama::cuda

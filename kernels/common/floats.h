#pragma once

#include "context.h"
#include "elements.h"

namespace diorama {

// A parameter (weight, modulation, cosine, ...) as dense rows of floats: the tensor itself where it is that
// already, else a copy in scratch memory. Parameters are small beside the activations.
struct FloatRows {
  const float* data = nullptr;  // null when the parameter is absent
  int64_t stride = 0;           // from row to row

  const float* row(int64_t m) const { return data ? data + m * stride : nullptr; }
};

inline FloatRows float_rows(Context& context, const Tensor* tensor) {
  if (!tensor) return {};
  const int last = tensor->rank - 1;
  const int64_t columns = tensor->shape[last];
  const int64_t rows = last > 0 ? tensor->shape[0] : 1;
  const int64_t row_stride = last > 0 ? tensor->strides[0] : 0;
  if (tensor->dtype == DIO_F32 && (tensor->strides[last] == 1 || columns == 1))
    return {data<float>(*tensor), row_stride};
  float* dense = context.scratch_array<float>(static_cast<std::size_t>(rows * columns));
  for (int64_t m = 0; m < rows; ++m) {
    for (int64_t c = 0; c < columns; ++c) {
      dense[m * columns + c] =
          load_float(tensor->data, tensor->dtype, m * row_stride + c * tensor->strides[last]);
    }
  }
  return {dense, columns};
}

// Where the rows of an activation lie; each is dense.
struct RowLayout {
  char* data;
  int32_t dtype;
  int64_t row_stride;  // elements

  explicit RowLayout(const Tensor& t)
      : data(diorama::data<char>(t)), dtype(t.dtype), row_stride(t.strides[0]) {}
  char* row(int64_t m) const { return data + m * row_stride * element_size(dtype); }
  // Rows that a kernel can read and write as they are.
  bool plain() const { return dtype == DIO_F32; }
};

}  // namespace diorama

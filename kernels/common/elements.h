#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "tensor.h"

namespace diorama {

// Single elements of every dtype, and walking over strided tensors: what the plain versions of the operations
// are made of.

inline float from_bf16(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

// To nearest, ties to even. NaN stays NaN.
inline uint16_t to_bf16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>((bits >> 16) | 0x40u);
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

inline float from_f16(uint16_t bits) {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000u) << 16;
  const uint32_t exponent = (bits >> 10) & 31u;
  const uint32_t mantissa = bits & 0x3ffu;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | (mantissa << 13));
  if (exponent != 0) return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
  const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
  return sign ? -magnitude : magnitude;
}

// To nearest, ties to even. Beyond the largest half: infinity. NaN stays NaN.
inline uint16_t to_f16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint16_t sign = static_cast<uint16_t>((bits >> 16) & 0x8000u);
  const uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return sign | 0x7e00u;
  if (magnitude >= 0x477ff000u) return sign | 0x7c00u;  // 65520 and more
  if (magnitude < 0x38800000u) {  // below 2^-14: adding 0.5 leaves multiples of 2^-24 in the low bits
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return sign | static_cast<uint16_t>(std::bit_cast<uint32_t>(shifted) - 0x3f000000u);
  }
  const uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
  return sign | static_cast<uint16_t>((rounded - 0x38000000u) >> 13);
}

inline float load_float(const void* data, int32_t dtype, int64_t offset) {
  switch (dtype) {
    case DIO_BF16:
      return from_bf16(static_cast<const uint16_t*>(data)[offset]);
    case DIO_F16:
      return from_f16(static_cast<const uint16_t*>(data)[offset]);
    default:
      return static_cast<const float*>(data)[offset];
  }
}

inline void store_float(void* data, int32_t dtype, int64_t offset, float value) {
  switch (dtype) {
    case DIO_BF16:
      static_cast<uint16_t*>(data)[offset] = to_bf16(value);
      break;
    case DIO_F16:
      static_cast<uint16_t*>(data)[offset] = to_f16(value);
      break;
    default:
      static_cast<float*>(data)[offset] = value;
  }
}

// The elements of a floating-point tensor as `Real`, by their offset from the first one.
template <typename Real>
class Elements {
 public:
  explicit Elements(const Tensor& tensor) : data_(tensor.data), dtype_(tensor.dtype) {}
  Real operator[](int64_t offset) const { return static_cast<Real>(load_float(data_, dtype_, offset)); }
  void set(int64_t offset, Real value) const {
    store_float(data_, dtype_, offset, static_cast<float>(value));
  }

 private:
  void* data_;
  int32_t dtype_;
};

inline int64_t offset_at(const Tensor& tensor, const int64_t* index) {
  int64_t offset = 0;
  for (int axis = 0; axis < tensor.rank; ++axis) offset += index[axis] * tensor.strides[axis];
  return offset;
}

// Calls visit(index) for every element of the tensor's shape, the last axis fastest.
template <typename Visit>
void for_each_index(const Tensor& tensor, Visit&& visit) {
  if (element_count(tensor) == 0) return;
  int64_t index[DIO_MAX_RANK] = {};
  for (;;) {
    visit(static_cast<const int64_t*>(index));
    int axis = tensor.rank - 1;
    while (axis >= 0 && ++index[axis] == tensor.shape[axis]) index[axis--] = 0;
    if (axis < 0) return;
  }
}

template <typename Real>
Real activation(dio_activation_kind kind, Real x) {
  switch (kind) {
    case DIO_ACTIVATION_GELU_TANH: {
      const Real inner =
          static_cast<Real>(0.7978845608028654) * (x + static_cast<Real>(0.044715) * x * x * x);
      return static_cast<Real>(0.5) * x * (1 + std::tanh(inner));
    }
    case DIO_ACTIVATION_GELU_ERF:
      return static_cast<Real>(0.5) * x * (1 + std::erf(x * static_cast<Real>(0.7071067811865476)));
    case DIO_ACTIVATION_SILU:
      return x / (1 + std::exp(-x));
    case DIO_ACTIVATION_QUICK_GELU:
      return x / (1 + std::exp(static_cast<Real>(-1.702) * x));
    default:
      return x;
  }
}

}  // namespace diorama

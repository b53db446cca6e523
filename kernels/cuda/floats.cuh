#pragma once

// f16 and bf16 as they lie in memory, their conversions (to nearest, ties to even), and loads of several
// elements at once. Arithmetic is done in float.

#include "platform.cuh"

#include <cstdint>

#if defined(__CUDACC__)
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#else
#include "kernels/common/elements.h"
#endif

namespace diorama::cuda {

struct f16 {
  uint16_t bits;
};
struct bf16 {
  uint16_t bits;
};

DIO_DEVICE float to_float(float value) { return value; }

DIO_DEVICE float to_float(f16 value) {
#if defined(__CUDACC__)
  return __half2float(__ushort_as_half(value.bits));
#else
  return from_f16(value.bits);
#endif
}

DIO_DEVICE float to_float(bf16 value) {
#if defined(__CUDACC__)
  return __uint_as_float(static_cast<uint32_t>(value.bits) << 16);
#else
  return from_bf16(value.bits);
#endif
}

template <typename T>
DIO_DEVICE T from_float(float value);

template <>
DIO_DEVICE float from_float<float>(float value) {
  return value;
}

template <>
DIO_DEVICE f16 from_float<f16>(float value) {
#if defined(__CUDACC__)
  return {__half_as_ushort(__float2half_rn(value))};
#else
  return {to_f16(value)};
#endif
}

template <>
DIO_DEVICE bf16 from_float<bf16>(float value) {
#if defined(__CUDACC__)
  return {__bfloat16_as_ushort(__float2bfloat16_rn(value))};
#else
  return {to_bf16(value)};
#endif
}

// Two values side by side in 32 bits, the first one in the low half.
template <typename T>
DIO_DEVICE uint32_t pack2(float low, float high);

template <>
DIO_DEVICE uint32_t pack2<f16>(float low, float high) {
#if defined(__CUDACC__)
  const __half2 pair = __floats2half2_rn(low, high);
  return *reinterpret_cast<const uint32_t*>(&pair);
#else
  return static_cast<uint32_t>(to_f16(low)) | static_cast<uint32_t>(to_f16(high)) << 16;
#endif
}

template <>
DIO_DEVICE uint32_t pack2<bf16>(float low, float high) {
#if defined(__CUDACC__)
  const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
  return *reinterpret_cast<const uint32_t*>(&pair);
#else
  return static_cast<uint32_t>(to_bf16(low)) | static_cast<uint32_t>(to_bf16(high)) << 16;
#endif
}

// N elements in one access; their address is a multiple of N * sizeof(T).
template <typename T, int N>
struct alignas(N * sizeof(T)) Pack {
  T values[N];
  DIO_DEVICE T& operator[](int i) { return values[i]; }
  DIO_DEVICE const T& operator[](int i) const { return values[i]; }
};

template <int N, typename T>
DIO_DEVICE Pack<T, N> load_pack(const T* from) {
  return *reinterpret_cast<const Pack<T, N>*>(from);
}

template <int N, typename T>
DIO_DEVICE void store_pack(T* to, const Pack<T, N>& pack) {
  *reinterpret_cast<Pack<T, N>*>(to) = pack;
}

// How many T make 16 bytes, the widest access of a thread.
template <typename T>
inline constexpr int kPackOf = 16 / static_cast<int>(sizeof(T));

}  // namespace diorama::cuda

// Compiled once for each SIMD target (Highway's foreach_target): vectors of f32 from and to every dtype,
// ragged ends, and the activations.
#if defined(DIORAMA_KERNELS_COMMON_SIMD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DIORAMA_KERNELS_COMMON_SIMD_INL_H_
#undef DIORAMA_KERNELS_COMMON_SIMD_INL_H_
#else
#define DIORAMA_KERNELS_COMMON_SIMD_INL_H_
#endif

#include <hwy/highway.h>

#include <cstring>
#include <initializer_list>
#include <type_traits>

#include "elements.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using FloatTag = hn::ScalableTag<float>;
using FloatVector = hn::Vec<FloatTag>;

// Where masked loads and stores leave alone what they mask out, and halves convert in hardware.
#undef DIORAMA_MASKED_MEMORY
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
#define DIORAMA_MASKED_MEMORY 1
#else
#define DIORAMA_MASKED_MEMORY 0
#endif

HWY_INLINE int64_t lanes() { return static_cast<int64_t>(hn::Lanes(FloatTag())); }

HWY_INLINE FloatVector splat(float value) { return hn::Set(FloatTag(), value); }

// The first n floats (fewer than a vector), zeros after them.
HWY_INLINE FloatVector load_first(const float* from, int64_t n) {
  const FloatTag d;
#if DIORAMA_MASKED_MEMORY
  return hn::MaskedLoad(hn::FirstN(d, static_cast<std::size_t>(n)), d, from);
#else
  HWY_ALIGN float buffer[HWY_LANES(float)] = {};
  std::memcpy(buffer, from, static_cast<std::size_t>(n) * sizeof(float));
  return hn::Load(d, buffer);
#endif
}

HWY_INLINE void store_first(FloatVector value, float* to, int64_t n) {
  const FloatTag d;
#if DIORAMA_MASKED_MEMORY
  hn::BlendedStore(value, hn::FirstN(d, static_cast<std::size_t>(n)), d, to);
#else
  HWY_ALIGN float buffer[HWY_LANES(float)];
  hn::Store(value, d, buffer);
  std::memcpy(to, buffer, static_cast<std::size_t>(n) * sizeof(float));
#endif
}

HWY_INLINE FloatVector load_bf16(const uint16_t* from) {
  const FloatTag d;
  const hn::RebindToUnsigned<FloatTag> du;
  const hn::Rebind<uint16_t, FloatTag> half;
  return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(du, hn::LoadU(half, from))));
}

HWY_INLINE void store_bf16(FloatVector value, uint16_t* to) {
  const hn::RebindToUnsigned<FloatTag> du;
  const hn::RebindToSigned<FloatTag> di;
  const hn::Rebind<uint16_t, FloatTag> half;
  const auto bits = hn::BitCast(du, value);
  const auto top = hn::ShiftRight<16>(bits);
  const auto odd = hn::And(top, hn::Set(du, 1u));
  const auto rounded = hn::ShiftRight<16>(hn::Add(bits, hn::Add(odd, hn::Set(du, 0x7fffu))));
  const auto nan = hn::MaskFromVec(hn::BitCast(du, hn::VecFromMask(FloatTag(), hn::IsNaN(value))));
  const auto result = hn::IfThenElse(nan, hn::Or(top, hn::Set(du, 0x40u)), rounded);
  hn::StoreU(hn::DemoteTo(half, hn::BitCast(di, result)), half, to);
}

HWY_INLINE FloatVector load_f16(const uint16_t* from) {
#if DIORAMA_MASKED_MEMORY
  const hn::Rebind<hwy::float16_t, FloatTag> half;
  return hn::PromoteTo(FloatTag(), hn::LoadU(half, reinterpret_cast<const hwy::float16_t*>(from)));
#else  // Highway's emulation knows neither infinity nor NaN
  HWY_ALIGN float buffer[HWY_LANES(float)];
  for (int64_t i = 0; i < lanes(); ++i) buffer[i] = from_f16(from[i]);
  return hn::Load(FloatTag(), buffer);
#endif
}

HWY_INLINE void store_f16(FloatVector value, uint16_t* to) {
#if DIORAMA_MASKED_MEMORY
  const hn::Rebind<hwy::float16_t, FloatTag> half;
  hn::StoreU(hn::DemoteTo(half, value), half, reinterpret_cast<hwy::float16_t*>(to));
#else
  HWY_ALIGN float buffer[HWY_LANES(float)];
  hn::Store(value, FloatTag(), buffer);
  for (int64_t i = 0; i < lanes(); ++i) to[i] = to_f16(buffer[i]);
#endif
}

// n elements of `dtype`, `stride` elements apart, as dense floats.
HWY_INLINE void widen(const void* from, int32_t dtype, int64_t stride, int64_t n, float* to) {
  const int64_t step = lanes();
  int64_t i = 0;
  if (stride == 1 && dtype == DIO_F32) {
    std::memcpy(to, from, static_cast<std::size_t>(n) * sizeof(float));
    return;
  }
  const uint16_t* halves = static_cast<const uint16_t*>(from);
  if (stride == 1 && dtype == DIO_BF16) {
    for (; i + step <= n; i += step) hn::StoreU(load_bf16(halves + i), FloatTag(), to + i);
  } else if (stride == 1) {
    for (; i + step <= n; i += step) hn::StoreU(load_f16(halves + i), FloatTag(), to + i);
  }
  if (stride == 0 && n > 0) {
    const float value = load_float(from, dtype, 0);
    for (; i < n; ++i) to[i] = value;
  }
  for (; i < n; ++i) to[i] = load_float(from, dtype, i * stride);
}

// Dense floats to n elements of `dtype`, `stride` elements apart.
HWY_INLINE void narrow(const float* from, int64_t n, void* to, int32_t dtype, int64_t stride) {
  const int64_t step = lanes();
  int64_t i = 0;
  if (stride == 1 && dtype == DIO_F32) {
    std::memcpy(to, from, static_cast<std::size_t>(n) * sizeof(float));
    return;
  }
  uint16_t* halves = static_cast<uint16_t*>(to);
  if (stride == 1 && dtype == DIO_BF16) {
    for (; i + step <= n; i += step) store_bf16(hn::LoadU(FloatTag(), from + i), halves + i);
  } else if (stride == 1) {
    for (; i + step <= n; i += step) store_f16(hn::LoadU(FloatTag(), from + i), halves + i);
  }
  for (; i < n; ++i) store_float(to, dtype, i * stride, from[i]);
}

// exp(x), relative error below 3e-7 for |x| < 87; larger than e^88.4 it is infinity, and below e^-87 it stays
// there. NaN stays NaN. Adding `magic` rounds x / ln 2 to an integer n and leaves n + 127 in the lowest bits:
// the exponent field of 2^n.
HWY_INLINE FloatVector exponential(FloatVector x) {
  const FloatTag d;
  const hn::RebindToSigned<FloatTag> di;
  const FloatVector magic = splat(12582912.0f + 127.0f);
  x = hn::Max(splat(-87.0f), hn::Min(splat(89.0f), x));
  const FloatVector shifted = hn::MulAdd(x, splat(1.44269504f), magic);
  const FloatVector power = hn::BitCast(d, hn::ShiftLeft<23>(hn::BitCast(di, shifted)));
  const FloatVector r = hn::NegMulAdd(hn::Sub(shifted, magic), splat(0.693147182f), x);
  FloatVector p = splat(1.374900678e-03f);
  p = hn::MulAdd(p, r, splat(8.371414818e-03f));
  p = hn::MulAdd(p, r, splat(4.166985909e-02f));
  p = hn::MulAdd(p, r, splat(1.666649378e-01f));
  p = hn::MulAdd(p, r, splat(4.999998580e-01f));
  p = hn::MulAdd(p, r, splat(1.0f));
  p = hn::MulAdd(p, r, splat(1.0f));
  return hn::Mul(p, power);
}

// x / (1 + exp(minus_y)).
HWY_INLINE FloatVector times_sigmoid(FloatVector x, FloatVector minus_y) {
  return hn::Div(x, hn::Add(splat(1.0f), exponential(minus_y)));
}

// 1 + erf(x): below |x| = 1 an odd polynomial; beyond, erfc(|x|) = t exp(-x^2 + q(t)) with t = 2 / (2 + |x|).
HWY_INLINE FloatVector one_plus_erf(FloatVector x) {
  const FloatVector size = hn::Abs(x);
  const FloatVector square = hn::Mul(x, x);
  FloatVector small = splat(7.88249711e-05f);
  for (const float c : {-8.01885499e-04f, 5.18931194e-03f, -2.68543288e-02f, 1.12835975e-01f,
                        -3.76126269e-01f, 1.12837917e+00f}) {
    small = hn::MulAdd(small, square, splat(c));
  }
  small = hn::MulAdd(small, x, splat(1.0f));
  const FloatVector t = hn::Div(splat(2.0f), hn::Add(splat(2.0f), size));
  FloatVector q = splat(2.51485495e-01f);
  for (const float c :
       {-7.77139062e-01f, 5.50482345e-01f, 2.14892827e-01f, 1.02751480e+00f, -1.26737260e+00f}) {
    q = hn::MulAdd(q, t, splat(c));
  }
  const FloatVector tail = hn::Mul(t, exponential(hn::Sub(q, square)));
  const FloatVector large = hn::IfThenElse(hn::Lt(x, splat(0.0f)), tail, hn::Sub(splat(2.0f), tail));
  return hn::IfThenElse(hn::Ge(size, splat(1.0f)), large, small);
}

template <dio_activation_kind kKind>
HWY_INLINE FloatVector activate(FloatVector x) {
  if constexpr (kKind == DIO_ACTIVATION_GELU_TANH) {  // (1 + tanh(u)) / 2 = 1 / (1 + exp(-2 u))
    const FloatVector cubic = hn::MulAdd(hn::Mul(hn::Mul(x, x), x), splat(0.044715f), x);
    return times_sigmoid(x, hn::Mul(cubic, splat(-1.59576912f)));
  } else if constexpr (kKind == DIO_ACTIVATION_GELU_ERF) {
    return hn::Mul(hn::Mul(x, splat(0.5f)), one_plus_erf(hn::Mul(x, splat(0.707106781f))));
  } else if constexpr (kKind == DIO_ACTIVATION_SILU) {
    return times_sigmoid(x, hn::Neg(x));
  } else if constexpr (kKind == DIO_ACTIVATION_QUICK_GELU) {
    return times_sigmoid(x, hn::Mul(x, splat(-1.702f)));
  } else {
    return x;
  }
}

// Calls body(std::integral_constant<dio_activation_kind, kind>()).
template <typename Body>
HWY_INLINE void with_activation(dio_activation_kind kind, const Body& body) {
  switch (kind) {
    case DIO_ACTIVATION_GELU_TANH:
      return body(std::integral_constant<dio_activation_kind, DIO_ACTIVATION_GELU_TANH>());
    case DIO_ACTIVATION_GELU_ERF:
      return body(std::integral_constant<dio_activation_kind, DIO_ACTIVATION_GELU_ERF>());
    case DIO_ACTIVATION_SILU:
      return body(std::integral_constant<dio_activation_kind, DIO_ACTIVATION_SILU>());
    case DIO_ACTIVATION_QUICK_GELU:
      return body(std::integral_constant<dio_activation_kind, DIO_ACTIVATION_QUICK_GELU>());
    default:
      return body(std::integral_constant<dio_activation_kind, DIO_ACTIVATION_NONE>());
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#endif

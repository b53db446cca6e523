// Vectors of f32 from memory of any dtype, whole or in part. Compiled once for each SIMD target.
#if defined(DIORAMA_KERNELS_LINEAR_LOAD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DIORAMA_KERNELS_LINEAR_LOAD_INL_H_
#undef DIORAMA_KERNELS_LINEAR_LOAD_INL_H_
#else
#define DIORAMA_KERNELS_LINEAR_LOAD_INL_H_
#endif

#include <hwy/highway.h>

#include <cstring>

#include "diorama.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {
namespace product {

namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE hn::Vec<D> load_as_float(D d, const float* from) {
  return hn::LoadU(d, from);
}

template <class D>
HWY_INLINE hn::Vec<D> load_as_float(D d, const hwy::bfloat16_t* from) {
  const hn::RebindToUnsigned<D> du;
  const hn::Rebind<uint16_t, D> half;
  const auto bits = hn::PromoteTo(du, hn::LoadU(half, reinterpret_cast<const uint16_t*>(from)));
  return hn::BitCast(d, hn::ShiftLeft<16>(bits));
}

template <class D>
HWY_INLINE hn::Vec<D> load_as_float(D d, const hwy::float16_t* from) {
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
  const hn::Rebind<hwy::float16_t, D> half;
  return hn::PromoteTo(d, hn::LoadU(half, from));
#else
  // Highway's emulation knows no infinity. Read as f32 the bits have an exponent that is 112 too small; the
  // product puts that right, also for subnormals.
  const hn::RebindToUnsigned<D> du;
  const hn::Rebind<uint16_t, D> half;
  const auto bits = hn::PromoteTo(du, hn::LoadU(half, reinterpret_cast<const uint16_t*>(from)));
  const auto sign = hn::ShiftLeft<16>(hn::And(bits, hn::Set(du, 0x8000u)));
  const auto magnitude = hn::ShiftLeft<13>(hn::And(bits, hn::Set(du, 0x7fffu)));
  const auto scaled = hn::Mul(hn::BitCast(d, magnitude), hn::Set(d, 0x1p112f));
  const auto special = hn::VecFromMask(d, hn::Ge(scaled, hn::Set(d, 65536.0f)));
  const auto exponent = hn::And(hn::BitCast(du, special), hn::Set(du, 0x7f800000u));
  return hn::BitCast(d, hn::Or(hn::Or(hn::BitCast(du, scaled), exponent), sign));
#endif
}

// The first `count` elements (at most a vector), zeros behind them; reads no others.
template <class D, typename T>
HWY_INLINE hn::Vec<D> load_as_float(D d, const T* from, int64_t count) {
  uint8_t bytes[HWY_MAX_BYTES] = {};
  std::memcpy(bytes, from, static_cast<std::size_t>(count) * sizeof(T));
  return load_as_float(d, reinterpret_cast<const T*>(bytes));
}

}  // namespace product
}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#endif

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/common/convert.cpp"
#include <hwy/foreach_target.h>

#include "kernels/common/convert.h"
#include "kernels/common/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {
namespace {

void Widen(const void* from, int32_t dtype, int64_t stride, int64_t n, float* to) {
  widen(from, dtype, stride, n, to);
}

void Narrow(const float* from, int64_t n, void* to, int32_t dtype, int64_t stride) {
  narrow(from, n, to, dtype, stride);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace diorama {

HWY_EXPORT(Widen);
HWY_EXPORT(Narrow);

void widen_floats(const void* from, int32_t dtype, int64_t stride, int64_t n, float* to) {
  HWY_DYNAMIC_DISPATCH(Widen)(from, dtype, stride, n, to);
}

void narrow_floats(const float* from, int64_t n, void* to, int32_t dtype, int64_t stride) {
  HWY_DYNAMIC_DISPATCH(Narrow)(from, n, to, dtype, stride);
}

void convert_floats(const void* from, int32_t from_dtype, void* to, int32_t to_dtype, int64_t n) {
  if (to_dtype == DIO_F32) return widen_floats(from, from_dtype, 1, n, static_cast<float*>(to));
  if (from_dtype == DIO_F32) return narrow_floats(static_cast<const float*>(from), n, to, to_dtype, 1);
  constexpr int64_t kPiece = 512;
  float buffer[kPiece];
  for (int64_t e = 0; e < n; e += kPiece) {
    const int64_t count = n - e < kPiece ? n - e : kPiece;
    widen_floats(static_cast<const uint16_t*>(from) + e, from_dtype, 1, count, buffer);
    narrow_floats(buffer, count, static_cast<uint16_t*>(to) + e, to_dtype, 1);
  }
}

}  // namespace diorama
#endif

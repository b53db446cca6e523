#pragma once

#include <cstdint>

namespace diorama {

// n elements of a floating-point dtype, `stride` elements apart, as dense floats; and back, rounded to
// nearest.
void widen_floats(const void* from, int32_t dtype, int64_t stride, int64_t n, float* to);
void narrow_floats(const float* from, int64_t n, void* to, int32_t dtype, int64_t stride);

// The same elements as dense floats: the memory itself where it is that already, else `buffer`, filled from
// it.
inline const float* as_floats(const void* from, int32_t dtype, int64_t stride, int64_t n, float* buffer) {
  if (dtype == 0 && stride == 1) return static_cast<const float*>(from);
  widen_floats(from, dtype, stride, n, buffer);
  return buffer;
}

// n dense elements of one floating-point dtype to another.
void convert_floats(const void* from, int32_t from_dtype, void* to, int32_t to_dtype, int64_t n);

}  // namespace diorama

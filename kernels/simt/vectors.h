#pragma once

// CUDA's small vectors, aligned as the toolkit's.

#include <cstdint>

#define DIO_SIMT_VECTORS(scalar, name, unit)                                        \
  struct alignas(2 * unit) name##2 {                                                \
    scalar x, y;                                                                    \
  };                                                                                \
  struct name##3 {                                                                  \
    scalar x, y, z;                                                                 \
  };                                                                                \
  struct alignas(4 * unit < 16 ? 4 * unit : 16) name##4 {                           \
    scalar x, y, z, w;                                                              \
  };                                                                                \
  inline name##2 make_##name##2(scalar x, scalar y) { return {x, y}; }              \
  inline name##3 make_##name##3(scalar x, scalar y, scalar z) { return {x, y, z}; } \
  inline name##4 make_##name##4(scalar x, scalar y, scalar z, scalar w) { return {x, y, z, w}; }

DIO_SIMT_VECTORS(float, float, 4)
DIO_SIMT_VECTORS(int, int, 4)
DIO_SIMT_VECTORS(unsigned, uint, 4)
DIO_SIMT_VECTORS(double, double, 8)
DIO_SIMT_VECTORS(unsigned char, uchar, 1)
DIO_SIMT_VECTORS(unsigned short, ushort, 2)
#undef DIO_SIMT_VECTORS

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

#pragma once

#include <cmath>

#include "kernels/common/both.h"

namespace diorama {

// Just as much linear algebra as one Gaussian and one camera need, in float or double.

template <typename Real>
struct Vec3 {
  Real x = 0, y = 0, z = 0;

  DIO_BOTH Real& operator[](int i) { return i == 0 ? x : i == 1 ? y : z; }
  DIO_BOTH Real operator[](int i) const { return i == 0 ? x : i == 1 ? y : z; }
  DIO_BOTH Vec3& operator+=(const Vec3& b) {
    x += b.x, y += b.y, z += b.z;
    return *this;
  }
  DIO_BOTH friend Vec3 operator+(Vec3 a, const Vec3& b) { return a += b; }
  DIO_BOTH friend Vec3 operator*(Real s, const Vec3& a) { return {s * a.x, s * a.y, s * a.z}; }
  DIO_BOTH friend Vec3 operator-(const Vec3& a, const Vec3& b) { return a + Real(-1) * b; }
};

template <typename Real>
DIO_BOTH Real dot(const Vec3<Real>& a, const Vec3<Real>& b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}

// Three rows of three.
template <typename Real>
struct Mat3 {
  Vec3<Real> row[3];

  DIO_BOTH Vec3<Real> column(int j) const { return {row[0][j], row[1][j], row[2][j]}; }
  DIO_BOTH Mat3 transposed() const { return {{column(0), column(1), column(2)}}; }
  DIO_BOTH Mat3& operator+=(const Mat3& b) {
    for (int i = 0; i < 3; ++i) row[i] += b.row[i];
    return *this;
  }
  DIO_BOTH friend Vec3<Real> operator*(const Mat3& a, const Vec3<Real>& v) {
    return {dot(a.row[0], v), dot(a.row[1], v), dot(a.row[2], v)};
  }
  DIO_BOTH friend Mat3 operator*(const Mat3& a, const Mat3& b) {
    const Mat3 columns = b.transposed();
    return {{columns * a.row[0], columns * a.row[1], columns * a.row[2]}};
  }
};

// a b^T
template <typename Real>
DIO_BOTH Mat3<Real> outer(const Vec3<Real>& a, const Vec3<Real>& b) {
  return {{a.x * b, a.y * b, a.z * b}};
}

// a diag(s)
template <typename Real>
DIO_BOTH Mat3<Real> scale_columns(Mat3<Real> a, const Vec3<Real>& s) {
  for (Vec3<Real>& row : a.row) row = {row.x * s.x, row.y * s.y, row.z * s.z};
  return a;
}

template <typename Real>
struct Vec2 {
  Real x = 0, y = 0;
};

// A symmetric matrix of two rows. Gradients with respect to one are symmetric too: an off-diagonal entry
// holds half of what its two places get together.
template <typename Real>
struct Sym2 {
  Real xx = 0, xy = 0, yy = 0;

  DIO_BOTH Real determinant() const { return xx * yy - xy * xy; }
  // The inverse times the determinant.
  DIO_BOTH Sym2 adjugate() const { return {yy, -xy, xx}; }
  DIO_BOTH friend Sym2 operator*(Real s, const Sym2& a) { return {s * a.xx, s * a.xy, s * a.yy}; }
  DIO_BOTH friend Sym2 operator+(const Sym2& a, const Sym2& b) {
    return {a.xx + b.xx, a.xy + b.xy, a.yy + b.yy};
  }
};

// b a b
template <typename Real>
DIO_BOTH Sym2<Real> sandwich(const Sym2<Real>& b, const Sym2<Real>& a) {
  // The rows of b a.
  const Vec2<Real> r0{b.xx * a.xx + b.xy * a.xy, b.xx * a.xy + b.xy * a.yy};
  const Vec2<Real> r1{b.xy * a.xx + b.yy * a.xy, b.xy * a.xy + b.yy * a.yy};
  return {r0.x * b.xx + r0.y * b.xy, r0.x * b.xy + r0.y * b.yy, r1.x * b.xy + r1.y * b.yy};
}

}  // namespace diorama

#pragma once

#include <cstdint>

#include "vectors.h"

namespace diorama {

constexpr int kMaxHarmonics = 16;

// The real spherical harmonics of degree 0 to 3 at a unit direction, in the order and with the signs of 3D
// Gaussian Splatting, and their gradients as polynomials in x, y and z. Polynomials: Sloan, "Efficient
// Spherical Harmonic Evaluation" (JCGT 2013).
template <typename Real>
struct Harmonics {
  Real value[kMaxHarmonics] = {};
  Vec3<Real> gradient[kMaxHarmonics] = {};

  // count: 1, 4, 9 or 16.
  DIO_BOTH Harmonics(const Vec3<Real>& direction, int64_t count) {
    const auto [x, y, z] = direction;
    const Real x2 = x * x, y2 = y * y, z2 = z * z;
    set(0, kY0, {});
    if (count == 1) return;
    set(1, -kY1 * y, {0, -kY1, 0});
    set(2, kY1 * z, {0, 0, kY1});
    set(3, -kY1 * x, {-kY1, 0, 0});
    if (count == 4) return;
    set(4, kY2 * x * y, kY2 * Vec3<Real>{y, x, 0});
    set(5, -kY2 * y * z, -kY2 * Vec3<Real>{0, z, y});
    set(6, kY20 * (3 * z2 - 1), {0, 0, 6 * kY20 * z});
    set(7, -kY2 * x * z, -kY2 * Vec3<Real>{z, 0, x});
    set(8, kY22 * (x2 - y2), kY22 * Vec3<Real>{2 * x, -2 * y, 0});
    if (count == 9) return;
    set(9, -kY33 * y * (3 * x2 - y2), -kY33 * Vec3<Real>{6 * x * y, 3 * (x2 - y2), 0});
    set(10, 2 * kY32 * x * y * z, 2 * kY32 * Vec3<Real>{y * z, x * z, x * y});
    set(11, -kY31 * y * (5 * z2 - 1), -kY31 * Vec3<Real>{0, 5 * z2 - 1, 10 * y * z});
    set(12, kY30 * z * (5 * z2 - 3), {0, 0, kY30 * (15 * z2 - 3)});
    set(13, -kY31 * x * (5 * z2 - 1), -kY31 * Vec3<Real>{5 * z2 - 1, 0, 10 * x * z});
    set(14, kY32 * z * (x2 - y2), kY32 * Vec3<Real>{2 * x * z, -2 * y * z, x2 - y2});
    set(15, -kY33 * x * (x2 - 3 * y2), -kY33 * Vec3<Real>{3 * (x2 - y2), -6 * x * y, 0});
  }

 private:
  DIO_BOTH void set(int i, Real v, const Vec3<Real>& g) {
    value[i] = v;
    gradient[i] = g;
  }

  static constexpr Real kY0 = Real(0.28209479177387814);
  static constexpr Real kY1 = Real(0.4886025119029199);
  static constexpr Real kY2 = Real(1.0925484305920792);
  static constexpr Real kY20 = Real(0.31539156525252005);
  static constexpr Real kY22 = Real(0.5462742152960396);
  static constexpr Real kY30 = Real(0.3731763325901154);
  static constexpr Real kY31 = Real(0.4570457994644658);
  static constexpr Real kY32 = Real(1.445305721320277);
  static constexpr Real kY33 = Real(0.5900435899266435);
};

}  // namespace diorama

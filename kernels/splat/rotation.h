#pragma once

#include "vectors.h"

namespace diorama {

// Quaternions wxyz of any length but 0, as rotations. Formulas: Ye and Kanazawa, "Mathematical Supplement for
// the gsplat Library" (arXiv 2312.02121), section on quaternions.

template <typename Real>
struct Quaternion {
  Real w, x, y, z;
  DIO_BOTH Real length() const { return std::sqrt(w * w + x * x + y * y + z * z); }
  DIO_BOTH Quaternion over(Real s) const { return {w / s, x / s, y / s, z / s}; }
};

template <typename Real>
DIO_BOTH Mat3<Real> rotation_matrix(const Quaternion<Real>& any) {
  const auto [w, x, y, z] = any.over(any.length());
  return {{{1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)},
           {2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)},
           {2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)}}};
}

// The gradient with respect to the quaternion of sum(g * rotation_matrix).
template <typename Real>
DIO_BOTH Quaternion<Real> rotation_backward(const Quaternion<Real>& any, const Mat3<Real>& g) {
  const Real length = any.length();
  const auto [w, x, y, z] = any.over(length);
  const auto& [g0, g1, g2] = g.row;
  const Quaternion<Real> unit = {
      2 * (x * (g2.y - g1.z) + y * (g0.z - g2.x) + z * (g1.x - g0.y)),
      2 * (w * (g2.y - g1.z) - 2 * x * (g1.y + g2.z) + y * (g0.y + g1.x) + z * (g0.z + g2.x)),
      2 * (w * (g0.z - g2.x) + x * (g0.y + g1.x) - 2 * y * (g0.x + g2.z) + z * (g1.z + g2.y)),
      2 * (w * (g1.x - g0.y) + x * (g0.z + g2.x) + y * (g1.z + g2.y) - 2 * z * (g0.x + g1.y))};
  // Lengthening changes nothing: only what is across the quaternion remains.
  const Real along = w * unit.w + x * unit.x + y * unit.y + z * unit.z;
  return Quaternion<Real>{unit.w - along * w, unit.x - along * x, unit.y - along * y, unit.z - along * z}
      .over(length);
}

}  // namespace diorama

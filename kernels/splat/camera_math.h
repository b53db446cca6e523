#pragma once

// The three camera models: where a point of the camera's space falls in the picture, the 2x3 matrix J by
// which a Gaussian's covariance follows it (EWA splatting, Zwicker et al. 2002: cov2d = J cov J^T), and the
// gradients of both. The rules are gsplat's.
//
//   pinhole       u = fx x / z + cx. J is taken at a point whose x / z and y / z are clamped to the picture
//                 plus 0.3 tan(half the field of view) = 0.15 width / fx on every side: further out the
//                 linear approximation would smear Gaussians over the picture.
//   orthographic  u = fx x + cx
//   fisheye       u = fx s x + cx, s = theta / r, r^2 = x^2 + y^2, theta = atan2(r, z)

#include <algorithm>

#include "diorama.h"
#include "vectors.h"

namespace diorama {

// theta / r of the equidistant fisheye and what its derivatives need, by d^2 = r^2 + z^2:
//   ds/dx = k x, ds/dy = k y, ds/dz = -1 / d^2
//   dk/dx = h x, dk/dy = h y, dk/dz = 2 / d^4
template <typename Real>
struct FisheyeScale {
  Real s, k, h, inverse_d2;

  DIO_BOTH explicit FisheyeScale(const Vec3<Real>& p) {
    const Real r2 = p.x * p.x + p.y * p.y, z = p.z, d2 = r2 + z * z, r = std::sqrt(r2);
    inverse_d2 = 1 / d2;
    const Real e2 = r2 / (z * z);
    if (e2 > Real(0.01)) {
      s = std::atan2(r, z) / r;
      k = (z / d2 - s) / r2;
      h = -(2 * z / (d2 * d2) + 3 * k) / r2;
      return;
    }
    // Near the axis these are small differences of large numbers: the series of atan in e = r / z. Its
    // coefficients are (-1)^n / (2n + 1) for s, (-1)^n 2n / (2n + 1) for k z^2 e^2.
    Real sum_s = 1, sum_k = 0, sum_h = 0, sign = -1;
    Real power = 1, power_before = 0;  // e^(2n - 2), e^(2n - 4)
    for (int n = 1; n <= 8; ++n) {
      sum_s += sign * power * e2 / (2 * n + 1);
      sum_k += sign * power * 2 * n / (2 * n + 1);
      sum_h += sign * power_before * 4 * n * (n - 1) / (2 * n + 1);
      power_before = power;
      power *= e2;
      sign = -sign;
    }
    const Real z2 = z * z;
    s = sum_s / z;
    k = sum_k / (z2 * z);
    h = sum_h / (z2 * z2 * z);
  }
};

template <typename Real>
struct Camera {
  int32_t model, width, height;
  Real fx, fy, cx, cy;
  Mat3<Real> rotation;  // of the world into the camera: p = rotation * mean + translation
  Vec3<Real> translation;

  DIO_BOTH explicit Camera(const dio_splat_camera& c)
      : model(c.model), width(c.width), height(c.height), fx(c.fx), fy(c.fy), cx(c.cx), cy(c.cy) {
    for (int i = 0; i < 3; ++i) {
      const float* row = c.view + 4 * i;
      rotation.row[i] = {Real(row[0]), Real(row[1]), Real(row[2])};
      translation[i] = row[3];
    }
  }

  DIO_BOTH Vec2<Real> project(const Vec3<Real>& p) const {
    switch (model) {
      case DIO_CAMERA_ORTHOGRAPHIC:
        return {fx * p.x + cx, fy * p.y + cy};
      case DIO_CAMERA_FISHEYE: {
        const Real s = FisheyeScale<Real>(p).s;
        return {fx * s * p.x + cx, fy * s * p.y + cy};
      }
      default:
        return {fx * p.x / p.z + cx, fy * p.y / p.z + cy};
    }
  }

  // The two rows of J.
  struct Jacobian {
    Vec3<Real> x, y;
  };

  DIO_BOTH Jacobian jacobian(const Vec3<Real>& p) const {
    switch (model) {
      case DIO_CAMERA_ORTHOGRAPHIC:
        return {{fx, 0, 0}, {0, fy, 0}};
      case DIO_CAMERA_FISHEYE: {
        const FisheyeScale<Real> f(p);
        return {fx * Vec3<Real>{f.s + f.k * p.x * p.x, f.k * p.x * p.y, -p.x * f.inverse_d2},
                fy * Vec3<Real>{f.k * p.x * p.y, f.s + f.k * p.y * p.y, -p.y * f.inverse_d2}};
      }
      default:
        return {{fx / p.z, 0, -fx * slope_x(p) / p.z}, {0, fy / p.z, -fy * slope_y(p) / p.z}};
    }
  }

  // The gradient with respect to p of sum(g * project(p)) + sum(gj * jacobian(p)).
  DIO_BOTH Vec3<Real> backward(const Vec3<Real>& p, const Vec2<Real>& g, const Jacobian& gj) const {
    const Real x = p.x, y = p.y, z = p.z;
    switch (model) {
      case DIO_CAMERA_ORTHOGRAPHIC:
        return {fx * g.x, fy * g.y, 0};
      case DIO_CAMERA_FISHEYE: {
        const FisheyeScale<Real> f(p);
        const Jacobian j = jacobian(p);  // which is the derivative of project
        const Vec3<Real> a = fx * gj.x, b = fy * gj.y;
        // The gradients of s, k and 1 / d^2, and of x and y where they stand in J themselves.
        const Real gs = a.x + b.y;
        const Real gk = a.x * x * x + (a.y + b.x) * x * y + b.y * y * y;
        const Real gd = -a.z * x - b.z * y;
        const Real d2 = f.inverse_d2, d4 = d2 * d2;
        Vec3<Real> gp = g.x * j.x + g.y * j.y;
        gp += gs * Vec3<Real>{f.k * x, f.k * y, -d2};
        gp += gk * Vec3<Real>{f.h * x, f.h * y, 2 * d4};
        gp += (-2 * d4 * gd) * p;
        gp.x += f.k * (2 * a.x * x + (a.y + b.x) * y) - a.z * d2;
        gp.y += f.k * (2 * b.y * y + (a.y + b.x) * x) - b.z * d2;
        return gp;
      }
      default: {
        const Real sx = slope_x(p), sy = slope_y(p), z2 = z * z;
        // A clamped slope stays as it is when the point moves.
        const Real gsx = sx == x / z ? -fx * gj.x.z / z : 0;
        const Real gsy = sy == y / z ? -fy * gj.y.z / z : 0;
        return {(fx * g.x + gsx) / z, (fy * g.y + gsy) / z,
                -(fx * g.x * x + fy * g.y * y + gsx * x + gsy * y + fx * gj.x.x + fy * gj.y.y) / z2 +
                    (fx * gj.x.z * sx + fy * gj.y.z * sy) / z2};
      }
    }
  }

 private:
  DIO_BOTH Real slope_x(const Vec3<Real>& p) const { return clamped(p.x / p.z, fx, cx, width); }
  DIO_BOTH Real slope_y(const Vec3<Real>& p) const { return clamped(p.y / p.z, fy, cy, height); }
  DIO_BOTH static Real clamped(Real slope, Real focal, Real centre, int32_t size) {
    const Real margin = Real(0.15) * size / focal;
    const Real low = -centre / focal - margin, high = (size - centre) / focal + margin;
    return std::min(std::max(slope, low), high);
  }
};

}  // namespace diorama

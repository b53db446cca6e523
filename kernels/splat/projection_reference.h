#pragma once

// What a camera makes of one Gaussian (Kerbl et al. 2023; gsplat, arXiv 2312.02121):
//
//   p      = W mean + t                           W, t: the rotation and translation of camera.view
//   cov3d  = M M^T,  M = W R S                    R: of the quaternion, S = diag(exp(log_scales))
//   cov2d  = J cov3d J^T                          J: camera_math.h
//   conic  = (cov2d + blur I)^-1
//   compensation = sqrt(det cov2d / det(cov2d + blur I)) where antialiased, else 1
//   radius = ceil(3.33 sqrt(diagonal of cov2d + blur I))
//   colour = max(0, sum_k Y_k(direction) sh_k + 0.5),  direction = mean + W^T t, normalised: from the
//            camera's centre -W^T t, for all camera models
//   normal = W R e_k, k the shortest axis (the first of equals), turned towards the camera

#include <cstdint>

#include "camera_math.h"
#include "harmonics.h"
#include "scene.h"

namespace diorama {

// 3.33 standard deviations: where a Gaussian of opacity 1 falls below 1 / 255.
constexpr double kExtent = 3.33;

// The shape of a Gaussian on its way into the picture.
template <typename Real>
struct Footprint {
  Mat3<Real> rotation;                     // R
  Vec3<Real> scales;                       // the diagonal of S
  Vec3<Real> p;                            // the mean in the camera
  Mat3<Real> root;                         // M
  typename Camera<Real>::Jacobian j;       // J
  typename Camera<Real>::Jacobian j_root;  // J M: cov2d is its product with its transpose
  Sym2<Real> sharp, blurred;               // cov2d without and with blur
  Real compensation;

  Footprint(const Scene& scene, int64_t i, const Camera<Real>& camera, const dio_splat_settings& settings)
      : rotation(rotation_matrix(scene.quaternion<Real>(i))),
        scales(scene.scales<Real>(i)),
        p(camera.rotation * scene.mean<Real>(i) + camera.translation),
        root(camera.rotation * scale_columns(rotation, scales)),
        j(camera.jacobian(p)) {
    const Mat3<Real> columns = root.transposed();
    j_root = {columns * j.x, columns * j.y};
    sharp = {dot(j_root.x, j_root.x), dot(j_root.x, j_root.y), dot(j_root.y, j_root.y)};
    const Real blur = settings.blur;
    blurred = {sharp.xx + blur, sharp.xy, sharp.yy + blur};
    compensation = 1;
    if (settings.antialiased) {
      compensation = std::sqrt(std::max(Real(0), sharp.determinant() / blurred.determinant()));
    }
  }
};

template <typename Real>
struct Direction {
  Vec3<Real> unit;
  Real length;

  Direction(const Vec3<Real>& mean, const Camera<Real>& camera) {
    const Vec3<Real> from_centre = mean + camera.rotation.transposed() * camera.translation;
    length = std::sqrt(dot(from_centre, from_centre));
    unit = (1 / length) * from_centre;
  }
};

template <typename Real>
Vec3<Real> evaluate_color(const Scene& scene, int64_t i, const Vec3<Real>& direction, int64_t count) {
  const Harmonics<Real> harmonics(direction, count);
  Vec3<Real> color = {Real(0.5), Real(0.5), Real(0.5)};
  for (int64_t k = 0; k < count; ++k) color += harmonics.value[k] * scene.coefficient<Real>(i, k);
  return {std::max(Real(0), color.x), std::max(Real(0), color.y), std::max(Real(0), color.z)};
}

// The shortest axis of a Gaussian and which way it is turned.
template <typename Real>
struct Normal {
  int axis;
  Real sign;
  Vec3<Real> value;

  Normal(const Footprint<Real>& f, const Camera<Real>& camera) {
    axis = 0;
    for (int k = 1; k < 3; ++k) {
      if (f.scales[k] < f.scales[axis]) axis = k;
    }
    value = camera.rotation * f.rotation.column(axis);
    const Real away = camera.model == DIO_CAMERA_ORTHOGRAPHIC ? value.z : dot(value, f.p);
    sign = away > 0 ? Real(-1) : Real(1);
    value = sign * value;
  }
};

template <typename Real>
struct Projected {
  bool in_view = false;
  Vec2<Real> mean;
  Sym2<Real> conic;
  Real depth = 0;
  Real compensation = 0;
  Real opacity = 0;  // compensated
  Vec3<Real> color;
  Vec3<Real> normal;
  int32_t radius_x = 0, radius_y = 0;
  // Half the sides of the box outside which alpha is below alpha_min; negative where it is everywhere.
  Vec2<Real> reach = {-1, -1};

  bool visible() const { return in_view && reach.x >= 0; }
};

template <typename Real>
int32_t pixel_radius(Real variance) {
  return static_cast<int32_t>(std::min(std::ceil(Real(kExtent) * std::sqrt(variance)), Real(1 << 30)));
}

template <typename Real>
Projected<Real> project(const Scene& scene, int64_t i, const Camera<Real>& camera,
                        const dio_splat_settings& settings) {
  Projected<Real> out;
  if (!scene.is_sound(i)) return out;
  const Real depth = dot(camera.rotation.row[2], scene.mean<Real>(i)) + camera.translation.z;
  if (!(depth > Real(settings.near_plane) && depth < Real(settings.far_plane))) return out;
  const Footprint<Real> f(scene, i, camera, settings);
  const Real determinant = f.blurred.determinant();
  // Not so where values are beyond what Real holds.
  if (!(determinant > 0 && std::isfinite(determinant))) return out;
  const Vec2<Real> mean = camera.project(f.p);
  const int32_t radius_x = pixel_radius(f.blurred.xx), radius_y = pixel_radius(f.blurred.yy);
  const bool inside = mean.x + radius_x > 0 && mean.x - radius_x < camera.width && mean.y + radius_y > 0 &&
                      mean.y - radius_y < camera.height;
  if (!inside) return out;

  out.in_view = true;
  out.mean = mean;
  out.conic = (1 / determinant) * f.blurred.adjugate();
  out.depth = f.p.z;
  out.compensation = f.compensation;
  out.opacity = scene.sigmoid_opacity<Real>(i) * f.compensation;
  const Direction<Real> direction(scene.mean<Real>(i), camera);
  out.color = evaluate_color(scene, i, direction.unit, scene.evaluated(settings));
  out.normal = Normal<Real>(f, camera).value;
  out.radius_x = radius_x;
  out.radius_y = radius_y;
  // opacity exp(-d^2 / 2) >= alpha_min within d standard deviations, which are d sqrt(variance) pixels along
  // an axis.
  const Real d2 = 2 * std::log(out.opacity / Real(settings.alpha_min));
  if (d2 >= 0) out.reach = {std::sqrt(d2 * f.blurred.xx), std::sqrt(d2 * f.blurred.yy)};
  return out;
}

}  // namespace diorama

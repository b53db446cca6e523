#pragma once

// The gradient of compositing_reference.h and projection_reference.h, step by step backwards. Formulas: Ye
// and Kanazawa, "Mathematical Supplement for the gsplat Library" (arXiv 2312.02121).

#include "compositing_reference.h"

namespace diorama {

// Gradients with respect to what a Gaussian is in the picture. Those of its attributes lie beside them.
template <typename Real>
struct ProjectedGradient {
  Vec2<Real> mean;
  Sym2<Real> conic;
  Real opacity = 0;
};

// A pixel's gradients: one for each channel, and that of the transmittance left behind everything.
template <typename Real>
struct PixelGradient {
  std::vector<Real> channels;
  Real transmittance = 0;
};

// One pixel, back to front. With v_k = attributes of k times the gradients of the channels, the loss is
// sum_k alpha_k T_k v_k + T_end g_T, and raising alpha_k dims by 1 / (1 - alpha_k) all that is behind it.
template <typename Real>
void composite_backward(const Composition<Real>& c, const std::vector<Touch<Real>>& touches,
                        Real transmittance, const PixelGradient<Real>& pixel,
                        std::vector<ProjectedGradient<Real>>& gradients, std::vector<Real>& attributes) {
  Real behind = transmittance * pixel.transmittance;
  for (auto t = touches.rbegin(); t != touches.rend(); ++t) {
    const Projected<Real>& g = c.projected[t->gaussian];
    ProjectedGradient<Real>& out = gradients[t->gaussian];
    const Real* attribute = c.attribute(t->gaussian);
    Real* attribute_gradient = attributes.data() + t->gaussian * c.channels;
    Real value = 0;
    for (int64_t k = 0; k < c.channels; ++k) {
      value += attribute[k] * pixel.channels[k];
      attribute_gradient[k] += t->alpha * t->before * pixel.channels[k];
    }
    const Real alpha = t->before * value - behind / (1 - t->alpha);
    behind += t->alpha * t->before * value;

    const Real raw = alpha * t->slope;
    out.opacity += raw * t->falloff;
    const Real sigma = -raw * g.opacity * t->falloff;
    const Real dx = t->dx, dy = t->dy;
    out.mean.x -= sigma * (g.conic.xx * dx + g.conic.xy * dy);
    out.mean.y -= sigma * (g.conic.xy * dx + g.conic.yy * dy);
    out.conic = out.conic + (sigma / 2) * Sym2<Real>{dx * dx, dx * dy, dy * dy};
  }
}

// Gradients with respect to one Gaussian.
template <typename Real>
struct GaussianGradient {
  Vec3<Real> mean;
  Quaternion<Real> quaternion{0, 0, 0, 0};
  Vec3<Real> log_scales;
  Real logit_opacity = 0;
  Vec3<Real> sh[kMaxHarmonics];
};

// And to the camera's rotation W and translation t, summed over the Gaussians.
template <typename Real>
struct ViewGradient {
  Mat3<Real> rotation;
  Vec3<Real> translation;
};

// Through the spherical harmonics; adds to out.sh, out.mean and view.
template <typename Real>
void color_backward(const Scene& scene, int64_t i, const Camera<Real>& camera, int64_t count,
                    const Vec3<Real>& drawn, Vec3<Real> g, GaussianGradient<Real>& out,
                    ViewGradient<Real>& view) {
  for (int c = 0; c < 3; ++c) {
    if (!(drawn[c] > 0)) g[c] = 0;  // clamped
  }
  const Direction<Real> direction(scene.mean<Real>(i), camera);
  const Harmonics<Real> harmonics(direction.unit, count);
  Vec3<Real> along;
  for (int64_t k = 0; k < count; ++k) {
    out.sh[k] = harmonics.value[k] * g;
    along += dot(g, scene.coefficient<Real>(i, k)) * harmonics.gradient[k];
  }
  // Of mean + W^T t, before it was normalised.
  const Vec3<Real> from_centre =
      (1 / direction.length) * (along - dot(along, direction.unit) * direction.unit);
  out.mean += from_centre;
  view.rotation += outer(camera.translation, from_centre);
  view.translation += camera.rotation * from_centre;
}

// Through the projection: attribute holds the gradients of the Gaussian's channels.
template <typename Real>
GaussianGradient<Real> project_backward(const Scene& scene, int64_t i, const Camera<Real>& camera,
                                        const dio_splat_settings& settings, const Projected<Real>& projected,
                                        const ProjectedGradient<Real>& g, const Real* attribute,
                                        ViewGradient<Real>& view) {
  GaussianGradient<Real> out;
  const Footprint<Real> f(scene, i, camera, settings);
  const auto channels = [&](int first) -> Vec3<Real> {
    return {attribute[first], attribute[first + 1], attribute[first + 2]};
  };

  // opacity = sigmoid(logit) * compensation
  const Real sigmoid = scene.sigmoid_opacity<Real>(i);
  out.logit_opacity = g.opacity * f.compensation * sigmoid * (1 - sigmoid);
  // conic = blurred^-1
  Sym2<Real> cov2d = Real(-1) * sandwich(projected.conic, g.conic);
  // compensation^2 = det sharp / det blurred, and d det A = adjugate A
  if (settings.antialiased) {
    const Real half = g.opacity * sigmoid * f.compensation / 2;
    cov2d = cov2d + half * ((1 / f.sharp.determinant()) * f.sharp.adjugate() + Real(-1) * projected.conic);
  }

  // cov2d = (J M) (J M)^T
  const Vec3<Real> jm_x = Real(2) * (cov2d.xx * f.j_root.x + cov2d.xy * f.j_root.y);
  const Vec3<Real> jm_y = Real(2) * (cov2d.xy * f.j_root.x + cov2d.yy * f.j_root.y);
  const Mat3<Real> root = [&] {
    Mat3<Real> sum = outer(f.j.x, jm_x);
    return sum += outer(f.j.y, jm_y);
  }();
  const typename Camera<Real>::Jacobian j = {f.root * jm_x, f.root * jm_y};

  // p, from its place in the picture, from J and from its depth.
  Vec3<Real> p = camera.backward(f.p, g.mean, j);
  p.z += attribute[kDepth];
  out.mean = camera.rotation.transposed() * p;
  view.rotation += outer(p, scene.mean<Real>(i));
  view.translation += p;

  // M = W R S
  const Mat3<Real> rotated = scale_columns(f.rotation, f.scales);
  view.rotation += root * rotated.transposed();
  const Mat3<Real> rs = camera.rotation.transposed() * root;
  Mat3<Real> rotation = scale_columns(rs, f.scales);
  for (int k = 0; k < 3; ++k) out.log_scales[k] = dot(rs.column(k), rotated.column(k));

  // normal = sign W R e_k
  const Normal<Real> normal(f, camera);
  const Vec3<Real> turned = normal.sign * channels(kNormal);
  view.rotation += outer(turned, f.rotation.column(normal.axis));
  const Vec3<Real> axis = camera.rotation.transposed() * turned;
  for (int row = 0; row < 3; ++row) rotation.row[row][normal.axis] += axis[row];
  out.quaternion = rotation_backward(scene.quaternion<Real>(i), rotation);

  color_backward(scene, i, camera, scene.evaluated(settings), projected.color, channels(kRed), out, view);
  return out;
}

}  // namespace diorama

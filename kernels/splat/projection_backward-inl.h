// Compiled once for each SIMD target (Highway's foreach_target): gradients of a vector of Gaussians from the
// picture back to the world. Formulas: Ye and Kanazawa, "Mathematical Supplement for the gsplat Library"
// (arXiv 2312.02121).
#if defined(DIORAMA_KERNELS_SPLAT_PROJECTION_BACKWARD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DIORAMA_KERNELS_SPLAT_PROJECTION_BACKWARD_INL_H_
#undef DIORAMA_KERNELS_SPLAT_PROJECTION_BACKWARD_INL_H_
#else
#define DIORAMA_KERNELS_SPLAT_PROJECTION_BACKWARD_INL_H_
#endif

#include <hwy/highway.h>

#include "kernels/splat/harmonics-inl.h"
#include "kernels/splat/projection-inl.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {
namespace {

// What comes in: kMoments sums and the gradients of colour (where not cut at 0), depth and normal.
struct PictureLanes {
  V moment[kMoments];
  Vec3V color;
  V depth;
  Vec3V normal;
};

struct GradientLanes {
  V mean2d_x, mean2d_y;
  Vec3V mean;
  V w, x, y, z;  // of the quaternion
  Vec3V log_scale;
  V logit;
  // d loss / d camera: the rotation's rows and the translation, to be summed over the lanes.
  Vec3V rotation[3];
  Vec3V translation;
};

HWY_INLINE Vec3V operator+(const Vec3V& a, const Vec3V& b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
HWY_INLINE Vec3V operator*(V s, const Vec3V& a) { return {s * a.x, s * a.y, s * a.z}; }
HWY_INLINE Vec3V times(const Vec3V& a, const Vec3V& b) { return {a.x * b.x, a.y * b.y, a.z * b.z}; }

// W^T v, W the camera's rotation.
HWY_INLINE Vec3V to_world(const DrawingView& view, const Vec3V& v) {
  const float* r = view.rotation;
  return {splat(r[0]) * v.x + splat(r[3]) * v.y + splat(r[6]) * v.z,
          splat(r[1]) * v.x + splat(r[4]) * v.y + splat(r[7]) * v.z,
          splat(r[2]) * v.x + splat(r[5]) * v.y + splat(r[8]) * v.z};
}

HWY_INLINE void add_outer(const Vec3V& column, const Vec3V& row, Vec3V* sum) {
  sum[0] = sum[0] + column.x * row;
  sum[1] = sum[1] + column.y * row;
  sum[2] = sum[2] + column.z * row;
}

// The gradient with respect to p of its place in the picture (g) and of the rows of J (jx, jy).
template <int kModel>
HWY_INLINE Vec3V look_backward(const DrawingView& view, const ProjectedLanes& p, V gx, V gy, const Vec3V& jx,
                               const Vec3V& jy) {
  const V x = p.p.x, y = p.p.y, z = p.p.z, zero = hn::Zero(FloatTag());
  const V fx = splat(view.fx), fy = splat(view.fy);
  if constexpr (kModel == DIO_CAMERA_ORTHOGRAPHIC) {
    return {fx * gx, fy * gy, zero};
  } else if constexpr (kModel == DIO_CAMERA_FISHEYE) {
    const FisheyeLanes f = fisheye(x, y, z);
    const Vec3V a = fx * jx, b = fy * jy;
    const V across = a.y + b.x, d2 = f.inverse_d2, d4 = d2 * d2;
    const V gs = a.x + b.y;
    const V gk = a.x * x * x + across * x * y + b.y * y * y;
    const V gd = splat(-2.0f) * d4 * hn::Neg(a.z * x + b.z * y);
    // The mean's derivative is J itself.
    Vec3V out = gx * p.jx + gy * p.jy;
    out = out + Vec3V{gs * f.k * x, gs * f.k * y, hn::Neg(gs * d2)};
    out = out + Vec3V{gk * f.h * x, gk * f.h * y, splat(2.0f) * gk * d4};
    out = out + gd * p.p;
    out.x = out.x + f.k * (splat(2.0f) * a.x * x + across * y) - a.z * d2;
    out.y = out.y + f.k * (splat(2.0f) * b.y * y + across * x) - b.z * d2;
    return out;
  } else {
    const V inverse_z = splat(1.0f) / z, inverse_z2 = inverse_z * inverse_z;
    const V slope_x = x * inverse_z, slope_y = y * inverse_z;
    // A clamped slope stays as it is when the point moves.
    const auto free_x = hn::And(hn::Ge(slope_x, splat(-view.left)), hn::Le(slope_x, splat(view.right)));
    const auto free_y = hn::And(hn::Ge(slope_y, splat(-view.above)), hn::Le(slope_y, splat(view.below)));
    const V sx = fx * jx.z, sy = fy * jy.z;
    const V from_slope_x = hn::IfThenElseZero(free_x, hn::Neg(sx) * inverse_z);
    const V from_slope_y = hn::IfThenElseZero(free_y, hn::Neg(sy) * inverse_z);
    const V on_x = fx * gx + from_slope_x, on_y = fy * gy + from_slope_y;
    const V clamped_x = hn::Min(hn::Max(slope_x, splat(-view.left)), splat(view.right));
    const V clamped_y = hn::Min(hn::Max(slope_y, splat(-view.above)), splat(view.below));
    const V on_z = sx * clamped_x + sy * clamped_y - on_x * x - on_y * y - fx * jx.x - fy * jy.y;
    return {on_x * inverse_z, on_y * inverse_z, on_z * inverse_z2};
  }
}

HWY_INLINE void rotation_backward(const ProjectedLanes& p, const Vec3V* g, GradientLanes& out) {
  const V w = p.qw, x = p.qx, y = p.qy, z = p.qz, two = splat(2.0f);
  const V gw = x * (g[2].y - g[1].z) + y * (g[0].z - g[2].x) + z * (g[1].x - g[0].y);
  const V gx =
      w * (g[2].y - g[1].z) - two * x * (g[1].y + g[2].z) + y * (g[0].y + g[1].x) + z * (g[0].z + g[2].x);
  const V gy =
      w * (g[0].z - g[2].x) + x * (g[0].y + g[1].x) - two * y * (g[0].x + g[2].z) + z * (g[1].z + g[2].y);
  const V gz =
      w * (g[1].x - g[0].y) + x * (g[0].z + g[2].x) + y * (g[1].z + g[2].y) - two * z * (g[0].x + g[1].y);
  // Lengthening changes nothing: only what is across the quaternion remains.
  const V along = w * gw + x * gx + y * gy + z * gz, factor = two * p.inverse_length;
  out.w = factor * (gw - along * w);
  out.x = factor * (gx - along * x);
  out.y = factor * (gy - along * y);
  out.z = factor * (gz - along * z);
}

// Adds what comes through the normal to the gradients of the rotation R and of the camera's.
HWY_INLINE void normal_backward(const DrawingView& view, const ProjectedLanes& p, const Vec3V& g,
                                Vec3V* rotation, GradientLanes& out) {
  const ShortestAxis axis(view, p);
  const Vec3V turned = axis.sign * g;
  add_outer(turned, axis.value, out.rotation);
  const Vec3V world = to_world(view, turned);
  rotation[0] = rotation[0] + world.x * axis.selected;
  rotation[1] = rotation[1] + world.y * axis.selected;
  rotation[2] = rotation[2] + world.z * axis.selected;
}

// Everything but the colours. kNormals: whether in.normal is set.
template <int kModel>
HWY_INLINE void project_lanes_backward(const DrawingView& view, const GaussianLanes& g,
                                       const ProjectedLanes& p, const PictureLanes& in, bool normals,
                                       GradientLanes& out) {
  const V* m = in.moment;
  const V half = splat(0.5f), two = splat(2.0f), zero = hn::Zero(FloatTag());
  const V inverse = splat(1.0f) / p.determinant;
  const V a = p.yy * inverse, b = hn::Neg(p.xy * inverse), c = p.xx * inverse;  // the conic
  out.mean2d_x = a * m[1] + b * m[2];
  out.mean2d_y = b * m[1] + c * m[2];
  // d loss / d conic = -moments / 2, and cov2d = conic^-1: conic moments conic / 2.
  const V u_xx = a * m[3] + b * m[4], u_xy = a * m[4] + b * m[5];
  const V u_yx = b * m[3] + c * m[4], u_yy = b * m[4] + c * m[5];
  V cov_xx = half * (u_xx * a + u_xy * b);
  V cov_xy = half * (u_xx * b + u_xy * c);
  V cov_yy = half * (u_yx * b + u_yy * c);
  out.logit = m[0] * sigmoid(hn::Neg(g.logit));
  if (view.antialiased) {
    // ln compensation = (ln det sharp - ln det blurred) / 2, and d ln det A = A^-1.
    const V blur = splat(view.blur), factor = half * m[0], sharp = splat(1.0f) / p.sharp_determinant;
    cov_xx = cov_xx + factor * ((p.yy - blur) * sharp - a);
    cov_xy = cov_xy - factor * (p.xy * sharp + b);
    cov_yy = cov_yy + factor * ((p.xx - blur) * sharp - c);
  }

  // cov2d = (J M) (J M)^T
  const Vec3V jm_x = two * (cov_xx * p.px + cov_xy * p.py);
  const Vec3V jm_y = two * (cov_xy * p.px + cov_yy * p.py);
  Vec3V root[3];
  for (int i = 0; i < 3; ++i) root[i] = {zero, zero, zero};
  add_outer(p.jx, jm_x, root);
  add_outer(p.jy, jm_y, root);
  const Vec3V jx = {dot(p.root[0], jm_x), dot(p.root[1], jm_x), dot(p.root[2], jm_x)};
  const Vec3V jy = {dot(p.root[0], jm_y), dot(p.root[1], jm_y), dot(p.root[2], jm_y)};
  Vec3V on_p = look_backward<kModel>(view, p, out.mean2d_x, out.mean2d_y, jx, jy);
  on_p.z = on_p.z + in.depth;
  out.mean = to_world(view, on_p);
  out.translation = on_p;
  for (Vec3V& row : out.rotation) row = {zero, zero, zero};
  add_outer(on_p, g.mean, out.rotation);

  // M = W R S
  Vec3V rotated[3], rotation[3];
  for (int i = 0; i < 3; ++i) rotated[i] = times(p.rotation[i], p.scale);
  const float* w = view.rotation;
  for (int i = 0; i < 3; ++i) {
    out.rotation[i] =
        out.rotation[i] + Vec3V{dot(root[i], rotated[0]), dot(root[i], rotated[1]), dot(root[i], rotated[2])};
  }
  out.log_scale = {zero, zero, zero};
  for (int i = 0; i < 3; ++i) {
    const Vec3V row = splat(w[i]) * root[0] + splat(w[3 + i]) * root[1] + splat(w[6 + i]) * root[2];
    out.log_scale = out.log_scale + times(row, rotated[i]);
    rotation[i] = times(row, p.scale);
  }
  if (normals) normal_backward(view, p, in.normal, rotation, out);
  rotation_backward(p, rotation, out);
}

// The gradient of sum_k dots[k] Y_k(direction) with respect to the direction, not normalised.
HWY_INLINE Vec3V harmonics_backward(const Vec3V& direction, int degree, const V* s) {
  const V x = direction.x, y = direction.y, z = direction.z, zero = hn::Zero(FloatTag());
  if (degree < 1) return {zero, zero, zero};
  Vec3V out = {splat(-kY1) * s[3], splat(-kY1) * s[1], splat(kY1) * s[2]};
  if (degree < 2) return out;
  const V k2 = splat(kY2), k22 = splat(2 * kY22);
  out.x = out.x + k2 * (y * s[4] - z * s[7]) + k22 * x * s[8];
  out.y = out.y + k2 * (x * s[4] - z * s[5]) - k22 * y * s[8];
  out.z = out.z - k2 * (y * s[5] + x * s[7]) + splat(6 * kY20) * z * s[6];
  if (degree < 3) return out;
  const V xx = x * x, yy = y * y, five = splat(5.0f) * z * z - splat(1.0f), six_xy = splat(6.0f) * x * y;
  const V difference = xx - yy, three = splat(3.0f) * difference, ten_z = splat(10.0f) * z;
  const V k33 = splat(kY33), k32 = splat(kY32), k31 = splat(kY31), two = splat(2.0f);
  out.x = out.x - k33 * (six_xy * s[9] + three * s[15]) + k32 * (two * y * z * s[10] + two * x * z * s[14]) -
          k31 * five * s[13];
  out.y = out.y - k33 * (three * s[9] - six_xy * s[15]) + k32 * (two * x * z * s[10] - two * y * z * s[14]) -
          k31 * five * s[11];
  out.z = out.z + k32 * (two * x * y * s[10] + difference * s[14]) - k31 * ten_z * (y * s[11] + x * s[13]) +
          splat(kY30) * (splat(15.0f) * z * z - splat(3.0f)) * s[12];
  return out;
}

// Adds what comes through the direction of view, mean - origin, origin = -W^T t.
HWY_INLINE void direction_backward(const DrawingView& view, const Vec3V& direction, V inverse_length,
                                   const Vec3V& along, GradientLanes& out) {
  const V radial = dot(along, direction);
  const Vec3V g = inverse_length * (along + hn::Neg(radial) * direction);
  out.mean = out.mean + g;
  const float *t = view.translation, *w = view.rotation;
  for (int i = 0; i < 3; ++i) out.rotation[i] = out.rotation[i] + splat(t[i]) * g;
  out.translation = out.translation + Vec3V{dot({splat(w[0]), splat(w[1]), splat(w[2])}, g),
                                            dot({splat(w[3]), splat(w[4]), splat(w[5])}, g),
                                            dot({splat(w[6]), splat(w[7]), splat(w[8])}, g)};
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#endif

// Compiled once for each SIMD target (Highway's foreach_target): a vector of Gaussians from the world into
// the picture. Forward and backward both begin here; the formulas are those of projection_reference.h.
#if defined(DIORAMA_KERNELS_SPLAT_PROJECTION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DIORAMA_KERNELS_SPLAT_PROJECTION_INL_H_
#undef DIORAMA_KERNELS_SPLAT_PROJECTION_INL_H_
#else
#define DIORAMA_KERNELS_SPLAT_PROJECTION_INL_H_
#endif

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <limits>

#include "kernels/common/simd-inl.h"
#include "kernels/splat/drawing_cpu.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {
namespace {

using V = FloatVector;
using FloatMask = hn::Mask<FloatTag>;

constexpr int kLanes = hn::MaxLanes(FloatTag());
constexpr float kLargest = std::numeric_limits<float>::max();
constexpr float kHalfLog2E = 0.72134752f;
constexpr float kTwoLn2 = 1.38629436f;
constexpr float kExtent = 3.33f;  // standard deviations of a radius

HWY_INLINE V square(V x) { return hn::Mul(x, x); }

struct Vec3V {
  V x, y, z;
};

HWY_INLINE V dot(const Vec3V& a, const Vec3V& b) { return a.x * b.x + a.y * b.y + a.z * b.z; }

// What is stored about a vector of Gaussians.
struct GaussianLanes {
  Vec3V mean;
  V w, x, y, z;  // the quaternion
  Vec3V log_scale;
  V logit;
};

// An infinite logit is an opacity of 0 or 1, a logarithm of -infinity a scale of 0: numbers that come to the
// same. NaN and a scale of infinity stay.
constexpr float kAlmostInfinite = 100;

HWY_INLINE V finite_log_scale(V x) {
  const V low = splat(-kAlmostInfinite);
  return hn::IfThenElse(hn::Lt(x, low), low, x);
}

HWY_INLINE V finite_logit(V x) {
  const V high = splat(kAlmostInfinite);
  return finite_log_scale(hn::IfThenElse(hn::Gt(x, high), high, x));
}

// Lanes at and after `count` repeat the last Gaussian.
HWY_INLINE GaussianLanes load_gaussians(const GaussianArrays& in, int64_t first, int64_t count) {
  const FloatTag d;
  HWY_ALIGN float means[3 * kLanes], quats[4 * kLanes], scales[3 * kLanes], logits[kLanes];
  const float *mean = in.means + 3 * first, *quat = in.quats + 4 * first, *scale = in.log_scales + 3 * first,
              *logit = in.logit_opacities + first;
  if (count < kLanes) {
    for (int64_t j = 0; j < kLanes; ++j) {
      const int64_t from = std::min(j, count - 1);
      for (int c = 0; c < 3; ++c) means[3 * j + c] = mean[3 * from + c];
      for (int c = 0; c < 4; ++c) quats[4 * j + c] = quat[4 * from + c];
      for (int c = 0; c < 3; ++c) scales[3 * j + c] = scale[3 * from + c];
      logits[j] = logit[from];
    }
    mean = means, quat = quats, scale = scales, logit = logits;
  }
  GaussianLanes g;
  hn::LoadInterleaved3(d, mean, g.mean.x, g.mean.y, g.mean.z);
  hn::LoadInterleaved4(d, quat, g.w, g.x, g.y, g.z);
  hn::LoadInterleaved3(d, scale, g.log_scale.x, g.log_scale.y, g.log_scale.z);
  g.log_scale = {finite_log_scale(g.log_scale.x), finite_log_scale(g.log_scale.y),
                 finite_log_scale(g.log_scale.z)};
  g.logit = finite_logit(hn::LoadU(d, logit));
  return g;
}

// Lanes whose every value is finite and whose quaternion is not zero: finite times zero is zero.
HWY_INLINE FloatMask is_sound(const GaussianLanes& g) {
  const V zero = hn::Zero(FloatTag());
  const V sum = zero * (g.mean.x + zero * g.mean.y) + zero * g.mean.z + zero * g.w + zero * g.x + zero * g.y +
                zero * g.z + zero * g.log_scale.x + zero * g.log_scale.y + zero * g.log_scale.z +
                zero * g.logit + zero * g.mean.x;
  const V any = hn::Max(hn::Max(hn::Abs(g.w), hn::Abs(g.x)), hn::Max(hn::Abs(g.y), hn::Abs(g.z)));
  return hn::And(hn::Eq(sum, zero), hn::Gt(any, zero));
}

// x / (1 + e^-|x|) without overflow: the opacity 1 / (1 + e^-x) and its base-2 logarithm.
HWY_INLINE V log2_sigmoid(V x) {
  const FloatTag d;
  const V small = exponential(hn::Neg(hn::Abs(x)));
  // ln(1 + small) keeps its digits where small is tiny.
  return (hn::Min(x, hn::Zero(d)) - hn::Log1p(d, small)) * splat(1.44269504f);
}

HWY_INLINE V sigmoid(V x) {
  const V small = exponential(hn::Neg(hn::Abs(x)));
  const V one = splat(1.0f);
  return hn::IfThenElse(hn::Lt(x, hn::Zero(FloatTag())), small, one) / (one + small);
}

// e^x down to the smallest numbers; 0 below.
HWY_INLINE V scale_of(V log_scale) {
  return hn::IfThenElseZero(hn::Gt(log_scale, splat(-87.0f)), exponential(log_scale));
}

// theta / r of the equidistant fisheye, and k = (d(theta / r) / dr) / r; h = (dk / dr) / r. Near the axis,
// where these are small differences of large numbers, by the series of the arc tangent in e = r / z.
struct FisheyeLanes {
  V s, k, h, inverse_d2;
};

HWY_INLINE FisheyeLanes fisheye(V x, V y, V z) {
  const FloatTag d;
  FisheyeLanes f;
  const V r2 = x * x + y * y, r = hn::Sqrt(r2), one = splat(1.0f), inverse_z = one / z;
  f.inverse_d2 = one / (r2 + z * z);
  const V e2 = r2 * inverse_z * inverse_z;
  const V inverse_r2 = one / r2;
  f.s = hn::Atan(d, r * inverse_z) / r;
  f.k = (z * f.inverse_d2 - f.s) * inverse_r2;
  f.h = hn::Neg(splat(2.0f) * z * f.inverse_d2 * f.inverse_d2 + splat(3.0f) * f.k) * inverse_r2;
  const auto near_axis = hn::Lt(e2, splat(0.05f));
  if (hn::AllFalse(d, near_axis)) return f;
  V s = hn::Zero(d), k = hn::Zero(d), h = hn::Zero(d);
  for (int n = 8; n >= 1; --n) {
    const float sign = n % 2 ? -1.0f : 1.0f, below = 1.0f / static_cast<float>(2 * n + 1);
    s = hn::MulAdd(s, e2, splat(sign * below));
    k = hn::MulAdd(k, e2, splat(sign * static_cast<float>(2 * n) * below));
    if (n > 1) h = hn::MulAdd(h, e2, splat(sign * static_cast<float>(4 * n * (n - 1)) * below));
  }
  const V z2 = inverse_z * inverse_z;
  f.s = hn::IfThenElse(near_axis, hn::MulAdd(s, e2, one) * inverse_z, f.s);
  f.k = hn::IfThenElse(near_axis, k * z2 * inverse_z, f.k);
  f.h = hn::IfThenElse(near_axis, h * z2 * z2 * inverse_z, f.h);
  return f;
}

// A vector of Gaussians on its way into the picture.
struct ProjectedLanes {
  Vec3V p;            // the mean in the camera
  V inverse_length;   // of the quaternion
  V qw, qx, qy, qz;   // normalised
  Vec3V rotation[3];  // R, row by row
  Vec3V scale;        // diagonal of S
  Vec3V root[3];      // M = W R S, row by row
  Vec3V jx, jy;       // the rows of J
  Vec3V px, py;       // the rows of J M
  V xx, xy, yy;       // covariance with blur
  V determinant, sharp_determinant;
  V mean_x, mean_y;  // in pixels
  V compensation;
  V log2_opacity;  // compensated
};

HWY_INLINE Vec3V to_camera(const DrawingView& view, const Vec3V& mean) {
  const float *r = view.rotation, *t = view.translation;
  return {splat(r[0]) * mean.x + splat(r[1]) * mean.y + splat(r[2]) * mean.z + splat(t[0]),
          splat(r[3]) * mean.x + splat(r[4]) * mean.y + splat(r[5]) * mean.z + splat(t[1]),
          splat(r[6]) * mean.x + splat(r[7]) * mean.y + splat(r[8]) * mean.z + splat(t[2])};
}

// The vector of sums of `row` times the rows of a matrix.
HWY_INLINE Vec3V times_rows(const Vec3V& row, const Vec3V* m) {
  return {row.x * m[0].x + row.y * m[1].x + row.z * m[2].x, row.x * m[0].y + row.y * m[1].y + row.z * m[2].y,
          row.x * m[0].z + row.y * m[1].z + row.z * m[2].z};
}

HWY_INLINE void rotate(const DrawingView& view, const GaussianLanes& g, ProjectedLanes& out) {
  const V one = splat(1.0f), two = splat(2.0f);
  // Through the largest entry, so that no square over- or underflows.
  const V largest = hn::Max(hn::Max(hn::Abs(g.w), hn::Abs(g.x)), hn::Max(hn::Abs(g.y), hn::Abs(g.z)));
  const V inverse = one / largest;
  V w = g.w * inverse, x = g.x * inverse, y = g.y * inverse, z = g.z * inverse;
  const V length = one / hn::Sqrt(w * w + x * x + y * y + z * z);
  out.inverse_length = length * inverse;
  w = w * length, x = x * length, y = y * length, z = z * length;
  out.qw = w, out.qx = x, out.qy = y, out.qz = z;
  out.rotation[0] = {one - two * (y * y + z * z), two * (x * y - w * z), two * (x * z + w * y)};
  out.rotation[1] = {two * (x * y + w * z), one - two * (x * x + z * z), two * (y * z - w * x)};
  out.rotation[2] = {two * (x * z - w * y), two * (y * z + w * x), one - two * (x * x + y * y)};
  out.scale = {scale_of(g.log_scale.x), scale_of(g.log_scale.y), scale_of(g.log_scale.z)};
  for (int i = 0; i < 3; ++i) {
    const float* r = view.rotation + 3 * i;
    const Vec3V row = times_rows({splat(r[0]), splat(r[1]), splat(r[2])}, out.rotation);
    out.root[i] = {row.x * out.scale.x, row.y * out.scale.y, row.z * out.scale.z};
  }
}

template <int kModel>
HWY_INLINE void look(const DrawingView& view, ProjectedLanes& out) {
  const V x = out.p.x, y = out.p.y, z = out.p.z, zero = hn::Zero(FloatTag());
  const V fx = splat(view.fx), fy = splat(view.fy), cx = splat(view.cx), cy = splat(view.cy);
  if constexpr (kModel == DIO_CAMERA_ORTHOGRAPHIC) {
    out.mean_x = fx * x + cx;
    out.mean_y = fy * y + cy;
    out.jx = {fx, zero, zero};
    out.jy = {zero, fy, zero};
    out.px = {fx * out.root[0].x, fx * out.root[0].y, fx * out.root[0].z};
    out.py = {fy * out.root[1].x, fy * out.root[1].y, fy * out.root[1].z};
  } else if constexpr (kModel == DIO_CAMERA_FISHEYE) {
    const FisheyeLanes f = fisheye(x, y, z);
    out.mean_x = fx * (f.s * x) + cx;
    out.mean_y = fy * (f.s * y) + cy;
    const V across = f.k * x * y;
    out.jx = {fx * (f.s + f.k * x * x), fx * across, hn::Neg(fx * x * f.inverse_d2)};
    out.jy = {fy * across, fy * (f.s + f.k * y * y), hn::Neg(fy * y * f.inverse_d2)};
    out.px = times_rows(out.jx, out.root);
    out.py = times_rows(out.jy, out.root);
  } else {
    const V inverse_z = splat(1.0f) / z;
    const V slope_x = x * inverse_z, slope_y = y * inverse_z;
    out.mean_x = fx * slope_x + cx;
    out.mean_y = fy * slope_y + cy;
    const V clamped_x = hn::Min(hn::Max(slope_x, splat(-view.left)), splat(view.right));
    const V clamped_y = hn::Min(hn::Max(slope_y, splat(-view.above)), splat(view.below));
    out.jx = {fx * inverse_z, zero, hn::Neg(fx * clamped_x * inverse_z)};
    out.jy = {zero, fy * inverse_z, hn::Neg(fy * clamped_y * inverse_z)};
    const Vec3V* m = out.root;
    out.px = {out.jx.x * m[0].x + out.jx.z * m[2].x, out.jx.x * m[0].y + out.jx.z * m[2].y,
              out.jx.x * m[0].z + out.jx.z * m[2].z};
    out.py = {out.jy.y * m[1].x + out.jy.z * m[2].x, out.jy.y * m[1].y + out.jy.z * m[2].y,
              out.jy.y * m[1].z + out.jy.z * m[2].z};
  }
}

// Everything from p on. The determinants are sums of squares (Cauchy-Binet), which long thin Gaussians need:
// xx yy - xy^2 would cancel.
template <int kModel>
HWY_INLINE void project_lanes(const DrawingView& view, const GaussianLanes& g, ProjectedLanes& out) {
  rotate(view, g, out);
  look<kModel>(view, out);
  const V blur = splat(view.blur);
  const V sharp_xx = dot(out.px, out.px), sharp_yy = dot(out.py, out.py);
  out.xx = sharp_xx + blur;
  out.xy = dot(out.px, out.py);
  out.yy = sharp_yy + blur;
  out.sharp_determinant = square(out.px.x * out.py.y - out.px.y * out.py.x) +
                          square(out.px.x * out.py.z - out.px.z * out.py.x) +
                          square(out.px.y * out.py.z - out.px.z * out.py.y);
  out.determinant = out.sharp_determinant + blur * (sharp_xx + sharp_yy + blur);
  out.log2_opacity = log2_sigmoid(g.logit);
  out.compensation = splat(1.0f);
  if (view.antialiased) {
    const FloatTag d;
    const V ratio = out.sharp_determinant / out.determinant;
    out.compensation = hn::Sqrt(ratio);
    // Below the smallest normal number the logarithm is not one; nothing so faint is drawn.
    const V logarithm = hn::Log2(d, hn::Max(ratio, splat(std::numeric_limits<float>::min())));
    out.log2_opacity = out.log2_opacity + splat(0.5f) * logarithm;
  }
}

// The shortest axis (the first of equals), in the world, and which way it is turned: towards the camera.
struct ShortestAxis {
  HWY_INLINE ShortestAxis(const DrawingView& view, const ProjectedLanes& p) {
    const V x = p.scale.x, y = p.scale.y, z = p.scale.z, one = splat(1.0f), zero = hn::Zero(FloatTag());
    const auto is_z = hn::Lt(z, hn::Min(x, y));
    const auto is_y = hn::AndNot(is_z, hn::Lt(y, x));
    selected = {hn::IfThenElse(hn::Or(is_y, is_z), zero, one), hn::IfThenElse(is_y, one, zero),
                hn::IfThenElse(is_z, one, zero)};
    value = {dot(p.rotation[0], selected), dot(p.rotation[1], selected), dot(p.rotation[2], selected)};
    const float* r = view.rotation;
    in_camera = {splat(r[0]) * value.x + splat(r[1]) * value.y + splat(r[2]) * value.z,
                 splat(r[3]) * value.x + splat(r[4]) * value.y + splat(r[5]) * value.z,
                 splat(r[6]) * value.x + splat(r[7]) * value.y + splat(r[8]) * value.z};
    const V away = view.model == DIO_CAMERA_ORTHOGRAPHIC ? in_camera.z : dot(in_camera, p.p);
    sign = hn::IfThenElse(hn::Gt(away, zero), splat(-1.0f), one);
  }

  HWY_INLINE Vec3V normal() const { return {sign * in_camera.x, sign * in_camera.y, sign * in_camera.z}; }

  Vec3V selected;  // 1 for that axis, 0 for the others
  Vec3V value, in_camera;
  V sign;
};

HWY_INLINE V radius(V variance) {
  return hn::Min(hn::Ceil(splat(kExtent) * hn::Sqrt(variance)), splat(static_cast<float>(1 << 30)));
}

// Lanes whose box of 3.33 standard deviations meets the picture.
HWY_INLINE FloatMask is_in_view(const DrawingView& view, const ProjectedLanes& p, V radius_x, V radius_y) {
  const V zero = hn::Zero(FloatTag());
  const auto sound = hn::And(hn::Gt(p.determinant, zero), hn::Le(p.determinant, splat(kLargest)));
  const auto x = hn::And(hn::Gt(p.mean_x + radius_x, zero),
                         hn::Lt(p.mean_x - radius_x, splat(static_cast<float>(view.width))));
  const auto y = hn::And(hn::Gt(p.mean_y + radius_y, zero),
                         hn::Lt(p.mean_y - radius_y, splat(static_cast<float>(view.height))));
  return hn::And(sound, hn::And(x, y));
}

HWY_INLINE FloatMask is_in_depth(const DrawingView& view, V depth) {
  return hn::And(hn::Gt(depth, splat(view.near_plane)), hn::Lt(depth, splat(view.far_plane)));
}

// Calls body(std::integral_constant<int, model>()).
template <typename Body>
HWY_INLINE void with_model(int model, const Body& body) {
  switch (model) {
    case DIO_CAMERA_ORTHOGRAPHIC:
      return body(std::integral_constant<int, DIO_CAMERA_ORTHOGRAPHIC>());
    case DIO_CAMERA_FISHEYE:
      return body(std::integral_constant<int, DIO_CAMERA_FISHEYE>());
    default:
      return body(std::integral_constant<int, DIO_CAMERA_PINHOLE>());
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#endif

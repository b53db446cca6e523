#pragma once

// One Gaussian from the world into the picture, in float: the formulas are those of projection_reference.h.
// Forward and backward both begin here.

#include <limits>

#include "kernels/cuda/platform.cuh"
#include "kernels/splat/camera_math.h"
#include "kernels/splat/drawing_cuda.h"
#include "kernels/splat/rotation.h"

namespace diorama::cuda {

inline constexpr float kHalfLog2E = 0.72134752f;
inline constexpr float kTwoLn2 = 1.38629436f;
inline constexpr float kExtent = 3.33f;  // standard deviations of a radius
// An infinite logit is an opacity of 0 or 1, a logarithm of -infinity a scale of 0: numbers that come to the
// same. NaN and a scale of infinity stay.
inline constexpr float kAlmostInfinite = 100;

using Float3 = Vec3<float>;

DIO_DEVICE bool is_finite(float x) { return 0 * x == 0; }

// What is stored about a Gaussian, but for its harmonics and features.
struct GaussianShape {
  Float3 mean;
  Quaternion<float> quat;
  Float3 log_scale;
  float logit;

  // Whether every value has a meaning and the quaternion is a direction: finite times zero is zero.
  DIO_DEVICE bool is_sound() const {
    const float sum = 0 * mean.x + 0 * mean.y + 0 * mean.z + 0 * quat.w + 0 * quat.x + 0 * quat.y +
                      0 * quat.z + 0 * log_scale.x + 0 * log_scale.y + 0 * log_scale.z + 0 * logit;
    return sum == 0 && (quat.w != 0 || quat.x != 0 || quat.y != 0 || quat.z != 0);
  }
};

DIO_DEVICE Float3 load3(const float* from) { return {from[0], from[1], from[2]}; }

DIO_DEVICE float at_least_almost_infinite(float x) { return x < -kAlmostInfinite ? -kAlmostInfinite : x; }

DIO_DEVICE Float3 load_mean(const GaussianArrays& in, int64_t i) { return load3(in.means + 3 * i); }

DIO_DEVICE GaussianShape load_shape(const GaussianArrays& in, int64_t i) {
  GaussianShape g;
  g.mean = load_mean(in, i);
  const float* q = in.quats + 4 * i;
  g.quat = {q[0], q[1], q[2], q[3]};
  const Float3 s = load3(in.log_scales + 3 * i);
  g.log_scale = {at_least_almost_infinite(s.x), at_least_almost_infinite(s.y), at_least_almost_infinite(s.z)};
  const float logit = at_least_almost_infinite(in.logit_opacities[i]);
  g.logit = logit > kAlmostInfinite ? kAlmostInfinite : logit;
  return g;
}

// 1 / (1 + e^-x) and its base-2 logarithm, without overflow.
DIO_DEVICE float sigmoid(float x) {
  const float small = expf(-fabsf(x));
  return (x < 0 ? small : 1.0f) / (1.0f + small);
}
DIO_DEVICE float log2_sigmoid(float x) { return (fminf(x, 0.0f) - log1pf(expf(-fabsf(x)))) * 1.44269504f; }

// e^x down to the smallest normal numbers; 0 below.
DIO_DEVICE float scale_of(float log_scale) { return log_scale > -87.0f ? expf(log_scale) : 0.0f; }

DIO_DEVICE Mat3<float> rotation_of(const DrawingView& view) {
  const float* r = view.rotation;
  return {{{r[0], r[1], r[2]}, {r[3], r[4], r[5]}, {r[6], r[7], r[8]}}};
}

DIO_DEVICE Float3 to_camera(const DrawingView& view, const Float3& mean) {
  return rotation_of(view) * mean + load3(view.translation);
}

DIO_DEVICE bool is_in_depth(const DrawingView& view, float depth) {
  return depth > view.near_plane && depth < view.far_plane;
}

// A Gaussian on its way into the picture.
struct Projection {
  Float3 p;                // the mean in the camera
  float inverse_length;    // of the quaternion
  Quaternion<float> unit;  // normalised
  Mat3<float> rotation;    // R
  Float3 scale;            // diagonal of S
  Mat3<float> root;        // M = W R S
  Float3 jx, jy;           // the rows of J
  Float3 px, py;           // the rows of J M
  Sym2<float> covariance;  // with blur
  float determinant, sharp_determinant;
  Vec2<float> mean;  // in pixels
  float compensation;
  float log2_opacity;  // compensated

  DIO_DEVICE Projection(const DrawingView& view, const GaussianShape& g) : p(to_camera(view, g.mean)) {
    rotate(view, g);
    look(view);
    const Mat3<float> columns = root.transposed();
    px = columns * jx, py = columns * jy;
    const Sym2<float> sharp = {dot(px, px), dot(px, py), dot(py, py)};
    covariance = {sharp.xx + view.blur, sharp.xy, sharp.yy + view.blur};
    // Sums of squares (Cauchy-Binet), which long thin Gaussians need: xx yy - xy^2 would cancel.
    const float xy = px.x * py.y - px.y * py.x, xz = px.x * py.z - px.z * py.x,
                yz = px.y * py.z - px.z * py.y;
    sharp_determinant = xy * xy + xz * xz + yz * yz;
    determinant = sharp_determinant + view.blur * (sharp.xx + sharp.yy + view.blur);
    log2_opacity = log2_sigmoid(g.logit);
    compensation = 1;
    if (view.antialiased) {
      const float ratio = sharp_determinant / determinant;
      compensation = sqrtf(ratio);
      // Below the smallest normal number the logarithm is not one; nothing so faint is drawn.
      log2_opacity += 0.5f * log2f(fmaxf(ratio, std::numeric_limits<float>::min()));
    }
  }

  DIO_DEVICE static float radius(float variance) {
    return fminf(ceilf(kExtent * sqrtf(variance)), static_cast<float>(1 << 30));
  }

  // Whether the box of 3.33 standard deviations meets the picture.
  DIO_DEVICE bool is_in_view(const DrawingView& view) const {
    const float radius_x = radius(covariance.xx), radius_y = radius(covariance.yy);
    return determinant > 0 && determinant <= std::numeric_limits<float>::max() && mean.x + radius_x > 0 &&
           mean.x - radius_x < static_cast<float>(view.width) && mean.y + radius_y > 0 &&
           mean.y - radius_y < static_cast<float>(view.height);
  }

 private:
  DIO_DEVICE void rotate(const DrawingView& view, const GaussianShape& g) {
    // Through the largest entry, so that no square over- or underflows.
    const Quaternion<float>& q = g.quat;
    const float inverse = 1 / fmaxf(fmaxf(fabsf(q.w), fabsf(q.x)), fmaxf(fabsf(q.y), fabsf(q.z)));
    float w = q.w * inverse, x = q.x * inverse, y = q.y * inverse, z = q.z * inverse;
    const float length = 1 / sqrtf(w * w + x * x + y * y + z * z);
    inverse_length = length * inverse;
    w *= length, x *= length, y *= length, z *= length;
    unit = {w, x, y, z};
    rotation = {{{1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)},
                 {2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)},
                 {2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)}}};
    scale = {scale_of(g.log_scale.x), scale_of(g.log_scale.y), scale_of(g.log_scale.z)};
    root = scale_columns(rotation_of(view) * rotation, scale);
  }

  DIO_DEVICE void look(const DrawingView& view) {
    if (view.model == DIO_CAMERA_ORTHOGRAPHIC) {
      mean = {view.fx * p.x + view.cx, view.fy * p.y + view.cy};
      jx = {view.fx, 0, 0}, jy = {0, view.fy, 0};
    } else if (view.model == DIO_CAMERA_FISHEYE) {
      const FisheyeScale<float> f(p);
      mean = {view.fx * (f.s * p.x) + view.cx, view.fy * (f.s * p.y) + view.cy};
      jx = view.fx * Float3{f.s + f.k * p.x * p.x, f.k * p.x * p.y, -p.x * f.inverse_d2};
      jy = view.fy * Float3{f.k * p.x * p.y, f.s + f.k * p.y * p.y, -p.y * f.inverse_d2};
    } else {
      const float inverse_z = 1 / p.z, slope_x = p.x * inverse_z, slope_y = p.y * inverse_z;
      mean = {view.fx * slope_x + view.cx, view.fy * slope_y + view.cy};
      const float x = fminf(fmaxf(slope_x, -view.left), view.right);
      const float y = fminf(fmaxf(slope_y, -view.above), view.below);
      jx = {view.fx * inverse_z, 0, -view.fx * x * inverse_z};
      jy = {0, view.fy * inverse_z, -view.fy * y * inverse_z};
    }
  }
};

// The shortest axis (the first of equals) and which way it is turned: towards the camera.
struct ShortestAxis {
  int axis;
  float sign;
  Float3 in_camera;

  DIO_DEVICE ShortestAxis(const DrawingView& view, const Projection& g) {
    const bool second = g.scale.y < g.scale.x;
    const bool third = g.scale.z < (second ? g.scale.y : g.scale.x);
    axis = third ? 2 : second ? 1 : 0;
    const Mat3<float>& r = g.rotation;
    const Float3 column = {r.row[0][axis], r.row[1][axis], r.row[2][axis]};
    in_camera = rotation_of(view) * column;
    const float away = view.model == DIO_CAMERA_ORTHOGRAPHIC ? in_camera.z : dot(in_camera, g.p);
    sign = away > 0 ? -1.0f : 1.0f;
  }
  DIO_DEVICE Float3 normal() const { return sign * in_camera; }
};

}  // namespace diorama::cuda

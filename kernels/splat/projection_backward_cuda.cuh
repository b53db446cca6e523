#pragma once

// One Gaussian's gradients from the picture back to the world, in float. Formulas: Ye and Kanazawa,
// "Mathematical Supplement for the gsplat Library" (arXiv 2312.02121).

#include "kernels/splat/harmonics_cuda.cuh"
#include "kernels/splat/projection_cuda.cuh"

namespace diorama::cuda {

// Gradients with respect to what a Gaussian is in the picture, summed over its tiles.
struct PictureSums {
  float moment[kMoments] = {};
  float color[3] = {};
  float depth = 0;
  float normal[3] = {};
};

// And with respect to what is stored, but for the harmonics and features.
struct ShapeGradient {
  Vec2<float> mean2d;
  Float3 mean;
  Quaternion<float> quat = {0, 0, 0, 0};
  Float3 log_scale;
  float logit = 0;
  // Of the camera: its rotation and translation.
  Mat3<float> rotation;
  Float3 translation;
};

// W^T v, W the camera's rotation.
DIO_DEVICE Float3 to_world(const DrawingView& view, const Float3& v) {
  return rotation_of(view).transposed() * v;
}

// The gradient with respect to p of its place in the picture (g) and of the rows of J (jx, jy).
DIO_DEVICE Float3 look_backward(const DrawingView& view, const Projection& g, const Vec2<float>& mean,
                                const Float3& jx, const Float3& jy) {
  const float x = g.p.x, y = g.p.y, z = g.p.z;
  if (view.model == DIO_CAMERA_ORTHOGRAPHIC) return {view.fx * mean.x, view.fy * mean.y, 0};
  if (view.model == DIO_CAMERA_FISHEYE) {
    const FisheyeScale<float> f(g.p);
    const Float3 a = view.fx * jx, b = view.fy * jy;
    const float across = a.y + b.x, d2 = f.inverse_d2, d4 = d2 * d2;
    const float by_s = a.x + b.y;
    const float by_k = a.x * x * x + across * x * y + b.y * y * y;
    const float by_d2 = 2 * d4 * (a.z * x + b.z * y);
    // The mean's derivative is J itself.
    Float3 out = mean.x * g.jx + mean.y * g.jy;
    out += by_s * Float3{f.k * x, f.k * y, -d2};
    out += by_k * Float3{f.h * x, f.h * y, 2 * d4};
    out += by_d2 * g.p;
    out.x += f.k * (2 * a.x * x + across * y) - a.z * d2;
    out.y += f.k * (2 * b.y * y + across * x) - b.z * d2;
    return out;
  }
  const float inverse_z = 1 / z, slope_x = x * inverse_z, slope_y = y * inverse_z;
  const float clamped_x = fminf(fmaxf(slope_x, -view.left), view.right);
  const float clamped_y = fminf(fmaxf(slope_y, -view.above), view.below);
  const float sx = view.fx * jx.z, sy = view.fy * jy.z;
  // A clamped slope stays as it is when the point moves.
  const float on_x = view.fx * mean.x - (clamped_x == slope_x ? sx * inverse_z : 0);
  const float on_y = view.fy * mean.y - (clamped_y == slope_y ? sy * inverse_z : 0);
  const float on_z = sx * clamped_x + sy * clamped_y - on_x * x - on_y * y - view.fx * jx.x - view.fy * jy.y;
  return {on_x * inverse_z, on_y * inverse_z, on_z * inverse_z * inverse_z};
}

// What comes through the normal, sign W R e_axis: added to the gradients of R and of the camera's rotation.
DIO_DEVICE void normal_backward(const DrawingView& view, const Projection& g, const float (&normal)[3],
                                Mat3<float>& rotation, ShapeGradient& out) {
  const ShortestAxis shortest(view, g);
  const Float3 turned = shortest.sign * load3(normal), world = to_world(view, turned);
  const Float3 selected = {shortest.axis == 0 ? 1.0f : 0.0f, shortest.axis == 1 ? 1.0f : 0.0f,
                           shortest.axis == 2 ? 1.0f : 0.0f};
  out.rotation += outer(turned, g.rotation * selected);
  rotation += outer(world, selected);
}

// Everything but the colours.
DIO_DEVICE ShapeGradient project_backward(const DrawingView& view, const GaussianShape& shape,
                                          const Projection& g, const PictureSums& in, bool normals) {
  ShapeGradient out;
  const float* m = in.moment;
  const float inverse = 1 / g.determinant;
  const float a = g.covariance.yy * inverse, b = -g.covariance.xy * inverse, c = g.covariance.xx * inverse;
  out.mean2d = {a * m[1] + b * m[2], b * m[1] + c * m[2]};
  // d loss / d conic = -moments / 2, and cov2d = conic^-1: conic moments conic / 2.
  const Sym2<float> half = sandwich(Sym2<float>{a, b, c}, Sym2<float>{m[3], m[4], m[5]});
  Sym2<float> covariance = 0.5f * half;
  out.logit = m[0] * sigmoid(-shape.logit);
  if (view.antialiased) {
    // ln compensation = (ln det sharp - ln det blurred) / 2, and d ln det A = A^-1.
    const float factor = 0.5f * m[0], sharp = 1 / g.sharp_determinant;
    covariance.xx += factor * ((g.covariance.yy - view.blur) * sharp - a);
    covariance.xy -= factor * (g.covariance.xy * sharp + b);
    covariance.yy += factor * ((g.covariance.xx - view.blur) * sharp - c);
  }

  // cov2d = (J M) (J M)^T
  const Float3 jm_x = 2.0f * (covariance.xx * g.px + covariance.xy * g.py);
  const Float3 jm_y = 2.0f * (covariance.xy * g.px + covariance.yy * g.py);
  Mat3<float> root = outer(g.jx, jm_x);
  root += outer(g.jy, jm_y);
  Float3 p = look_backward(view, g, out.mean2d, g.root * jm_x, g.root * jm_y);
  p.z += in.depth;
  out.mean = to_world(view, p);
  out.translation = p;
  out.rotation = outer(p, shape.mean);

  // M = W R S
  const Mat3<float> rotated = scale_columns(g.rotation, g.scale);
  out.rotation += root * rotated.transposed();
  const Mat3<float> rs = rotation_of(view).transposed() * root;
  Mat3<float> rotation = scale_columns(rs, g.scale);
  out.log_scale = {dot(rs.column(0), rotated.column(0)), dot(rs.column(1), rotated.column(1)),
                   dot(rs.column(2), rotated.column(2))};
  if (normals) normal_backward(view, g, in.normal, rotation, out);
  // The length of the quaternion itself changes nothing but the size of its gradient.
  const Quaternion<float> unit = rotation_backward(g.unit, rotation);
  const float s = g.inverse_length;
  out.quat = {s * unit.w, s * unit.x, s * unit.y, s * unit.z};
  return out;
}

// Through the harmonics. row: in shared memory, the coefficients ([K, 3]) come in and their gradients go out;
// color: of the loss by the colour, 0 where that was cut.
DIO_DEVICE void color_backward(const DrawingView& view, const Float3& mean, const Float3& color,
                               int coefficients, float* row, ShapeGradient& out) {
  const int evaluated = (view.sh_degree + 1) * (view.sh_degree + 1);
  float inverse_length;
  const Float3 direction = direction_of(view, mean, inverse_length);
  const Harmonics<float> harmonics(direction, evaluated);
  Float3 along;
#pragma unroll
  for (int k = 0; k < kMaxHarmonics; ++k) {
    if (k >= coefficients) continue;
    const bool drawn = k < evaluated;
    if (drawn) along += dot(color, load3(row + 3 * k)) * harmonics.gradient[k];
    const float value = drawn ? harmonics.value[k] : 0;
    row[3 * k] = value * color.x, row[3 * k + 1] = value * color.y, row[3 * k + 2] = value * color.z;
  }
  // Of mean - origin, before it was normalised; origin = -W^T t.
  const Float3 g = inverse_length * (along - dot(along, direction) * direction);
  out.mean += g;
  out.rotation += outer(load3(view.translation), g);
  out.translation += rotation_of(view) * g;
}

}  // namespace diorama::cuda

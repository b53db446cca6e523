#pragma once

// What the CPU's and the CUDA kernels of drawing have in common.

#include <cstddef>
#include <cstdint>
#include <utility>

#include "context.h"
#include "splat_frame.h"
#include "tensor.h"

namespace diorama {

// Widens the bounds of a Gaussian, in octaves of its opacity: rounding may not lose a pixel that the exact
// test at the pixel (alpha >= alpha_min) lets through.
constexpr float kSlack = 1e-3f;
// Slots of an intersection's gradient before the channels: sums over pixels of v, v dx, v dy, v dx dx, v dx
// dy and v dy dy, with v = d loss / d ln(alpha) and (dx, dy) from the mean to the pixel.
constexpr int kMoments = 6;

// The camera and settings in the form that the kernels use.
struct DrawingView {
  // tile: pixels along a side.
  DrawingView(const dio_splat_camera& camera, const dio_splat_settings& settings, int64_t sh_coefficients,
              int tile);

  float rotation[9], translation[3], origin[3];
  int model;
  float fx, fy, cx, cy;
  float left, right, above, below;  // limits of x/z and y/z in the pinhole Jacobian
  int width, height, tiles_x, tiles_y;
  float near_plane, far_plane, blur;
  bool antialiased;
  int sh_degree;
  float alpha_min, alpha_max, alpha_fade, transmittance_stop;
  float log2_floor;  // log2(alpha_min) - kSlack
  float background[3];

  int64_t tiles() const { return static_cast<int64_t>(tiles_x) * tiles_y; }
};

// The inputs as arrays.
struct GaussianArrays {
  explicit GaussianArrays(const dio_splat_gaussians& gaussians);

  int64_t count, coefficients;
  const float *means, *quats, *log_scales, *logit_opacities, *features;
  const float* sh;         // null where the coefficients are f16
  const uint16_t* sh_f16;  // likewise where they are f32
  int feature_channels;
};

// What is composited besides the transmittance, in this order: colour, depth, normal, features.
struct ChannelSet {
  explicit ChannelSet(const dio_splat_images& images, int feature_channels);

  bool rgb, depth, normals;
  int features;  // how many
  int count;
  int depth_at() const { return rgb ? 3 : 0; }
  int normals_at() const { return depth_at() + (depth ? 1 : 0); }
  int features_at() const { return normals_at() + (normals ? 3 : 0); }
};

// An array of the frame. Growing does not keep what it held.
template <typename T>
class FrameArray {
 public:
  explicit FrameArray(Context& context) : context_(context) {}
  FrameArray(const FrameArray&) = delete;
  FrameArray& operator=(const FrameArray&) = delete;
  ~FrameArray() { release(); }

  T* resize(int64_t count) {
    // A little more than asked for, so that scenes and views that grow slowly seldom allocate; what is far
    // too large is given back.
    if (count > capacity_ || (capacity_ - count > count * 3 && capacity_ > kKept)) {
      release();
      const int64_t capacity = count + count / 8 + 16;
      data_ = static_cast<T*>(context_.allocate(static_cast<std::size_t>(capacity) * sizeof(T)));
      capacity_ = capacity;
    }
    return data_;
  }
  T* data() const { return data_; }
  void swap(FrameArray& other) {
    std::swap(data_, other.data_);
    std::swap(capacity_, other.capacity_);
  }
  int64_t bytes() const { return capacity_ * static_cast<int64_t>(sizeof(T)); }

 private:
  static constexpr int64_t kKept = (int64_t{64} << 20) / static_cast<int64_t>(sizeof(T));

  void release() {
    if (data_ != nullptr) context_.free(data_);
    data_ = nullptr;
    capacity_ = 0;
  }

  Context& context_;
  T* data_ = nullptr;
  int64_t capacity_ = 0;
};

}  // namespace diorama

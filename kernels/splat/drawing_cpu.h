#pragma once

#include <cstddef>
#include <cstdint>

#include "context.h"
#include "splat_frame.h"
#include "tensor.h"

namespace diorama {

// Pixels along a side of a tile. A tile's transmittance and three colours (4 KiB each) stay in the
// first cache; larger tiles would not, smaller ones repeat a Gaussian's set-up more often.
constexpr int kTile = 32;
// Gaussians that a thread projects at a time. Where the visible ones of a block lie does not depend on the
// number of threads.
constexpr int64_t kBlock = 4096;
// Widens the bounds of a Gaussian, in octaves of its opacity: rounding may not lose a pixel that the exact
// test at the pixel (alpha >= alpha_min) lets through.
constexpr float kSlack = 1e-3f;
// Slots of an intersection's gradient before the channels: sums over pixels of v, v dx, v dy, v dx dx, v dx
// dy and v dy dy, with v = d loss / d ln(alpha) and (dx, dy) from the mean to the pixel.
constexpr int kMoments = 6;

// A visible Gaussian in the picture. log2 alpha = log2_opacity - (root (dx + skew dy))^2 - (root_y dy)^2:
// the conic's Cholesky factor, scaled for powers of two, so that no rounding makes the exponent positive.
struct SplatRecord {
  float x, y;  // the kernels read four floats from here, and from reach_x
  float root, skew, root_y;
  float curve_y;  // root_y^2 + (root skew)^2
  float log2_opacity;
  float reach_x, reach_y;  // half the sides of the box in which alpha reaches alpha_min, plus slack
  float color[3];
};
static_assert(sizeof(SplatRecord) == 48);

// Fetches a record ahead of its use; most lie across two lines of the cache.
inline void prefetch(const SplatRecord* record) {
  __builtin_prefetch(record);
  __builtin_prefetch(reinterpret_cast<const char*>(record) + sizeof(SplatRecord) - 1);
}

// Tiles that the box of a Gaussian meets, ends included.
struct TileBox {
  uint16_t x0, y0, x1, y1;
};

// The camera and settings in the form that the kernels use.
struct DrawingView {
  DrawingView(const dio_splat_camera& camera, const dio_splat_settings& settings, int64_t sh_coefficients);

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
  const float *means, *quats, *log_scales, *logit_opacities, *sh, *features;
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

// Visible Gaussians have places: those of block b lie at b * kBlock and after, in the order of their indices.
class CpuSplatFrame final : public SplatFrame {
 public:
  explicit CpuSplatFrame(Context& context)
      : records(context),
        depths(context),
        normals(context),
        indices(context),
        boxes(context),
        block_counts(context),
        order(context),
        tile_starts(context),
        cursors(context),
        list(context) {}

  FrameArray<SplatRecord> records;   // by place
  FrameArray<float> depths;          // by place
  FrameArray<float> normals;         // by place, [3]; only where asked for
  FrameArray<int32_t> indices;       // by place: which Gaussian
  FrameArray<TileBox> boxes;         // by place
  FrameArray<int32_t> block_counts;  // visible ones of each block
  FrameArray<int32_t> order;         // places, front to back
  FrameArray<int64_t> tile_starts;   // [tiles + 1]: into list
  FrameArray<int64_t> cursors;       // [ranges][tiles]: where a range of `order` begins in each tile's list
  FrameArray<int32_t> list;          // places, tile by tile, front to back
  int64_t visible = 0;
  int64_t intersections = 0;
  int ranges = 1;  // pieces of `order` that the threads binned
  bool has_normals = false;

  int64_t held_bytes() const {
    return records.bytes() + depths.bytes() + normals.bytes() + indices.bytes() + boxes.bytes() +
           block_counts.bytes() + order.bytes() + tile_starts.bytes() + cursors.bytes() + list.bytes();
  }
};

// Fills records, depths, indices, boxes, block_counts, visible and, where asked for, normals.
void project_gaussians(Context&, const DrawingView&, const GaussianArrays&, bool normals, CpuSplatFrame&);
// Fills order.
void sort_by_depth(Context&, CpuSplatFrame&, int64_t gaussians);
// Fills tile_starts, cursors and list.
void bin_to_tiles(Context&, const DrawingView&, CpuSplatFrame&);
// Draws; returns how many alphas were computed.
int64_t rasterize(Context&, const DrawingView&, const GaussianArrays&, const CpuSplatFrame&,
                  const dio_splat_images&);

void splat_project_cpu(Context&, const dio_splat_gaussians&, const dio_splat_camera&,
                       const dio_splat_settings&, const dio_splat_projection&);

}  // namespace diorama

#pragma once

#include "drawing.h"

namespace diorama {

// Pixels along a side of a tile. A tile's transmittance and three colours (4 KiB each) stay in the
// first cache; larger tiles would not, smaller ones repeat a Gaussian's set-up more often.
constexpr int kTile = 32;
// Gaussians that a thread projects at a time. Where the visible ones of a block lie does not depend on the
// number of threads.
constexpr int64_t kBlock = 4096;

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

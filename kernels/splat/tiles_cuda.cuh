#pragma once

// Which tiles a Gaussian's alpha may reach alpha_min in, row by row: the ellipse's exact range in each row.
// Counting, emitting and finding a tile's place again all go through TileWalk, in several kernels, and must
// meet the same tiles: every operation here is one that the compiler may not contract.

#include "kernels/cuda/platform.cuh"
#include "kernels/splat/drawing_cuda.h"

namespace diorama::cuda {

// Tiles first to last of a row; none where last < first.
struct TileRange {
  int first, last;
  DIO_DEVICE int count() const { return last < first ? 0 : last - first + 1; }
};

class TileWalk {
 public:
  DIO_DEVICE TileWalk(const DrawingView& view, const DeviceSplat& g) : g_(g) {
    const Side across(g.x, g.reach_x, view.width), down(g.y, g.reach_y, view.height);
    x0_ = across.tiles.first, x1_ = across.tiles.last;
    rows_ = across.tiles.count() > 0 ? down.tiles : TileRange{0, -1};
    // The ellipse touches the four sides of its box: one row or one column of tiles is met everywhere, where
    // the picture's edge does not cut it off.
    whole_ = (across.is_whole && x0_ == x1_) || (down.is_whole && rows_.first == rows_.last);
    level_ = __fsub_rn(g.log2_opacity, view.log2_floor);
    square_y_ = __fmul_rn(g.root_y, g.root_y);
    inverse_root_ = __frcp_rn(g.root);
    rightmost_ = __fdiv_rn(__fmul_rn(-g.skew, level_), __fmul_rn(square_y_, g.reach_x));
  }

  DIO_DEVICE TileRange rows() const { return rows_; }

  // Of row ty, one of rows(). Over a band of y the ellipse reaches farthest right where its own rightmost
  // point is, or at the end of the band nearest to it; likewise left.
  DIO_DEVICE TileRange row(int ty) const {
    if (whole_) return {x0_, x1_};
    const float first = __fsub_rn(__fadd_rn(static_cast<float>(ty * kDeviceTile), 0.5f), g_.y);
    const float low = fmaxf(first, -g_.reach_y);
    const float high = fminf(__fadd_rn(first, static_cast<float>(kDeviceTile - 1)), g_.reach_y);
    const float right_y = fminf(fmaxf(rightmost_, low), high);
    const float left_y = fminf(fmaxf(-rightmost_, low), high);
    const float right = __fadd_rn(__fmaf_rn(-g_.skew, right_y, g_.x), half(right_y));
    const float left = __fsub_rn(__fmaf_rn(-g_.skew, left_y, g_.x), half(left_y));
    // In float first: what is far outside would not fit an int. The first pixel whose centre is at or behind
    // `left` and the last at or before `right`, within the box.
    const float x0 = fmaxf(ceilf(__fsub_rn(left, 0.5f)), static_cast<float>(x0_ * kDeviceTile));
    const float x1 =
        fminf(floorf(__fsub_rn(right, 0.5f)), static_cast<float>(x1_ * kDeviceTile + kDeviceTile - 1));
    if (!(x0 <= x1)) return {0, -1};
    return {static_cast<int>(x0) / kDeviceTile, static_cast<int>(x1) / kDeviceTile};
  }

 private:
  // The tiles of the pixels of [0, size) whose centres lie within `reach` of `centre`, and whether those are
  // all there could be.
  struct Side {
    TileRange tiles = {0, -1};
    bool is_whole;
    DIO_DEVICE Side(float centre, float reach, int size) {
      const float low = ceilf(__fsub_rn(__fsub_rn(centre, reach), 0.5f));
      const float high = floorf(__fsub_rn(__fadd_rn(centre, reach), 0.5f));
      const float first = fmaxf(low, 0.0f), last = fminf(high, static_cast<float>(size - 1));
      is_whole = first == low && last == high;
      if (first <= last)
        tiles = {static_cast<int>(first) / kDeviceTile, static_cast<int>(last) / kDeviceTile};
    }
  };
  // Half the ellipse's width at dy.
  DIO_DEVICE float half(float dy) const {
    const float left = __fmaf_rn(-__fmul_rn(square_y_, dy), dy, level_);
    return __fmul_rn(__fsqrt_rn(fmaxf(left, 0.0f)), inverse_root_);
  }

  const DeviceSplat& g_;
  TileRange rows_;
  int x0_, x1_;
  bool whole_;
  float level_, square_y_, inverse_root_;
  float rightmost_;  // dy of the ellipse's rightmost point; the leftmost's is the negative
};

// Calls body(tile) for each tile that the Gaussian meets, row by row, tile = ty * tiles_x + tx.
template <typename Body>
DIO_DEVICE void for_each_tile(const DrawingView& view, const DeviceSplat& g, const Body& body) {
  const TileWalk walk(view, g);
  const TileRange rows = walk.rows();
  for (int ty = rows.first; ty <= rows.last; ++ty) {
    const TileRange range = walk.row(ty);
    for (int tx = range.first; tx <= range.last; ++tx) body(ty * view.tiles_x + tx);
  }
}

// How many tiles for_each_tile visits.
DIO_DEVICE uint32_t tile_count(const DrawingView& view, const DeviceSplat& g) {
  const TileWalk walk(view, g);
  const TileRange rows = walk.rows();
  uint32_t count = 0;
  for (int ty = rows.first; ty <= rows.last; ++ty) count += static_cast<uint32_t>(walk.row(ty).count());
  return count;
}

// The how manyth tile of for_each_tile's walk (tile_x, tile_y) is, which must be one of them.
DIO_DEVICE uint32_t tile_index(const DrawingView& view, const DeviceSplat& g, int tile_x, int tile_y) {
  const TileWalk walk(view, g);
  uint32_t index = 0;
  for (int ty = walk.rows().first; ty < tile_y; ++ty) index += static_cast<uint32_t>(walk.row(ty).count());
  return index + static_cast<uint32_t>(tile_x - walk.row(tile_y).first);
}

}  // namespace diorama::cuda

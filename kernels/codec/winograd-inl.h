// Winograd's convolution F(2x2, 3x3) over height and width, as in Lavin & Gray, "Fast Algorithms for
// Convolutional Neural Networks" (2016): 16 multiplications for the four results that take 36. A tile of
// 4 x 4 pixels becomes 16 points, B^T d B; the weights become G g G^T; each point is a product of its own,
// [tiles, taps in time x Cin] x [taps in time x Cin, Cout]; A^T m A makes 2 x 2 results of the 16 sums. Each
// result still depends on its own 3 x 3 pixels only; an infinity, though, may reach it as NaN.
// Compiled once for each SIMD target.
#if defined(DIORAMA_KERNELS_CODEC_WINOGRAD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DIORAMA_KERNELS_CODEC_WINOGRAD_INL_H_
#undef DIORAMA_KERNELS_CODEC_WINOGRAD_INL_H_
#else
#define DIORAMA_KERNELS_CODEC_WINOGRAD_INL_H_
#endif

#include <hwy/highway.h>

#include <omp.h>

#include <algorithm>
#include <cstdint>

#include "kernels/codec/video_rows.h"
#include "kernels/codec/winograd_points-inl.h"
#include "kernels/linear/gemm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {
namespace product {
namespace winograd {

namespace hn = hwy::HWY_NAMESPACE;

// Tiles whose sums are made together, for each sweep over the weights: fewer, down to half, where their
// points and sums would take more than 8 MB.
inline constexpr int64_t kBlockTiles = 96;
inline constexpr int64_t kBlockFloats = int64_t{2} << 20;
// Between the points of a block, so that they do not fall into the same cache set.
inline constexpr int64_t kGap = 16;

// Fewer channels or pixels repay neither the transforms of pixels nor that of the weights.
inline bool pays(const VideoRows& video, int64_t rows, int64_t columns) {
  const dio_conv3d_params& p = video.params;
  return video.kernel_h == 3 && video.kernel_w == 3 && p.stride_t == 1 && p.stride_h == 1 &&
         p.stride_w == 1 && video.channels >= 32 && columns >= 32 && rows >= 512;
}

// How the work is cut: tiles of 2 x 2 results, kTileRows of them to a panel, which stays in one frame.
struct Shape {
  const VideoRows& video;
  int64_t across = tiles(video.out_w, 2), frame_tiles = across * tiles(video.out_h, 2);
  int64_t frame_panels = tiles(frame_tiles, kTileRows);
  int64_t row = tiles(video.channels, 16) * 16;  // floats of a tile at one point
  int64_t block;                                 // tiles
  int64_t columns;                               // of a task at most, whole panels
  int64_t channels_per_step = tiles(video.channels, tiles(video.channels, kDepth));
  int64_t taps_per_step =
      tiles(video.kernel_t, tiles(video.kernel_t, std::max<int64_t>(kDepth / video.channels, 1)));

  // Of a task's memory, in floats or pointers.
  int64_t point_stride() const { return block * row + kGap; }
  int64_t frame_stride() const { return kPoints * point_stride(); }
  int64_t sum_stride() const { return block * columns + kGap; }
  int64_t floats() const { return video.kernel_t * frame_stride() + kPoints * sum_stride() + 4 * columns; }
  int64_t pointers() const { return video.kernel_t * tiles(row, channels_per_step) * block; }

  // The first result of a tile of a panel; t is 0.
  VideoRows::Position position(int64_t panel, int64_t tile) const {
    tile = std::min(panel % frame_panels * kTileRows + tile, frame_tiles - 1);
    return {panel / frame_panels, 0, tile / across * 2, tile % across * 2};
  }
};

// A task's panels of tiles and of columns, and its memory.
class Task {
 public:
  Task(const Shape& shape, const WeightPoints& weights, const Epilogue& epilogue, Range columns,
       float* memory, const float** pointers)
      : shape_(shape),
        weights_(weights),
        epilogue_(epilogue),
        finish_(finisher(epilogue)),
        columns_(columns),
        pixels_(memory),
        sums_(pixels_ + shape.video.kernel_t * shape.frame_stride()),
        results_(sums_ + kPoints * shape.sum_stride()),
        pointers_(pointers) {}

  // A block of panels in all frames; a frame's points are made once and kept for its taps in time.
  void run(Range panels, int64_t column_limit) {
    const int64_t before = shape_.video.kernel_t - 1;
    for (int64_t frame = 0; frame < shape_.video.out_t + before; ++frame) {
      transform(panels, frame);
      if (frame < before) continue;
      for (int64_t point = 0; point < kPoints; ++point) multiply(panels.size(), frame - before, point);
      finish(panels, frame - before, column_limit);
    }
  }

 private:
  float* points_of(int64_t frame) const {
    return pixels_ + frame % shape_.video.kernel_t * shape_.frame_stride();
  }

  void transform(Range panels, int64_t frame) const {
    const TileTag d;
    float* to = points_of(frame);
    for (int64_t tile = 0; tile < panels.size() * kTileRows; ++tile, to += shape_.row) {
      VideoRows::Position position = shape_.position(panels.begin + tile / kTileRows, tile % kTileRows);
      position.t = frame;
      const float* from[kPoints];
      for (int i = 0; i < kPoints; ++i) from[i] = shape_.video.pixel(position, 0, i / 4, i % 4, 0);
      for (int64_t c = 0; c < shape_.video.channels; c += kTileColumns / 2) {
        const int64_t count = shape_.video.channels - c;
        TileVector rows[kPoints], out[kPoints];
        for (int y = 0; y < 4; ++y) {
          const float* const* row = from + y * 4;
          pixel_points(load(row[0] + c, count), load(row[1] + c, count), load(row[2] + c, count),
                       load(row[3] + c, count), rows + y * 4, 1);
        }
        for (int x = 0; x < 4; ++x) pixel_points(rows[x], rows[4 + x], rows[8 + x], rows[12 + x], out + x, 4);
        for (int i = 0; i < kPoints; ++i) hn::StoreU(out[i], d, to + i * shape_.point_stride() + c);
      }
    }
  }

  void multiply(int64_t panels, int64_t t, int64_t point) const {
    const int64_t taps = shape_.video.kernel_t, channels = shape_.video.channels;
    for (int64_t dt = 0; dt < taps; dt += shape_.taps_per_step) {
      const int64_t count = std::min(shape_.taps_per_step, taps - dt);
      for (int64_t c = 0; c < channels; c += shape_.channels_per_step) {
        const int64_t length = std::min(shape_.channels_per_step, channels - c);
        for (int64_t i = 0; i < panels * count; ++i) {
          const float* tile = points_of(t + dt + i % count) + point * shape_.point_stride() +
                              i / count * kTileRows * shape_.row + c;
          for (int64_t r = 0; r < kTileRows; ++r) pointers_[i * kTileRows + r] = tile + r * shape_.row;
        }
        for (int64_t j = columns_.begin; j < columns_.end; ++j) {
          const float* w = weights_.at(point, j, dt * channels + c);
          float* sums =
              sums_ + point * shape_.sum_stride() + (j - columns_.begin) * shape_.block * kTileColumns;
          for (int64_t i = 0; i < panels; ++i) {
            gathered_tile(pointers_ + i * count * kTileRows, count, w, length, dt + c == 0,
                          sums + i * kTileRows * kTileColumns, kTileColumns);
          }
        }
      }
    }
  }

  void finish(Range panels, int64_t t, int64_t column_limit) const {
    const TileTag d;
    const VideoRows& video = shape_.video;
    const int64_t first = columns_.begin * kTileColumns;
    const int64_t columns = std::min(columns_.end * kTileColumns, column_limit) - first;
    for (int64_t tile = 0; tile < panels.size() * kTileRows; ++tile) {
      const int64_t panel = panels.begin + tile / kTileRows;
      if (panel % shape_.frame_panels * kTileRows + tile % kTileRows >= shape_.frame_tiles) continue;
      const float* from = sums_ + tile * kTileColumns;
      for (int64_t n = 0; n < columns; n += kTileColumns / 2) {
        const float* sums = from + n / kTileColumns * shape_.block * kTileColumns + n % kTileColumns;
        TileVector m[kPoints], rows[8], out[4];
        for (int i = 0; i < kPoints; ++i) m[i] = hn::LoadU(d, sums + i * shape_.sum_stride());
        for (int x = 0; x < 4; ++x) results(m[x], m[4 + x], m[8 + x], m[12 + x], rows + x, 4);
        for (int y = 0; y < 2; ++y) {
          results(rows[y * 4], rows[y * 4 + 1], rows[y * 4 + 2], rows[y * 4 + 3], out + y * 2, 1);
        }
        for (int i = 0; i < 4; ++i) hn::StoreU(out[i], d, results_ + i * shape_.columns + n);
      }
      const VideoRows::Position p = shape_.position(panel, tile % kTileRows);
      for (int64_t y = p.y; y < std::min(p.y + 2, video.out_h); ++y) {
        const int64_t m = ((p.batch * video.out_t + t) * video.out_h + y) * video.out_w + p.x;
        finish_(epilogue_, m, std::min<int64_t>(2, video.out_w - p.x), first, columns,
                results_ + (y - p.y) * 2 * shape_.columns, shape_.columns);
      }
    }
  }

  const Shape& shape_;
  const WeightPoints& weights_;
  const Epilogue& epilogue_;
  const FinishRows finish_;
  const Range columns_;
  float* const pixels_;   // [taps in time, 16, block, row]
  float* const sums_;     // [16, panels of columns, block, kTileColumns]
  float* const results_;  // [4, columns], of one tile
  const float** const pointers_;
};

inline void convolve(Context& context, const VideoRows& video, int64_t rows, const Weights& w,
                     const Epilogue& epilogue) {
  const WeightPoints weights = transform_weights(context, video, w);
  Shape shape{.video = video, .block = 0, .columns = 0};
  const int64_t panels = rows / (video.out_t * video.out_h * video.out_w) * shape.frame_panels;
  const int threads = useful_threads(context.threads(), rows, w.rows, w.depth);
  const ThreadGrid grid = choose_grid(threads, panels, weights.panels, 0, 0.3);
  const int tasks = grid.rows * grid.columns;
  const int64_t task_panels = tiles(panels, grid.rows);
  const int64_t tile_floats = kPoints * (video.kernel_t * shape.row + weights.panels * kTileColumns);
  const int64_t limit = std::clamp(kBlockFloats / tile_floats, kBlockTiles / 2, kBlockTiles);
  const int64_t blocks = tiles(task_panels * kTileRows, limit);
  shape.block = tiles(task_panels, blocks) * kTileRows;
  shape.columns = tiles(weights.panels, grid.columns) * kTileColumns;
  float* memory = context.scratch_array<float>(static_cast<std::size_t>(tasks * shape.floats()));
  const float** pointers =
      context.scratch_array<const float*>(static_cast<std::size_t>(tasks * shape.pointers()));
#pragma omp parallel num_threads(tasks)
  for (int64_t i = omp_get_thread_num(); i < tasks; i += omp_get_num_threads()) {
    const Range mine = part_of(panels, i / grid.columns, grid.rows);
    Task task(shape, weights, epilogue, part_of(weights.panels, i % grid.columns, grid.columns),
              memory + i * shape.floats(), pointers + i * shape.pointers());
    for (int64_t block = 0; block < blocks; ++block) {
      const Range part = part_of(mine.size(), block, blocks);
      task.run({mine.begin + part.begin, mine.begin + part.end}, w.rows);
    }
  }
}

}  // namespace winograd
}  // namespace product
}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#endif

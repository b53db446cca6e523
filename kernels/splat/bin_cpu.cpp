// Tile by tile the Gaussians that may be seen in it, front to back: a counting sort by tile of what is
// already in order of depth, so that nothing is sorted twice.
#include <algorithm>

#include "drawing_cpu.h"
#include "kernels/common/parallel.h"
#include "tiles_cpu.h"

namespace diorama {
namespace {

constexpr int64_t kGrain = 4096;  // Gaussians that are worth a thread

}  // namespace

void bin_to_tiles(Context& context, const DrawingView& view, CpuSplatFrame& frame) {
  const int64_t count = frame.visible, tiles = view.tiles();
  const int ranges = static_cast<int>(std::clamp<int64_t>(count / kGrain, 1, context.threads()));
  frame.ranges = ranges;
  int64_t* cursors = frame.cursors.resize(ranges * tiles);
  int64_t* starts = frame.tile_starts.resize(tiles + 1);
  const auto each_range = [&](const auto& body) {
    parallel_ranges(context.threads(), ranges, 1, [&](int64_t begin, int64_t end, int) {
      for (int64_t range = begin; range < end; ++range) {
        body(range, count * range / ranges, count * (range + 1) / ranges);
      }
    });
  };
  each_range([&](int64_t range, int64_t begin, int64_t end) {
    int64_t* own = cursors + range * tiles;
    std::fill_n(own, tiles, 0);
    for_each_in_order(frame, begin, end, [&](int32_t, const SplatRecord& record, const TileBox& box) {
      for_each_tile(record, box, view.tiles_x, view.log2_floor, [&](int64_t tile) { ++own[tile]; });
    });
  });
  int64_t sum = 0;
  for (int64_t tile = 0; tile < tiles; ++tile) {
    starts[tile] = sum;
    for (int64_t range = 0; range < ranges; ++range) {
      const int64_t here = cursors[range * tiles + tile];
      cursors[range * tiles + tile] = sum;
      sum += here;
    }
  }
  starts[tiles] = sum;
  frame.intersections = sum;
  int32_t* list = frame.list.resize(sum);
  // The cursors stay as they are: collecting gradients walks the lists again.
  int64_t* moving = context.scratch_array<int64_t>(static_cast<std::size_t>(ranges * tiles));
  each_range([&](int64_t range, int64_t begin, int64_t end) {
    int64_t* own = moving + range * tiles;
    std::copy_n(cursors + range * tiles, tiles, own);
    for_each_in_order(frame, begin, end, [&](int32_t place, const SplatRecord& record, const TileBox& box) {
      for_each_tile(record, box, view.tiles_x, view.log2_floor,
                    [&](int64_t tile) { list[own[tile]++] = place; });
    });
  });
}

}  // namespace diorama

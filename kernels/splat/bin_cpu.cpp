// Tile by tile the Gaussians that may be seen in it, front to back: a counting sort by tile of what is
// already in order of depth, so that nothing is sorted twice.
#include <algorithm>

#include "drawing_cpu.h"
#include "kernels/common/parallel.h"
#include "tiles_cpu.h"

namespace diorama {
namespace {

constexpr int64_t kGrain = 4096;  // Gaussians that are worth a thread
// Tiles of a Gaussian, on average, that counting writes down for emitting. Where there are more, emitting
// looks for them again.
constexpr int64_t kNotedTiles = 8;

// A thread's part of the order, and the tiles that its Gaussians meet as counting found them.
struct Range {
  int64_t begin, end;
  int32_t* tiles;   // one Gaussian's behind the other's
  int32_t* counts;  // by Gaussian
  bool complete;
};

void count_tiles(const DrawingView& view, const CpuSplatFrame& frame, Range& range, int64_t* counts) {
  const int64_t room = kNotedTiles * (range.end - range.begin);
  int64_t noted = 0, gaussian = 0;
  std::fill_n(counts, view.tiles(), 0);
  for_each_in_order(frame, range.begin, range.end,
                    [&](int32_t, const SplatRecord& record, const TileBox& box) {
                      const int64_t before = noted;
                      for_each_tile(record, box, view.tiles_x, view.log2_floor, [&](int64_t tile) {
                        ++counts[tile];
                        if (noted < room) range.tiles[noted] = static_cast<int32_t>(tile);
                        ++noted;
                      });
                      range.counts[gaussian++] = static_cast<int32_t>(noted - before);
                    });
  range.complete = noted <= room;
}

// cursors: where the range goes on in each tile's list.
void emit_places(const DrawingView& view, const CpuSplatFrame& frame, const Range& range, int64_t* cursors,
                 int32_t* list) {
  if (range.complete) {
    const int32_t* tile = range.tiles;
    for (int64_t i = range.begin; i < range.end; ++i) {
      const int32_t place = frame.order.data()[i];
      for (int32_t n = range.counts[i - range.begin]; n > 0; --n) list[cursors[*tile++]++] = place;
    }
    return;
  }
  for_each_in_order(frame, range.begin, range.end,
                    [&](int32_t place, const SplatRecord& record, const TileBox& box) {
                      for_each_tile(record, box, view.tiles_x, view.log2_floor,
                                    [&](int64_t tile) { list[cursors[tile]++] = place; });
                    });
}

}  // namespace

void bin_to_tiles(Context& context, const DrawingView& view, CpuSplatFrame& frame) {
  const int64_t count = frame.visible, tiles = view.tiles();
  const int pieces = static_cast<int>(std::clamp<int64_t>(count / kGrain, 1, context.threads()));
  frame.ranges = pieces;
  int64_t* cursors = frame.cursors.resize(pieces * tiles);
  int64_t* starts = frame.tile_starts.resize(tiles + 1);
  int32_t* noted = context.scratch_array<int32_t>(static_cast<std::size_t>((kNotedTiles + 1) * count));
  Range* ranges = context.scratch_array<Range>(static_cast<std::size_t>(pieces));
  for (int64_t i = 0; i < pieces; ++i) {
    const int64_t begin = count * i / pieces, end = count * (i + 1) / pieces;
    ranges[i] = {begin, end, noted + kNotedTiles * begin, noted + kNotedTiles * count + begin, false};
  }
  const auto each_range = [&](const auto& body) {
    parallel_ranges(context.threads(), pieces, 1, [&](int64_t begin, int64_t end, int) {
      for (int64_t i = begin; i < end; ++i) body(i);
    });
  };
  each_range([&](int64_t i) { count_tiles(view, frame, ranges[i], cursors + i * tiles); });
  int64_t sum = 0;
  for (int64_t tile = 0; tile < tiles; ++tile) {
    starts[tile] = sum;
    for (int64_t i = 0; i < pieces; ++i) {
      const int64_t here = cursors[i * tiles + tile];
      cursors[i * tiles + tile] = sum;
      sum += here;
    }
  }
  starts[tiles] = sum;
  frame.intersections = sum;
  int32_t* list = frame.list.resize(sum);
  // The cursors stay as they are: collecting gradients walks the lists again.
  int64_t* moving = context.scratch_array<int64_t>(static_cast<std::size_t>(pieces * tiles));
  std::copy_n(cursors, pieces * tiles, moving);
  each_range([&](int64_t i) { emit_places(view, frame, ranges[i], moving + i * tiles, list); });
}

}  // namespace diorama

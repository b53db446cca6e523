// Tile by tile the Gaussians that may be seen in it, front to back, on CUDA devices. The visible ones are
// sorted once by the 32 bits of their depths; then their pairs with tiles, which come in that order, by the
// few bits of the tile: sorting is stable. The host waits once, for how many pairs there are, while the
// device is collecting the visible; not at all where there cannot be many, which leaves room in the lists
// that sorting moves behind the last tile.
//
// Floor, with v visible ones and p pairs: 4 N + 8 v bytes for collecting, 68 v for sorting by depth (four
// passes), 84 v and 8 p for emitting, 36 p for sorting by tile (two passes up to 65,535 tiles).
#include <bit>
#include <utility>

#include "error.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/reduce.cuh"
#include "kernels/splat/sort_cuda.h"
#include "kernels/splat/tiles_cuda.cuh"

namespace diorama::cuda {
namespace {

constexpr int kThreads = 256;
// Pairs of all Gaussians and all tiles up to which nobody counts.
constexpr int64_t kBoundedPairs = int64_t{1} << 18;
// Tiles up to which a lane writes its Gaussian's pairs alone.
constexpr uint32_t kOwnTiles = 16;

// The visible Gaussians, dense, in the order of their numbers; block_starts: how many are before each
// kProjectBlock.
__global__ void __launch_bounds__(kProjectBlock)
    collect_visible(const uint32_t* depth_keys, const uint32_t* block_starts, int64_t count, uint32_t* keys,
                    int32_t* order) {
  struct Counts {
    uint32_t warp[kProjectBlock / 32];
  };
  DIO_SHARED(Counts, counts);
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kProjectBlock + threadIdx.x;
  const uint32_t key = i < count ? depth_keys[i] : kNotVisible;
  const unsigned visible = __ballot_sync(kFullWarp, key != kNotVisible);
  const unsigned warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  if (lane == 0) counts.warp[warp] = static_cast<uint32_t>(__popc(visible));
  __syncthreads();
  if (key == kNotVisible) return;
  uint32_t place = block_starts[blockIdx.x] + static_cast<uint32_t>(__popc(visible & ((1u << lane) - 1)));
  for (unsigned w = 0; w < warp; ++w) place += counts.warp[w];
  keys[place] = key;
  order[place] = static_cast<int32_t>(i);
}

__global__ void __launch_bounds__(kThreads) count_up(int32_t* order, int64_t count) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i < count) order[i] = static_cast<int32_t>(i);
}

__global__ void __launch_bounds__(kThreads)
    counts_in_order(const int32_t* order, const uint32_t* tile_counts, int64_t count, uint32_t* counts) {
  const int64_t j = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (j < count) counts[j] = tile_counts[order[j]];
}

struct EmitTask {
  DrawingView view;
  const DeviceSplat* splats;
  const uint32_t* tile_counts;
  const int32_t* order;
  const uint32_t* starts;  // in order
  int64_t count;           // of order
  uint32_t* pair_starts;
  uint32_t* keys;
  int32_t* list;
};

// A whole warp writes the pairs of Gaussian i: rows across the lanes, then pairs across the lanes.
DIO_DEVICE void emit_together(const EmitTask& task, int32_t i, uint32_t start) {
  const DeviceSplat splat = task.splats[i];
  const TileWalk walk(task.view, splat);
  const TileRange rows = walk.rows();
  const int lane = static_cast<int>(threadIdx.x % 32);
  for (int base = rows.first; base <= rows.last; base += 32) {
    const int ty = base + lane;
    const TileRange range = ty <= rows.last ? walk.row(ty) : TileRange{0, -1};
    const int length = range.count();
    int through = length;  // of the rows up to this lane's
#pragma unroll
    for (int step = 1; step < 32; step *= 2) {
      const int below = __shfl_up_sync(kFullWarp, through, static_cast<unsigned>(step));
      if (lane >= step) through += below;
    }
    const int before = through - length, total = __shfl_sync(kFullWarp, through, 31);
    for (int first = 0; first < total; first += 32) {
      const int pair = first + lane;
      int row = 0;  // the last one with before <= pair
#pragma unroll
      for (int step = 16; step > 0; step /= 2) {
        if (__shfl_sync(kFullWarp, before, row + step) <= pair) row += step;
      }
      const int column =
          pair - __shfl_sync(kFullWarp, before, row) + __shfl_sync(kFullWarp, range.first, row);
      if (pair < total) {
        const uint32_t at = start + static_cast<uint32_t>(pair);
        task.keys[at] = static_cast<uint32_t>((base + row) * task.view.tiles_x + column);
        task.list[at] = i;
      }
    }
    start += static_cast<uint32_t>(total);
  }
}

__global__ void __launch_bounds__(kThreads) emit_pairs(const __grid_constant__ EmitTask task) {
  const int64_t j = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  const bool here = j < task.count;
  const int32_t i = here ? task.order[j] : 0;
  const uint32_t count = here ? task.tile_counts[i] : 0, start = here ? task.starts[j] : 0;
  if (here) task.pair_starts[i] = start;
  if (count > 0 && count <= kOwnTiles) {
    uint32_t at = start;
    for_each_tile(task.view, task.splats[i], [&](int tile) {
      task.keys[at] = static_cast<uint32_t>(tile);
      task.list[at] = i;
      ++at;
    });
  }
  unsigned large = __ballot_sync(kFullWarp, count > kOwnTiles);
  while (large != 0) {
    const int source = __ffs(static_cast<int>(large)) - 1;
    emit_together(task, __shfl_sync(kFullWarp, i, source), __shfl_sync(kFullWarp, start, source));
    large &= large - 1;
  }
}

// starts[t] = how many of the sorted keys are below t, for t in [0, tiles].
__global__ void __launch_bounds__(kThreads)
    find_tiles(const uint32_t* keys, uint32_t count, int64_t tiles, uint32_t* starts) {
  const int64_t tile = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (tile > tiles) return;
  uint32_t begin = 0, end = count;
  while (begin < end) {
    const uint32_t middle = begin + (end - begin) / 2;
    if (static_cast<int64_t>(keys[middle]) < tile) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  starts[tile] = begin;
}

// Pairs of frame.visible Gaussians in order, sorted by tile.
void list_pairs(Context& context, const DrawingView& view, const uint32_t* starts, bool padded,
                CudaSplatFrame& frame) {
  const int64_t pairs = frame.intersections, tiles = view.tiles();
  uint32_t* keys = context.scratch_array<uint32_t>(static_cast<std::size_t>(pairs));
  uint32_t* spare = context.scratch_array<uint32_t>(static_cast<std::size_t>(pairs));
  frame.list.resize(pairs);
  if (padded) {
    check_cuda(cudaMemsetAsync(keys, 0xFF, static_cast<std::size_t>(pairs) * sizeof(uint32_t),
                               on_cuda(context).cuda_stream()),
               "splat_render");
  }
  if (frame.visible > 0) {
    const EmitTask task = {view,
                           frame.splats.data(),
                           frame.tile_counts.data(),
                           frame.order.data(),
                           starts,
                           frame.visible,
                           frame.pair_starts.data(),
                           keys,
                           frame.list.data()};
    launch(context, "splat_emit", emit_pairs, {blocks_for(frame.visible, kThreads), kThreads}, task);
  }
  frame.mark(kEmitted);
  // As many bits as the number of tiles has: what pads the list is behind the last one.
  const uint32_t* sorted =
      sort_by_key(context, keys, spare, frame.list, pairs, std::bit_width(static_cast<uint64_t>(tiles)));
  launch(context, "splat_tiles", find_tiles, {blocks_for(tiles + 1, kThreads), kThreads}, sorted,
         static_cast<uint32_t>(pairs), tiles, frame.tile_starts.resize(tiles + 1));
}

// Fills frame.order and frame.visible, and frame.intersections. Returns scratch memory for a number of each.
uint32_t* order_visible(Context& context, const DrawingView& view, int64_t gaussians, bool bounded,
                        CudaSplatFrame& frame) {
  uint32_t *keys = frame.depth_keys,
           *spare = context.scratch_array<uint32_t>(static_cast<std::size_t>(gaussians));
  int32_t* order = frame.order.resize(gaussians);
  const unsigned blocks = blocks_for(gaussians, kProjectBlock);
  if (bounded) {
    launch(context, "splat_order", count_up, {blocks_for(gaussians, kThreads), kThreads}, order, gaussians);
    frame.visible = gaussians;
    frame.intersections = gaussians * view.tiles();
  } else {
    frame.ask_for_totals();
    exclusive_sum(context, frame.block_visible, frame.block_visible, blocks);
    std::swap(keys, spare);
    launch(context, "splat_order", collect_visible,
           {blocks, kProjectBlock, kProjectBlock / 32 * sizeof(uint32_t)}, frame.depth_keys,
           frame.block_visible, gaussians, keys, order);
    frame.wait_for_totals();
    frame.visible = static_cast<int64_t>(frame.known_totals()[kVisible]);
    frame.intersections = static_cast<int64_t>(frame.known_totals()[kPairs]);
  }
  return sort_by_key(context, keys, spare, frame.order, frame.visible, 32);
}

}  // namespace

void bin_to_tiles(Context& context, const DrawingView& view, int64_t gaussians, CudaSplatFrame& frame) {
  const bool bounded = gaussians <= kBoundedPairs / view.tiles();
  uint32_t* starts = order_visible(context, view, gaussians, bounded, frame);
  frame.mark(kSorted);
  if (frame.intersections > int64_t{0xFFFFFFFF}) {
    raise(DIO_STATUS_UNSUPPORTED, "splat_render: the Gaussians meet " + std::to_string(frame.intersections) +
                                      " tiles in all, but at most 4294967295 can be listed; draw fewer "
                                      "Gaussians or a smaller picture");
  }
  frame.pair_starts.resize(gaussians);
  if (frame.visible > 0) {
    launch(context, "splat_order", counts_in_order, {blocks_for(frame.visible, kThreads), kThreads},
           frame.order.data(), frame.tile_counts.data(), frame.visible, starts);
    exclusive_sum(context, starts, starts, frame.visible);
  }
  list_pairs(context, view, starts, bounded, frame);
  frame.mark(kBinned);
}

}  // namespace diorama::cuda

// The gradients of a Gaussian's intersections summed, tile after tile: by the walk that made the lists, so
// that nobody needs atomics and the order of the sum depends on nothing but the picture.
#include <algorithm>

#include "backward_cpu.h"
#include "kernels/common/parallel.h"
#include "tiles_cpu.h"

namespace diorama {

PictureGradients::PictureGradients(Context& context, const CpuSplatFrame& frame, const ChannelSet& channels,
                                   int64_t tiles)
    : slot(kMoments + channels.count) {
  const auto array = [&](int64_t count) {
    return context.scratch_array<float>(static_cast<std::size_t>(count * slot));
  };
  by_list = array(frame.intersections);
  by_place = array(frame.gaussians);
  ends = context.scratch_array<int64_t>(static_cast<std::size_t>(tiles));
  touched = context.scratch_array<uint8_t>(static_cast<std::size_t>(frame.gaussians));
}

void collect_gradients(Context& context, const DrawingView& view, const CpuSplatFrame& frame,
                       PictureGradients& gradients) {
  const int64_t tiles = view.tiles(), ranges = frame.ranges, count = frame.visible;
  int64_t* cursors = context.scratch_array<int64_t>(static_cast<std::size_t>(ranges * tiles));
  const int slot = gradients.slot;
  parallel_ranges(context.threads(), ranges, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t range = begin; range < end; ++range) {
      int64_t* own = cursors + range * tiles;
      std::copy_n(frame.cursors.data() + range * tiles, tiles, own);
      for_each_in_order(frame, count * range / ranges, count * (range + 1) / ranges,
                        [&](int32_t place, const SplatRecord& record, const TileBox& box) {
                          float* sum = gradients.by_place + static_cast<int64_t>(place) * slot;
                          bool touched = false;
                          for_each_tile(record, box, view.tiles_x, view.log2_floor, [&](int64_t tile) {
                            const int64_t at = own[tile]++;
                            if (at >= gradients.ends[tile]) return;
                            const float* from = gradients.by_list + at * slot;
                            if (!touched) {
                              std::copy_n(from, slot, sum);
                            } else {
                              for (int k = 0; k < slot; ++k) sum[k] += from[k];
                            }
                            touched = true;
                          });
                          gradients.touched[place] = touched;
                        });
    }
  });
}

}  // namespace diorama

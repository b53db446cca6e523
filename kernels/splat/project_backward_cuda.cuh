#pragma once

// From the gradients of pairs to those of Gaussians, or to a step of Adam: a thread a Gaussian, a warp's rows
// of 59 gradients in shared memory on their way to and from the tensors.

#include "kernels/splat/collect_cuda.cuh"
#include "kernels/splat/rows_finish_cuda.cuh"
#include "kernels/splat/training/backward_step.h"

namespace diorama::cuda {

inline constexpr int kBackwardThreads = 128;
inline constexpr int kViewEntries = 12;  // rows of the rotation with the translation behind each

// Of dio_splat_step, over the number of values.
struct PenaltyFactors {
  float opacity = 0, scale = 0;
};

struct ProjectBackwardTask {
  DrawingView view;
  GaussianArrays in;
  const DeviceSplat* splats;
  const uint32_t *tile_counts, *pair_starts;
  PairGradients pairs;
  ChannelPlaces places;
  GroupRows groups[kGroups];
  bool packed;       // whether all tensors of the groups begin at multiples of 16 bytes
  float* features;   // gradients, or null
  float* means2d;    // likewise
  float* view_sums;  // [blocks, kViewEntries], or null
  bool accumulate;
  AdamStep step;
  PenaltyFactors penalties;
};

struct ProjectBackwardShared {
  GaussianRows rows[kBackwardThreads / 32];
  float view[kBackwardThreads / 32][kViewEntries];
};

// The harmonics' coefficients of a warp's Gaussians into their rows.
DIO_DEVICE void stage_harmonics(const ProjectBackwardTask& task, GaussianRows& rows, int64_t first,
                                int count) {
  const GroupRows& group = task.groups[kHarmonics];
  const int size = count * group.columns;
  for (int e = threadIdx.x % 32; e < size; e += 32) {
    const int row = group.row_of(e), column = e - row * group.columns;
    rows[row][kHarmonicsStart + column] = task.in.sh[first * group.columns + e];
  }
}

DIO_DEVICE void add_penalties(const ProjectBackwardTask& task, int64_t i, ShapeGradient& g) {
  if (task.penalties.opacity != 0) {
    const float logit = task.in.logit_opacities[i];
    // opacity (1 - opacity), without overflow; NaN pays nothing.
    const float small = expf(-fabsf(logit)), slope = small / ((1 + small) * (1 + small));
    g.logit += logit == logit ? task.penalties.opacity * slope : 0;
  }
  if (task.penalties.scale != 0) {
    const Float3 s = load3(task.in.log_scales + 3 * i);
    const auto slope = [&](float x) { return x < kMostPenalisedScale ? task.penalties.scale * expf(x) : 0; };
    g.log_scale += Float3{slope(s.x), slope(s.y), slope(s.z)};
  }
}

DIO_DEVICE void write_row(const ShapeGradient& g, float* row) {
  const float values[] = {g.mean.x, g.mean.y,      g.mean.z,      g.quat.w,      g.quat.x, g.quat.y,
                          g.quat.z, g.log_scale.x, g.log_scale.y, g.log_scale.z, g.logit};
#pragma unroll
  for (int k = 0; k < kHarmonicsStart; ++k) row[k] = values[k];
}

// The camera's part of a block's Gaussians, in the order of its warps.
DIO_DEVICE void sum_view(const ProjectBackwardTask& task, ProjectBackwardShared& shared,
                         const ShapeGradient& g) {
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const Mat3<float>& r = g.rotation;
  const float entries[kViewEntries] = {r.row[0].x, r.row[0].y, r.row[0].z, g.translation.x,
                                       r.row[1].x, r.row[1].y, r.row[1].z, g.translation.y,
                                       r.row[2].x, r.row[2].y, r.row[2].z, g.translation.z};
#pragma unroll
  for (int k = 0; k < kViewEntries; ++k) {
    const float sum = warp_sum(entries[k]);
    if (lane == 0) shared.view[warp][k] = sum;
  }
  __syncthreads();
  if (threadIdx.x >= kViewEntries) return;
  float sum = 0;
  for (int w = 0; w < kBackwardThreads / 32; ++w) sum += shared.view[w][threadIdx.x];
  task.view_sums[static_cast<int64_t>(blockIdx.x) * kViewEntries + threadIdx.x] = sum;
}

// By all lanes of a warp.
DIO_DEVICE void write_features(const ProjectBackwardTask& task, int64_t i, bool here, uint32_t start,
                               uint32_t tiles) {
  for (int c = 0; c < task.in.feature_channels; ++c) {
    const float sum =
        task.places.features < 0 ? 0 : collect_channel(task.pairs, task.places.features + c, start, tiles);
    float* const to = task.features + i * task.in.feature_channels + c;
    if (here) *to = task.accumulate ? *to + sum : sum;
  }
}

// kAdam: learns in place instead of writing gradients.
template <bool kAdam>
__global__ void __launch_bounds__(kBackwardThreads)
    project_backward_kernel(const __grid_constant__ ProjectBackwardTask task) {
  DIO_SHARED(ProjectBackwardShared, shared);
  GaussianRows& rows = shared.rows[threadIdx.x / 32];
  const int lane = threadIdx.x % 32;
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kBackwardThreads + threadIdx.x, first = i - lane;
  const int64_t left = task.in.count - first;
  const int count = left < 32 ? (left > 0 ? static_cast<int>(left) : 0) : 32;
  const bool here = lane < count;
  const uint32_t tiles = here ? task.tile_counts[i] : 0;
  const bool drawn = tiles > 0;
  const uint32_t start = drawn ? task.pair_starts[i] : 0;
  float* const row = rows[lane];
  float* const harmonics = row + kHarmonicsStart;

  ShapeGradient g;
  if (__any_sync(kFullWarp, drawn)) {
    const PictureSums sums = collect_pairs(task.pairs, task.places, start, tiles);
    const bool colors = task.places.rgb >= 0;
    if (colors) stage_harmonics(task, rows, first, count);
    __syncwarp();
    if (drawn) {
      const GaussianShape shape = load_shape(task.in, i);
      const Projection projection(task.view, shape);
      g = project_backward(task.view, shape, projection, sums, task.places.normals >= 0);
      if (colors) {
        const float* seen = task.splats[i].color;
        const Float3 uncut = {seen[0] > 0 ? sums.color[0] : 0, seen[1] > 0 ? sums.color[1] : 0,
                              seen[2] > 0 ? sums.color[2] : 0};
        color_backward(task.view, shape.mean, uncut, static_cast<int>(task.in.coefficients), harmonics, g);
      }
    }
  }
  if (task.features) write_features(task, i, here, start, tiles);
  if (!drawn || task.places.rgb < 0) {
    for (int c = 0; c < 3 * task.in.coefficients; ++c) harmonics[c] = 0;
  }
  if (here && task.means2d) task.means2d[2 * i] = g.mean2d.x, task.means2d[2 * i + 1] = g.mean2d.y;
  if constexpr (kAdam) {
    if (here) add_penalties(task, i, g);
  }
  write_row(g, row);
  __syncwarp();
  if constexpr (kAdam) {
    finish_rows<true>(task.groups, Learn{task.step}, rows, first, count, task.packed);
  } else {
    finish_rows<false>(task.groups, Write{task.accumulate}, rows, first, count, task.packed);
    if (task.view_sums) sum_view(task, shared, g);
  }
}

// The blocks' parts in their order, by one block; in double, as there may be many. view: [4, 4].
__global__ void __launch_bounds__(kBackwardThreads)
    sum_view_blocks(const float* sums, const int64_t blocks, const bool accumulate, float* view) {
  struct Partial {
    double values[kBackwardThreads / 32];
  };
  DIO_SHARED(Partial, partial);
  for (int k = 0; k < kViewEntries; ++k) {
    double sum = 0;
    for (int64_t b = threadIdx.x; b < blocks; b += kBackwardThreads) {
      sum += static_cast<double>(sums[b * kViewEntries + k]);
    }
    sum = block_sum<kBackwardThreads>(sum, partial.values);
    if (threadIdx.x == 0) {
      view[k] = static_cast<float>(accumulate ? static_cast<double>(view[k]) + sum : sum);
    }
    __syncthreads();
  }
  if (threadIdx.x < 4 && !accumulate) view[kViewEntries + threadIdx.x] = 0;
}

}  // namespace diorama::cuda

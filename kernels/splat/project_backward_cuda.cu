// The gradients of pairs to those of Gaussians on CUDA devices, or to a step of Adam at once.
//
// Floor: 36 bytes a pair, 48 + 4 a Gaussian that was drawn and its parameters (44 + 12 K) read; 44 + 12 K a
// Gaussian written. Learning in place: 28 bytes for each of the 11 + 3 K parameters instead, and no gradient.
#include "kernels/cuda/launch.h"
#include "kernels/splat/backward_cuda.h"
#include "kernels/splat/project_backward_cuda.cuh"

namespace diorama::cuda {
namespace {

GroupRows group_rows(int start, int columns) {
  GroupRows rows = {};
  rows.start = start;
  rows.columns = columns;
  rows.inverse_columns = ((1u << 20) + static_cast<unsigned>(columns) - 1) / static_cast<unsigned>(columns);
  return rows;
}

ProjectBackwardTask backward_task(const DrawingView& view, const GaussianArrays& in,
                                  const CudaSplatFrame& frame, const ChannelSet& channels,
                                  const PairGradients& pairs, const AdamStep& step) {
  ProjectBackwardTask task = {view,
                              in,
                              frame.splats.data(),
                              frame.tile_counts.data(),
                              frame.pair_starts.data(),
                              pairs,
                              ChannelPlaces(channels),
                              {group_rows(0, 3), group_rows(3, 4), group_rows(7, 3), group_rows(10, 1),
                               group_rows(kHarmonicsStart, 3 * static_cast<int>(in.coefficients))},
                              false,
                              nullptr,
                              nullptr,
                              nullptr,
                              false,
                              step,
                              {}};
  return task;
}

bool all_packed(const ProjectBackwardTask& task) {
  for (const GroupRows& group : task.groups) {
    for (const float* p : {group.x, group.m, group.v}) {
      if (reinterpret_cast<std::uintptr_t>(p) % 16 != 0) return false;
    }
  }
  return true;
}

LaunchShape shape_of(const ProjectBackwardTask& task) {
  return {blocks_for(task.in.count, kBackwardThreads), kBackwardThreads, sizeof(ProjectBackwardShared)};
}

float* of(const Tensor* tensor) { return tensor ? data<float>(*tensor) : nullptr; }

}  // namespace

void project_gaussians_backward(Context& context, const DrawingView& view, const GaussianArrays& in,
                                const CudaSplatFrame& frame, const ChannelSet& channels,
                                const PairGradients& pairs, bool accumulate,
                                const dio_splat_gradients& gradients) {
  ProjectBackwardTask task = backward_task(view, in, frame, channels, pairs, {1, 0, 0, 0, 1});
  const Tensor* tensors[] = {gradients.means, gradients.quats, gradients.log_scales,
                             gradients.logit_opacities, gradients.sh};
  for (int i = 0; i < kGroups; ++i) task.groups[i].x = of(tensors[i]);
  task.packed = all_packed(task);
  task.features = of(gradients.features);
  task.means2d = of(gradients.means2d);
  task.accumulate = accumulate;
  const LaunchShape shape = shape_of(task);
  if (gradients.view) task.view_sums = context.scratch_array<float>(shape.grid.x * kViewEntries);
  launch(context, "splat_backward", project_backward_kernel<false>, shape, task);
  if (!gradients.view) return;
  launch(context, "splat_backward", sum_view_blocks,
         {1, kBackwardThreads, kBackwardThreads / 32 * sizeof(double)}, task.view_sums,
         static_cast<int64_t>(shape.grid.x), accumulate, of(gradients.view));
}

void project_gaussians_learn(Context& context, const DrawingView& view, const GaussianArrays& in,
                             const CudaSplatFrame& frame, const ChannelSet& channels,
                             const PairGradients& pairs, const dio_splat_step& step,
                             const dio_splat_parameters& x, const dio_splat_parameters& m,
                             const dio_splat_parameters& v, const Tensor* means2d) {
  const auto adam = [&](float rate) { return AdamStep(step.step, rate, step.beta1, step.beta2, step.eps); };
  ProjectBackwardTask task = backward_task(view, in, frame, channels, pairs, adam(0));
  const auto learn = [&](ParameterGroup group, const Tensor* value, const Tensor* mean, const Tensor* square,
                         float first_rate, float rate) {
    task.groups[group].x = of(value);
    task.groups[group].m = of(mean);
    task.groups[group].v = of(square);
    task.groups[group].first_rate = adam(first_rate).step_size;
    task.groups[group].rate = adam(rate).step_size;
  };
  learn(kMeans, x.means, m.means, v.means, step.means_rate, step.means_rate);
  learn(kQuats, x.quats, m.quats, v.quats, step.quats_rate, step.quats_rate);
  learn(kLogScales, x.log_scales, m.log_scales, v.log_scales, step.log_scales_rate, step.log_scales_rate);
  learn(kLogits, x.logit_opacities, m.logit_opacities, v.logit_opacities, step.logit_opacities_rate,
        step.logit_opacities_rate);
  learn(kHarmonics, x.sh, m.sh, v.sh, step.constant_colors_rate, step.other_colors_rate);
  task.packed = all_packed(task);
  task.means2d = of(means2d);
  const double count = static_cast<double>(in.count);
  task.penalties = {static_cast<float>(step.opacity_penalty / count),
                    static_cast<float>(step.scale_penalty / (3 * count))};
  launch(context, "splat_backward_step", project_backward_kernel<true>, shape_of(task), task);
}

}  // namespace diorama::cuda

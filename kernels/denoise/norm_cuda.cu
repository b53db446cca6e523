// Layer norm and RMS norm with modulation on CUDA devices, alone and behind a gated residual.
//
// Floor: each activation read once and written once. The row lies in registers between the sums, so that
// the variance is of differences from the mean, as it must be, and memory is read once all the same.
#include "kernels/cuda/launch.h"
#include "kernels/denoise/denoise_cuda.h"
#include "kernels/denoise/rows_cuda.cuh"

namespace diorama::cuda {
namespace {

struct NormTask {
  AnyRows x;       // what is normalised; with a branch, the residual
  AnyRows branch;  // where there is one: sum = x + gate * branch is made first
  AnyRows sum, out;
  AnyRows gate, scale, shift;  // f32, a row for each group
  AnyFloats weight, bias;
  DeviceRowGroups groups;
  int64_t rows = 0, channels = 0;
  bool centred = true;
  float eps = 0;
  int row_threads = 0;
};

// R: of x and sum. T: of branch and out.
template <typename R, typename T, int kPacks, bool kGated>
__global__ void __launch_bounds__(RowTeams::kMaxThreads, kGated ? 1 : 2) norm_in_registers(NormTask task) {
  constexpr int kPack = kCommonPack<R, T>;
  DIO_SHARED(TeamSums, sums);
  const Team team(task.row_threads);
  const int64_t m = team.row();
  if (m >= task.rows) return;
  const int64_t group = task.groups(m);
  RowPart<kPacks, kPack> row(team, static_cast<int>(task.channels));
  row.load(task.x.row<R>(m));
  if constexpr (kGated) {
    RowPart<kPacks, kPack> branch(team, static_cast<int>(task.channels));
    branch.load(task.branch.row<T>(m));
    if (task.gate.data) {
      branch.apply(task.gate.row<const float>(group), [](float v, float gate) { return v * gate; });
    }
#pragma unroll
    for (int i = 0; i < kPacks; ++i) {
#pragma unroll
      for (int j = 0; j < kPack; ++j) {
        row.values[i][j] = to_float(from_float<R>(row.values[i][j] + branch.values[i][j]));
      }
    }
    row.store(task.sum.row<R>(m));
  }
  const float count = static_cast<float>(task.channels);
  if (task.centred) {
    float total = 0;
#pragma unroll
    for (int i = 0; i < kPacks; ++i) {
#pragma unroll
      for (int j = 0; j < kPack; ++j) total += row.values[i][j];
    }
    const float mean = team_sum(total, team, sums.totals) / count;
    row.each([&](float(&v)[kPack], int) {
#pragma unroll
      for (int j = 0; j < kPack; ++j) v[j] -= mean;
    });
  }
  // A rounded mean leaves the differences a mean of their own, which is taken off as well.
  float2 moments = make_float2(0, 0);
#pragma unroll
  for (int i = 0; i < kPacks; ++i) {
#pragma unroll
    for (int j = 0; j < kPack; ++j) {
      moments.x += row.values[i][j];
      moments.y = fmaf(row.values[i][j], row.values[i][j], moments.y);
    }
  }
  moments = team_sum(moments, team, sums.moments);
  const float rest = task.centred ? moments.x / count : 0.0f;
  float variance = moments.y / count;
  if (task.centred) variance = fmaxf(fmaf(-rest, rest, variance), 0.0f);  // NaN is in the differences as well
  const float inverse = 1.0f / sqrtf(variance + task.eps);
#pragma unroll
  for (int i = 0; i < kPacks; ++i) {
#pragma unroll
    for (int j = 0; j < kPack; ++j) row.values[i][j] = (row.values[i][j] - rest) * inverse;
  }
  if (task.weight) row.apply(task.weight, [](float v, float weight) { return v * weight; });
  if (task.bias) row.apply(task.bias, [](float v, float bias) { return v + bias; });
  if (task.scale.data) {
    row.apply(task.scale.row<const float>(group), [](float v, float scale) { return fmaf(v, scale, v); });
  }
  if (task.shift.data) {
    row.apply(task.shift.row<const float>(group), [](float v, float shift) { return v + shift; });
  }
  row.store(task.out.row<T>(m));
}

constexpr int kAnyThreads = 128;

// Any dtypes, any length, any alignment: a block for each row, which the caches keep between the passes. A
// thread reads only what it wrote itself.
__global__ void __launch_bounds__(kAnyThreads) norm_any(NormTask task) {
  DIO_SHARED(TeamSums, sums);
  const Team team(kAnyThreads);
  const int64_t m = blockIdx.x;
  const int64_t group = task.groups(m);
  const AnyRows source = task.branch.data ? task.sum : task.x;
  float total = 0;
  for (int64_t c = threadIdx.x; c < task.channels; c += kAnyThreads) {
    if (task.branch.data) {
      float added = task.branch.load(m, c);
      if (task.gate.data) added *= task.gate.load(group, c);
      task.sum.store(m, c, task.x.load(m, c) + added);
    }
    total += source.load(m, c);
  }
  const float count = static_cast<float>(task.channels);
  const float mean = task.centred ? team_sum(total, team, sums.totals) / count : 0.0f;
  float2 moments = make_float2(0, 0);
  for (int64_t c = threadIdx.x; c < task.channels; c += kAnyThreads) {
    const float v = source.load(m, c) - mean;
    moments.x += v;
    moments.y = fmaf(v, v, moments.y);
  }
  moments = team_sum(moments, team, sums.moments);
  const float rest = task.centred ? moments.x / count : 0.0f;
  float variance = moments.y / count;
  if (task.centred) variance = fmaxf(fmaf(-rest, rest, variance), 0.0f);
  const float inverse = 1.0f / sqrtf(variance + task.eps);
  for (int64_t c = threadIdx.x; c < task.channels; c += kAnyThreads) {
    float v = (source.load(m, c) - mean - rest) * inverse;
    if (task.weight) v *= task.weight[c];
    if (task.bias) v += task.bias[c];
    if (task.scale.data) v = fmaf(v, task.scale.load(group, c), v);
    if (task.shift.data) v += task.shift.load(group, c);
    task.out.store(m, c, v);
  }
}

bool in_packs(const NormTask& task, int pack) {
  const bool gated = static_cast<bool>(task.branch);
  return task.channels % pack == 0 && task.x.in_packs_of(pack) && task.out.in_packs_of(pack) &&
         (!gated || (task.branch.in_packs_of(pack) && task.sum.in_packs_of(pack) &&
                     task.branch.dtype == task.out.dtype && task.sum.dtype == task.x.dtype)) &&
         task.gate.in_packs_of(pack) && task.scale.in_packs_of(pack) && task.shift.in_packs_of(pack) &&
         in_packs_of(pack, task.weight) && in_packs_of(pack, task.bias);
}

template <bool kGated>
void norm(Context& context, NormTask task) {
  if (task.rows == 0 || task.channels == 0) return;
  bool done = false;
  with_common_types(task.x.dtype, task.out.dtype, [&](auto r, auto t) {
    using R = typename decltype(r)::type;
    using T = typename decltype(t)::type;
    constexpr int kPack = kCommonPack<R, T>, kPacks = RowTeams::kElements / kPack;
    if (!in_packs(task, kPack) || !RowTeams::hold(task.channels)) return;
    const RowTeams teams(task.channels);
    task.row_threads = teams.row_threads;
    launch(context, "norm", norm_in_registers<R, T, kPacks, kGated>,
           {blocks_for(task.rows, teams.rows_per_block), teams.threads(), sizeof(TeamSums)}, task);
    done = true;
  });
  if (done) return;
  launch(context, "norm", norm_any, {static_cast<unsigned>(task.rows), kAnyThreads, sizeof(TeamSums)}, task);
}

NormTask norm_task(bool centred, const Tensor& x, const Tensor* weight, const Tensor* bias,
                   const Tensor* scale, const Tensor* shift, float eps, const Tensor& out) {
  NormTask task;
  task.x = AnyRows(&x);
  task.out = AnyRows(&out);
  task.weight = AnyFloats(weight);
  task.bias = AnyFloats(bias);
  task.scale = AnyRows(scale);
  task.shift = AnyRows(shift);
  task.rows = x.shape[0];
  task.channels = x.shape[1];
  task.centred = centred;
  task.eps = eps;
  return task;
}

}  // namespace

void layer_norm_cuda(Context& context, const Tensor& x, const Tensor* weight, const Tensor* bias,
                     const Tensor* scale, const Tensor* shift, const Tensor* index, float eps,
                     const Tensor& out) {
  NormTask task = norm_task(true, x, weight, bias, scale, shift, eps, out);
  task.groups = DeviceRowGroups(scale ? scale : shift, index, task.rows);
  norm<false>(context, task);
}

void rms_norm_cuda(Context& context, const Tensor& x, const Tensor* weight, const Tensor* scale,
                   const Tensor* shift, const Tensor* index, float eps, const Tensor& out) {
  NormTask task = norm_task(false, x, weight, nullptr, scale, shift, eps, out);
  task.groups = DeviceRowGroups(scale ? scale : shift, index, task.rows);
  norm<false>(context, task);
}

void gated_residual_norm_cuda(Context& context, const Tensor& x, const Tensor& residual, const Tensor* gate,
                              const Tensor* weight, const Tensor* bias, const Tensor* scale,
                              const Tensor* shift, const Tensor* index, float eps, const Tensor& sum,
                              const Tensor& out) {
  NormTask task = norm_task(true, residual, weight, bias, scale, shift, eps, out);
  task.branch = AnyRows(&x);
  task.gate = AnyRows(gate);
  task.sum = AnyRows(&sum);
  task.groups = DeviceRowGroups(gate ? gate : scale ? scale : shift, index, task.rows);
  norm<true>(context, task);
}

}  // namespace diorama::cuda

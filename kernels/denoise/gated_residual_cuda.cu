// out = residual + gate * x on CUDA devices, row by row.
//
// Floor: x and residual read once, out written once; the gate's few rows stay in the caches.
#include "kernels/cuda/launch.h"
#include "kernels/denoise/denoise_cuda.h"
#include "kernels/denoise/rows_cuda.cuh"

namespace diorama::cuda {
namespace {

struct GatedTask {
  AnyRows x, residual, out;
  AnyRows gate;  // f32, a row for each group
  DeviceRowGroups groups;
  int64_t rows, channels;
  int row_threads;
  unsigned pieces;  // of a row, each of a team's packs
};

constexpr int kElements = 16;  // a thread: their loads are under way together
constexpr int kMaxRowThreads = 128;
constexpr int kThreads = 256;

// R: of residual and out. T: of x.
template <typename R, typename T>
__global__ void __launch_bounds__(kThreads) gated_packs(GatedTask task) {
  constexpr int kPack = kCommonPack<R, T>, kPacks = kElements / kPack;
  const Team team(task.row_threads);
  const unsigned rows_per_block = blockDim.x / task.row_threads;
  const unsigned block = blockIdx.x / task.pieces, piece = blockIdx.x - block * task.pieces;
  const int64_t m = static_cast<int64_t>(block) * rows_per_block + team.index;
  if (m >= task.rows) return;
  const int64_t most = int64_t{kElements} * task.row_threads, begin = piece * most;
  const int64_t left = task.channels - begin;
  const int length = static_cast<int>(left < most ? left : most);
  RowPart<kPacks, kPack> kept(team, length), x(team, length);
  kept.load(task.residual.row<const R>(m) + begin);
  x.load(task.x.row<const T>(m) + begin);
  x.apply(task.gate.row<const float>(task.groups(m)) + begin, [](float v, float gate) { return v * gate; });
#pragma unroll
  for (int i = 0; i < kPacks; ++i) {
#pragma unroll
    for (int j = 0; j < kPack; ++j) kept.values[i][j] += x.values[i][j];
  }
  kept.store(task.out.row<R>(m) + begin);
}

// Any dtypes and alignment, one element a thread.
__global__ void __launch_bounds__(kThreads) gated_any(GatedTask task) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  const int64_t m = i / task.channels, c = i - m * task.channels;
  if (m >= task.rows) return;
  const float gate = task.gate.load(task.groups(m), c);
  task.out.store(m, c, fmaf(gate, task.x.load(m, c), task.residual.load(m, c)));
}

}  // namespace

void gated_residual_cuda(Context& context, const Tensor& x, const Tensor& residual, const Tensor& gate,
                         const Tensor* index, const Tensor& out) {
  const int64_t rows = x.shape[0], channels = x.shape[1];
  GatedTask task = {AnyRows(&x),
                    AnyRows(&residual),
                    AnyRows(&out),
                    AnyRows(&gate),
                    DeviceRowGroups(&gate, index, rows),
                    rows,
                    channels,
                    0,
                    0};
  if (rows == 0 || channels == 0) return;
  bool done = false;
  with_common_types(out.dtype, x.dtype, [&](auto r, auto t) {
    using R = typename decltype(r)::type;
    using T = typename decltype(t)::type;
    constexpr int kPack = kCommonPack<R, T>;
    if (residual.dtype != out.dtype || channels % kPack != 0 || !task.x.in_packs_of(kPack) ||
        !task.residual.in_packs_of(kPack) || !task.out.in_packs_of(kPack) || !task.gate.in_packs_of(kPack)) {
      return;
    }
    const int64_t warps = (channels + 32 * kElements - 1) / (32 * kElements);
    task.row_threads = static_cast<int>(warps < kMaxRowThreads / 32 ? 32 * warps : kMaxRowThreads);
    task.pieces = blocks_for(channels, int64_t{task.row_threads} * kElements);
    const int rows_per_block = kThreads / task.row_threads;
    launch(context, "gated_residual", gated_packs<R, T>,
           {blocks_for(rows, rows_per_block) * task.pieces,
            static_cast<unsigned>(task.row_threads * rows_per_block)},
           task);
    done = true;
  });
  if (done) return;
  launch(context, "gated_residual", gated_any, {blocks_for(rows * channels, kThreads), kThreads}, task);
}

}  // namespace diorama::cuda

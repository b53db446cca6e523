// The noise of densification on CUDA devices: a thread a counter, four numbers, nothing from the host.
//
// Floor: 4 bytes written a number; ten rounds of two products of 32 bits give four of them.
#include "kernels/cuda/launch.h"
#include "kernels/splat/training/noise.h"
#include "kernels/splat/training/training_cuda.h"

namespace diorama::cuda {
namespace {

constexpr int kThreads = 256;

__global__ void __launch_bounds__(kThreads)
    draw_normals(const uint64_t seed, const int64_t count, float* __restrict__ values) {
  const int64_t at = (static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x) * kNormalsAtOnce;
  if (at >= count) return;
  float some[kNormalsAtOnce];
  normals<float>(seed, static_cast<uint64_t>(at / kNormalsAtOnce), some);
#pragma unroll
  for (int k = 0; k < kNormalsAtOnce; ++k) {
    if (at + k < count) values[at + k] = some[k];
  }
}

}  // namespace

void splat_noise_cuda(Context& context, uint64_t seed, const Tensor& out) {
  const int64_t count = element_count(out);
  if (count == 0) return;
  launch(context, "splat_noise", draw_normals,
         {blocks_for((count + kNormalsAtOnce - 1) / kNormalsAtOnce, kThreads), kThreads}, seed, count,
         data<float>(out));
}

}  // namespace diorama::cuda

// The sinusoidal embedding of timesteps on CUDA devices: a few thousand values, one a thread.
#include <cmath>

#include "kernels/cuda/launch.h"
#include "kernels/denoise/denoise_cuda.h"

namespace diorama::cuda {
namespace {

constexpr int kThreads = 128;

// The angle (up to 1000 radians) is rounded to float exactly where torch rounds it; what the functions add to
// that in double does not count.
__global__ void __launch_bounds__(kThreads)
    embed_timesteps(const float* t, float* out, int64_t count, int64_t half, int64_t t_stride,
                    int64_t row_stride, float log_period, bool cosine_first) {
  const int64_t at = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  const int64_t n = at / half, i = at - n * half;
  if (n >= count) return;
  const float exponent = log_period * static_cast<float>(i) / static_cast<float>(half);
  const float frequency = static_cast<float>(exp(static_cast<double>(exponent)));
  const double angle = static_cast<double>(t[n * t_stride] * frequency);
  float* row = out + n * row_stride;
  row[cosine_first ? i : i + half] = static_cast<float>(cos(angle));
  row[cosine_first ? i + half : i] = static_cast<float>(sin(angle));
}

}  // namespace

void timestep_embedding_cuda(Context& context, const Tensor& t, bool cosine_first, float max_period,
                             const Tensor& out) {
  const int64_t half = out.shape[1] / 2, count = t.shape[0];
  if (half == 0 || count == 0) return;
  const auto log_period = static_cast<float>(-std::log(static_cast<double>(max_period)));
  launch(context, "timestep_embedding", embed_timesteps, {blocks_for(count * half, kThreads), kThreads},
         data<float>(t), data<float>(out), count, half, t.strides[0], out.strides[0], log_period,
         cosine_first);
}

}  // namespace diorama::cuda

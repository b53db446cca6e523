// torch.randn's numbers on CUDA devices: see randn_plain. The Mersenne Twister is sequential and stays on the
// host; its uniform numbers are uploaded while the next ones are drawn, and become normal in place.
#include <vector>

#include "error.h"
#include "kernels/cuda/launch.h"
#include "kernels/denoise/denoise_cuda.h"
#include "kernels/denoise/noise.h"

namespace diorama::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kHalf = kNormalBlock / 2;

// A pair (j, j + 8) of a block a thread. Logarithm, cosine and sine by way of double are rounded as the
// host's are, which err by little more than half a unit; the device's own in float may be off by two.
__global__ void __launch_bounds__(kThreads) normal_blocks(float* values, int64_t pairs) {
  const int64_t pair = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (pair >= pairs) return;
  float* at = values + pair / kHalf * kNormalBlock + pair % kHalf;
  const auto logarithm = static_cast<float>(log(static_cast<double>(1.0f - at[0])));
  const float radius = sqrtf(-2.0f * logarithm);
  const auto angle = static_cast<double>(static_cast<float>(kTwoPi) * at[kHalf]);
  at[0] = radius * static_cast<float>(cos(angle));
  at[kHalf] = radius * static_cast<float>(sin(angle));
}

void make_normal(Context& context, float* values, int64_t blocks) {
  const int64_t pairs = blocks * kHalf;
  launch(context, "randn", normal_blocks, {blocks_for(pairs, kThreads), kThreads}, values, pairs);
}

}  // namespace

void randn_cuda(Context& context, Generator& generator, const Tensor& out) {
  CudaContext& device = on_cuda(context);
  if (device.recording()) {
    raise(DIO_STATUS_INVALID_ARGUMENT,
          "randn: noise is drawn on the host and cannot be part of a graph; call it before graph_begin");
  }
  const int64_t count = element_count(out);
  float* values = data<float>(out);
  if (count < kNormalBlock) {
    float few[kNormalBlock];
    draw_few(generator, few, count);
    device.upload(values, few, static_cast<std::size_t>(count) * sizeof(float));
    return;
  }
  constexpr int64_t kPiece = int64_t{1} << 20;
  std::vector<float> drawn(static_cast<std::size_t>(count < kPiece ? count : kPiece));
  const auto draw = [&](float* to, int64_t n) {
    for (int64_t i = 0; i < n; ++i) drawn[static_cast<std::size_t>(i)] = generator.uniform24();
    device.upload(to, drawn.data(), static_cast<std::size_t>(n) * sizeof(float));
  };
  for (int64_t done = 0; done < count; done += kPiece) {
    draw(values + done, count - done < kPiece ? count - done : kPiece);
  }
  make_normal(context, values, count / kNormalBlock);
  if (count % kNormalBlock == 0) return;
  float* last = values + count - kNormalBlock;  // a ragged end is drawn anew
  draw(last, kNormalBlock);
  make_normal(context, last, 1);
}

}  // namespace diorama::cuda

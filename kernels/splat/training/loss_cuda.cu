// The loss on CUDA devices: 0.8 L1 + 0.2 (1 - SSIM) and its gradient.
//
// Floor: the picture and its target read and the gradient written once, 9 to 12 bytes a value; 7 sums under
// the window, down and along, 308 FLOP a value.
#include "kernels/cuda/launch.h"
#include "kernels/splat/training/training_cuda.h"
#include "kernels/splat/training/loss.cuh"

namespace diorama::cuda {
namespace {

// Long stretches walk few rows twice, short ones keep every multiprocessor busy.
constexpr int kFewestRounds = 4, kMostRounds = 12;
constexpr int kBlocksPerMultiprocessor = 2;

int rounds_for(const Context& context, int64_t height, int64_t strips) {
  const int64_t wanted =
      int64_t{kBlocksPerMultiprocessor} * static_cast<const CudaContext&>(context).device().multiprocessors;
  int rounds = kMostRounds;
  while (rounds > kFewestRounds && strips * blocks_for(height, loss_rows(rounds)) < wanted) --rounds;
  return rounds;
}

}  // namespace

void splat_loss_cuda(Context& context, const Tensor& image, const Tensor& target, const Tensor* mask,
                     float ssim_weight, const Tensor& losses, const Tensor* gradient) {
  LossTask task = {};
  task.image = data<float>(image);
  task.target_bytes = target.dtype == DIO_U8 ? data<uint8_t>(target) : nullptr;
  task.target_floats = target.dtype == DIO_U8 ? nullptr : data<float>(target);
  task.mask = mask ? data<float>(*mask) : nullptr;
  task.gradient = gradient ? data<float>(*gradient) : nullptr;
  task.height = image.shape[0];
  task.columns = image.shape[1] * 3;
  const int64_t strips = blocks_for(task.columns, kLossColumns);
  task.rounds = rounds_for(context, task.height, strips);
  const auto window = ssim_window();
  for (int i = 0; i < kSsimTaps; ++i) task.window[i] = static_cast<float>(window[i]);
  const double weight = static_cast<double>(ssim_weight);
  const double count = static_cast<double>(task.height * task.columns);
  task.difference_factor = static_cast<float>((1 - weight) / count);
  task.similarity_factor = static_cast<float>(weight / count);
  const unsigned stretches = blocks_for(task.height, loss_rows(task.rounds));
  const int64_t blocks = strips * stretches;
  task.sums = context.scratch_array<double>(static_cast<std::size_t>(blocks * kLossSums));
  if (blocks > 0) {
    launch(context, "splat_loss", gradient ? splat_loss<true> : splat_loss<false>,
           {dim3(static_cast<unsigned>(strips), stretches), kLossThreads, sizeof(LossLines)}, task);
  }
  launch(context, "splat_loss", splat_loss_sums, {1, kLossThreads, sizeof(LossLines)}, task.sums, blocks,
         count, weight, data<float>(losses));
}

}  // namespace diorama::cuda

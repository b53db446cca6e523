// Linear combinations of up to eight tensors into up to four on CUDA devices: guidance and a scheduler's
// update in one pass.
//
// Floor: each tensor read or written once. A thread reads all inputs of its elements before it writes, since
// outputs may be inputs.
#include "kernels/cuda/floats.cuh"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/walk.cuh"
#include "kernels/denoise/denoise_cuda.h"
#include "kernels/denoise/steps.h"

namespace diorama::cuda {
namespace {

struct CombineTask {
  DeviceWalk<kMaxOutputs + kMaxInputs> walk;  // of packs; outputs first
  int inputs, outputs;
  const float* from[kMaxInputs];
  float* to[kMaxOutputs];
  bool single[kMaxInputs];  // one element for the whole pack
  float coefficients[kMaxOutputs][kMaxInputs];
};

constexpr int kThreads = 256;

template <int kPack>
__global__ void __launch_bounds__(kThreads) combine_packs(const __grid_constant__ CombineTask task) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= task.walk.size) return;
  const auto at = task.walk.offsets(i);
  Pack<float, kPack> values[kMaxInputs];
#pragma unroll
  for (int k = 0; k < kMaxInputs; ++k) {
    values[k] = {};
    if (k >= task.inputs) continue;
    const float* from = task.from[k] + at[kMaxOutputs + k];
    if (kPack == 1 || !task.single[k]) {
      values[k] = load_pack<kPack>(from);
    } else {
      const float value = *from;
#pragma unroll
      for (int j = 0; j < kPack; ++j) values[k][j] = value;
    }
  }
#pragma unroll
  for (int n = 0; n < kMaxOutputs; ++n) {
    if (n >= task.outputs) continue;
    Pack<float, kPack> sums = {};
#pragma unroll
    for (int k = 0; k < kMaxInputs; ++k) {
      if (k >= task.inputs) continue;
#pragma unroll
      for (int j = 0; j < kPack; ++j) sums[j] = fmaf(task.coefficients[n][k], values[k][j], sums[j]);
    }
    store_pack(task.to[n] + at[n], sums);
  }
}

// Whether the walk's last axis can be taken in packs: dense in every output, dense or of one value in every
// input. If so the walk becomes one of packs.
bool take_packs(CombineTask& task, int pack) {
  auto& walk = task.walk;
  const int last = walk.rank - 1, tensors = kMaxOutputs + task.inputs;
  if (walk.shape[last] % pack != 0) return false;
  for (int n = 0; n < tensors; ++n) {
    const bool output = n < kMaxOutputs;
    if (output && n >= task.outputs) continue;
    const int64_t stride = walk.strides[n][last];
    if (!output && stride == 0) continue;
    const void* data = output ? task.to[n] : task.from[n - kMaxOutputs];
    if (stride != 1 || reinterpret_cast<std::uintptr_t>(data) % (sizeof(float) * pack) != 0) return false;
    for (int axis = 0; axis < last; ++axis) {
      if (walk.strides[n][axis] % pack != 0) return false;
    }
  }
  for (int n = 0; n < tensors; ++n) {
    if (n >= kMaxOutputs) task.single[n - kMaxOutputs] = walk.strides[n][last] == 0;
    walk.strides[n][last] *= pack;
  }
  walk.shape[last] /= pack;
  walk.size /= pack;
  return true;
}

}  // namespace

void combine_cuda(Context& context, int input_count, const Tensor* const* inputs, int output_count,
                  Tensor* const* outputs, const double* coefficients) {
  constexpr int kPack = 4;
  std::array<const Tensor*, kMaxOutputs + kMaxInputs> tensors = {};
  CombineTask task = {};
  task.inputs = input_count;
  task.outputs = output_count;
  // Places of outputs that are not there hold the first one, and are not written.
  for (int n = 0; n < kMaxOutputs; ++n) tensors[n] = outputs[n < output_count ? n : 0];
  for (int k = 0; k < input_count; ++k) tensors[kMaxOutputs + k] = inputs[k];
  task.walk = make_device_walk<kMaxOutputs + kMaxInputs>(tensors, kMaxOutputs + input_count);
  for (int n = 0; n < output_count; ++n) {
    task.to[n] = data<float>(*outputs[n]);
    for (int k = 0; k < input_count; ++k) {
      task.coefficients[n][k] = static_cast<float>(coefficients[n * input_count + k]);
    }
  }
  for (int k = 0; k < input_count; ++k) task.from[k] = data<float>(*inputs[k]);
  if (task.walk.size == 0) return;
  auto* kernel = take_packs(task, kPack) ? combine_packs<kPack> : combine_packs<1>;
  launch(context, "combine", kernel, {blocks_for(task.walk.size, kThreads), kThreads}, task);
}

}  // namespace diorama::cuda

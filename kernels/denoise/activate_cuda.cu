// Activation element by element on CUDA devices.
//
// Floor: 2 accesses of an element each and nothing else, so bytes over the memory's rate.
#include "kernels/cuda/activation.cuh"
#include "kernels/cuda/dispatch.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/walk.cuh"
#include "kernels/denoise/denoise_cuda.h"

namespace diorama::cuda {
namespace {

constexpr int kThreads = 256;

// Both tensors dense in the same order: packs of 16 bytes where T and U have one size.
template <typename T, typename U, int kPack>
__global__ void __launch_bounds__(kThreads)
    activate_dense(const T* x, U* out, int64_t packs, dio_activation_kind kind) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= packs) return;
  const auto values = load_pack<kPack>(x + i * kPack);
  Pack<U, kPack> results;
#pragma unroll
  for (int j = 0; j < kPack; ++j) results[j] = from_float<U>(activate(kind, to_float(values[j])));
  store_pack(out + i * kPack, results);
}

template <typename T, typename U>
__global__ void __launch_bounds__(kThreads)
    activate_strided(const T* x, U* out, DeviceWalk<2> walk, dio_activation_kind kind) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= walk.size) return;
  const auto at = walk.offsets(i);
  out[at[0]] = from_float<U>(activate(kind, to_float(x[at[1]])));
}

}  // namespace

void activate_cuda(Context& context, const Tensor& x, dio_activation_kind kind, const Tensor& out) {
  const auto walk = make_device_walk<2>({&out, &x});
  if (walk.size == 0) return;
  with_float_type(x.dtype, [&](auto from) {
    with_float_type(out.dtype, [&](auto to) {
      using T = typename decltype(from)::type;
      using U = typename decltype(to)::type;
      constexpr int kPack = 16 / static_cast<int>(sizeof(T) > sizeof(U) ? sizeof(T) : sizeof(U));
      if (walk.is_dense() && walk.size % kPack == 0 && is_aligned(x, kPack * sizeof(T)) &&
          is_aligned(out, kPack * sizeof(U))) {
        const int64_t packs = walk.size / kPack;
        launch(context, "activate", activate_dense<T, U, kPack>, {blocks_for(packs, kThreads), kThreads},
               data<T>(x), data<U>(out), packs, kind);
      } else {
        launch(context, "activate", activate_strided<T, U>, {blocks_for(walk.size, kThreads), kThreads},
               data<T>(x), data<U>(out), walk, kind);
      }
    });
  });
}

}  // namespace diorama::cuda

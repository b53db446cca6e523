// Channel affine and 8-bit pixels: each element is read once and written once, so the memory's rate is the
// floor.
#include "kernels/codec/codec_cuda.h"
#include "kernels/cuda/dispatch.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/walk.cuh"

namespace diorama::cuda {
namespace {

constexpr int kThreads = 256;

struct Affine {
  const float* scale;
  const float* shift;
  float low, high;
  DIO_DEVICE float operator()(float x, int64_t scale_at, int64_t shift_at) const {
    const float value = fmaf(x, scale[scale_at], shift[shift_at]);
    return value < low ? low : value > high ? high : value;  // NaN stays
  }
};

// x and out dense in the same order, channels innermost: packs, each of which finds its first channel once.
template <typename T, typename U, int kPack>
__global__ void __launch_bounds__(kThreads)
    channel_affine_dense(const T* x, U* out, int64_t packs, int64_t channels, int scale_step, int shift_step,
                         const Affine affine) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= packs) return;
  const auto values = load_pack<kPack>(x + i * kPack);
  int64_t c = i * kPack % channels;
  Pack<U, kPack> results;
#pragma unroll
  for (int k = 0; k < kPack; ++k) {
    results[k] = from_float<U>(affine(to_float(values[k]), c * scale_step, c * shift_step));
    c = c + 1 == channels ? 0 : c + 1;
  }
  store_pack(out + i * kPack, results);
}

template <typename T, typename U>
__global__ void __launch_bounds__(kThreads)
    channel_affine_strided(const T* x, U* out, const DeviceWalk<4> walk, const Affine affine) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= walk.size) return;
  const auto at = walk.offsets(i);
  out[at[0]] = from_float<U>(affine(to_float(x[at[1]]), at[2], at[3]));
}

DIO_DEVICE uint8_t to_byte(float value) {
  if (!(value > 0)) return 0;  // NaN too
  return static_cast<uint8_t>(rintf((value > 1 ? 1.0f : value) * 255.0f));
}

template <typename T, int kPack>
__global__ void __launch_bounds__(kThreads) to_rgb8_dense(const T* x, uint8_t* out, int64_t packs) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= packs) return;
  const auto values = load_pack<kPack>(x + i * kPack);
  Pack<uint8_t, kPack> results;
#pragma unroll
  for (int k = 0; k < kPack; ++k) results[k] = to_byte(to_float(values[k]));
  store_pack(out + i * kPack, results);
}

template <typename T>
__global__ void __launch_bounds__(kThreads)
    to_rgb8_strided(const T* x, uint8_t* out, const DeviceWalk<2> walk) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= walk.size) return;
  const auto at = walk.offsets(i);
  out[at[0]] = to_byte(to_float(x[at[1]]));
}

// One value a channel, or one for all, as a tensor of x's shape.
Tensor spread(const Tensor& values, const Tensor& shape) {
  Tensor view = shape;
  view.data = values.data;
  std::fill_n(view.strides, view.rank, int64_t{0});
  if (values.shape[0] != 1) view.strides[view.rank - 1] = 1;
  return view;
}

}  // namespace

void channel_affine_cuda(Context& context, const Tensor& x, const Tensor& scale, const Tensor& shift,
                         float low, float high, const Tensor& out) {
  const int64_t size = element_count(out);
  if (size == 0) return;
  const Affine affine = {data<float>(scale), data<float>(shift), low, high};
  const bool dense = is_contiguous(x) && is_contiguous(out);
  with_float_type(x.dtype, [&](auto from) {
    with_float_type(out.dtype, [&](auto to) {
      using T = typename decltype(from)::type;
      using U = typename decltype(to)::type;
      constexpr int kPack = 16 / static_cast<int>(sizeof(T) > sizeof(U) ? sizeof(T) : sizeof(U));
      if (dense && size % kPack == 0 && is_aligned(x, kPack * sizeof(T)) &&
          is_aligned(out, kPack * sizeof(U))) {
        launch(context, "channel_affine", channel_affine_dense<T, U, kPack>,
               {blocks_for(size / kPack, kThreads), kThreads}, data<T>(x), data<U>(out), size / kPack,
               x.shape[x.rank - 1], scale.shape[0] != 1, shift.shape[0] != 1, affine);
      } else {
        const Tensor scales = spread(scale, x), shifts = spread(shift, x);
        launch(context, "channel_affine", channel_affine_strided<T, U>,
               {blocks_for(size, kThreads), kThreads}, data<T>(x), data<U>(out),
               make_device_walk<4>({&out, &x, &scales, &shifts}), affine);
      }
    });
  });
}

void to_rgb8_cuda(Context& context, const Tensor& x, const Tensor& out) {
  const auto walk = make_device_walk<2>({&out, &x});
  if (walk.size == 0) return;
  with_float_type(x.dtype, [&](auto from) {
    using T = typename decltype(from)::type;
    constexpr int kPack = kPackOf<T>;
    if (walk.is_dense() && walk.size % kPack == 0 && is_aligned(x, 16) && is_aligned(out, kPack)) {
      launch(context, "to_rgb8", to_rgb8_dense<T, kPack>, {blocks_for(walk.size / kPack, kThreads), kThreads},
             data<T>(x), data<uint8_t>(out), walk.size / kPack);
    } else {
      launch(context, "to_rgb8", to_rgb8_strided<T>, {blocks_for(walk.size, kThreads), kThreads}, data<T>(x),
             data<uint8_t>(out), walk);
    }
  });
}

}  // namespace diorama::cuda

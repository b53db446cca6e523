// Wan 2.2's residual resampling. The larger tensor is what takes time: avg_down reads it once, dup_up adds to
// it in packs.
#include "kernels/codec/codec_cuda.h"
#include "kernels/cuda/dispatch.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/walk.cuh"

namespace diorama::cuda {
namespace {

constexpr int kThreads = 256;

// Channels and positions of the smaller grid's and the larger grid's pixels.
struct Resampling {
  int frames, height, width, channels;  // of x
  int out_frames, out_height, out_width, out_channels;
  int factor_t, factor_s;
  int64_t group;            // avg_down: values of one mean; dup_up: places of one value
  int missing;              // avg_down: frames before the first; dup_up: frames left out
  int64_t step, step_rest;  // dup_up: factor_t * factor_s^2 over group
};

struct Place {
  int64_t batch;
  int t, y, x, channel;  // of out
};

// The place of pack i of kPack channels.
template <int kPack>
DIO_DEVICE Place place_of(const Resampling& r, int64_t i) {
  const int packs = r.out_channels / kPack;
  Place place;
  int64_t pixel = i / packs;
  place.channel = static_cast<int>(i - pixel * packs) * kPack;
  int64_t row = pixel / r.out_width;
  place.x = static_cast<int>(pixel - row * r.out_width);
  int64_t frame = row / r.out_height;
  place.y = static_cast<int>(row - frame * r.out_height);
  place.batch = frame / r.out_frames;
  place.t = static_cast<int>(frame - place.batch * r.out_frames);
  return place;
}

template <typename T, typename U>
__global__ void __launch_bounds__(kThreads) avg_down(const T* x, U* out, int64_t size, const Resampling r) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= size) return;
  const Place o = place_of<1>(r, i);
  const int block = r.factor_t * r.factor_s * r.factor_s;
  const int64_t first = static_cast<int64_t>(o.channel) * r.group;
  int c = static_cast<int>(first / block);
  const int inside = static_cast<int>(first - static_cast<int64_t>(c) * block);
  int dt = inside / (r.factor_s * r.factor_s), dy = inside / r.factor_s % r.factor_s,
      dx = inside % r.factor_s;
  float sum = 0;
  for (int64_t j = 0; j < r.group; ++j) {
    const int t = o.t * r.factor_t + dt - r.missing;
    if (t >= 0) {
      const int64_t pixel =
          ((o.batch * r.frames + t) * r.height + o.y * r.factor_s + dy) * r.width + o.x * r.factor_s + dx;
      sum += to_float(x[pixel * r.channels + c]);
    }
    if (++dx < r.factor_s) continue;
    dx = 0;
    if (++dy < r.factor_s) continue;
    dy = 0;
    if (++dt < r.factor_t) continue;
    dt = 0;
    ++c;
  }
  out[i] = from_float<U>(sum / static_cast<float>(r.group));
}

template <typename U, int kPack>
__global__ void __launch_bounds__(kThreads)
    dup_up(const AnyFloats x, U* out, int64_t packs, const Resampling r) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= packs) return;
  const Place o = place_of<kPack>(r, i);
  const int t = o.t + r.missing;
  const int block = r.factor_t * r.factor_s * r.factor_s;
  const int inside = (t % r.factor_t * r.factor_s + o.y % r.factor_s) * r.factor_s + o.x % r.factor_s;
  const int64_t pixel =
      ((o.batch * r.frames + t / r.factor_t) * r.height + o.y / r.factor_s) * r.width + o.x / r.factor_s;
  auto values = load_pack<kPack>(out + i * kPack);
  // Channel c takes value (c * block + inside) / group: one division, then steps of block / group.
  const int64_t first = static_cast<int64_t>(o.channel) * block + inside;
  int64_t from = first / r.group, rest = first - from * r.group;
#pragma unroll
  for (int k = 0; k < kPack; ++k) {
    values[k] = from_float<U>(to_float(values[k]) + x[pixel * r.channels + from]);
    from += r.step;
    rest += r.step_rest;
    if (rest >= r.group) {
      rest -= r.group;
      ++from;
    }
  }
  store_pack(out + i * kPack, values);
}

Resampling resampling_of(const Tensor& x, const Tensor& out, int factor_t, int factor_s) {
  const auto size = [](const Tensor& tensor, int axis) {
    if (tensor.shape[axis] > (int64_t{1} << 28)) {
      raise(DIO_STATUS_INVALID_ARGUMENT, "resampling: a tensor has shape " + shape_text(tensor) +
                                             ", expected sizes of at most 2^28 on cuda");
    }
    return static_cast<int>(tensor.shape[axis]);
  };
  return {size(x, 1),
          size(x, 2),
          size(x, 3),
          size(x, 4),
          size(out, 1),
          size(out, 2),
          size(out, 3),
          size(out, 4),
          factor_t,
          factor_s,
          1,
          0,
          0,
          0};
}

}  // namespace

void avg_down_cuda(Context& context, const Tensor& x, int factor_t, int factor_s, const Tensor& out) {
  const int64_t size = element_count(out);
  if (size == 0) return;
  Resampling r = resampling_of(x, out, factor_t, factor_s);
  r.group = int64_t{r.channels} * factor_t * factor_s * factor_s / r.out_channels;
  r.missing = r.out_frames * factor_t - r.frames;
  with_float_type(x.dtype, [&](auto from) {
    with_float_type(out.dtype, [&](auto to) {
      using T = typename decltype(from)::type;
      using U = typename decltype(to)::type;
      launch(context, "avg_down", avg_down<T, U>, {blocks_for(size, kThreads), kThreads}, data<T>(x),
             data<U>(out), size, r);
    });
  });
}

void dup_up_cuda(Context& context, const Tensor& x, int factor_t, int factor_s, int skip_frames,
                 const Tensor& out) {
  const int64_t size = element_count(out);
  if (size == 0) return;
  Resampling r = resampling_of(x, out, factor_t, factor_s);
  r.group = int64_t{r.out_channels} * factor_t * factor_s * factor_s / r.channels;
  r.missing = skip_frames;
  const int64_t block = int64_t{factor_t} * factor_s * factor_s;
  r.step = block / r.group;
  r.step_rest = block % r.group;
  with_float_type(out.dtype, [&](auto to) {
    using U = typename decltype(to)::type;
    constexpr int kPack = kPackOf<U>;
    if (r.out_channels % kPack == 0 && is_aligned(out, 16)) {
      launch(context, "dup_up", dup_up<U, kPack>, {blocks_for(size / kPack, kThreads), kThreads},
             AnyFloats(&x), data<U>(out), size / kPack, r);
    } else {
      launch(context, "dup_up", dup_up<U, 1>, {blocks_for(size, kThreads), kThreads}, AnyFloats(&x),
             data<U>(out), size, r);
    }
  });
}

}  // namespace diorama::cuda

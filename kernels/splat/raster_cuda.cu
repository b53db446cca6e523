// Rasterization on CUDA devices: a block a tile, a warp a sub-tile of 8 x 8 pixels, two neighbours in a row a
// lane; front to back over the splats that touch the sub-tile.
//
// Floor: 14 FLOP an evaluated alpha (2 along the row, cut and clamp 2, transmittance 4, three colours 6) and
// one exponential; 4 + 48 bytes read for each pair of a splat and a tile, 12 written for each pixel.
#include "raster_cuda.cuh"

#include "kernels/cuda/launch.h"

namespace diorama::cuda {
namespace {

// Null: not asked for.
struct DevicePictures {
  DevicePictures() = default;
  explicit DevicePictures(const dio_splat_images& images)
      : rgb(of(images.rgb)),
        depth(of(images.depth)),
        expected_depth(of(images.expected_depth)),
        alpha(of(images.alpha)),
        normals(of(images.normals)),
        features(of(images.features)) {}

  float *rgb, *depth, *expected_depth, *alpha, *normals, *features;

 private:
  static float* of(const Tensor* tensor) { return tensor ? data<float>(*tensor) : nullptr; }
};

struct DrawTask {
  DrawingView view;
  DeviceAlphaRule rule;
  const int32_t* list;
  const uint32_t* tile_starts;
  DeviceAttributes attributes;
  ChannelPass pass;
  DevicePictures pictures;
  unsigned long long* evaluations;  // null where they are not counted
};

// A pixel on its way through a list. Once it has ended, the sign of `rest` is set: the magnitude is what is
// left, and nothing passes the test for the stop any more.
template <int kChannels>
struct DrawnPixel {
  float rest;
  float sum[kChannels];

  DIO_DEVICE explicit DrawnPixel(bool inside) : rest(inside ? 1.0f : -1.0f) {
#pragma unroll
    for (int c = 0; c < kChannels; ++c) sum[c] = 0;
  }
  template <int kValues>
  DIO_DEVICE void add(float alpha, float stop, const float (&values)[kValues]) {
    // Both outcomes first and then a choice: the compiler makes a branch of anything else.
    const float after = fmaf(-alpha, rest, rest), ended = -fabsf(rest), share = alpha * rest;
    const bool drawn = after > stop;
    const float weight = drawn ? share : 0.0f;
    rest = drawn ? after : ended;
#pragma unroll
    for (int c = 0; c < kChannels; ++c) sum[c] = fmaf(weight, values[c], sum[c]);
  }
};

// One channel of one pixel into its picture.
DIO_DEVICE void write_channel(const DrawTask& task, int channel, int64_t pixel, float value, float rest) {
  const ChannelPlaces& places = task.attributes.places;
  const DevicePictures& to = task.pictures;
  if (channel < places.depth) {
    to.rgb[3 * pixel + channel] = fmaf(rest, task.view.background[channel], value);
  } else if (channel < places.normals) {
    const float alpha = 1.0f - rest;
    if (to.depth) to.depth[pixel] = value;
    if (to.expected_depth) to.expected_depth[pixel] = alpha > 0 ? value / alpha : 0.0f;
  } else if (channel < places.features) {
    to.normals[3 * pixel + channel - places.normals] = value;
  } else {
    to.features[pixel * task.attributes.feature_channels + channel - places.features] = value;
  }
}

template <int kChannels>
DIO_DEVICE void write_pixels(const DrawTask& task, const PixelRun<kWalkPixels>& run,
                             const DrawnPixel<kChannels> (&pixels)[kWalkPixels]) {
  const float* background = task.view.background;
  if (kChannels == 3 && run.inside >= kWalkPixels && task.view.width % 2 == 0 &&
      reinterpret_cast<std::uintptr_t>(task.pictures.rgb) % 8 == 0) {
    float2* to = reinterpret_cast<float2*>(task.pictures.rgb + 3 * run.first);
    const DrawnPixel<kChannels>&a = pixels[0], &b = pixels[1];
    const float rest_a = fabsf(a.rest), rest_b = fabsf(b.rest);
    to[0] = make_float2(fmaf(rest_a, background[0], a.sum[0]), fmaf(rest_a, background[1], a.sum[1]));
    to[1] = make_float2(fmaf(rest_a, background[2], a.sum[2]), fmaf(rest_b, background[0], b.sum[0]));
    to[2] = make_float2(fmaf(rest_b, background[1], b.sum[1]), fmaf(rest_b, background[2], b.sum[2]));
  } else {
#pragma unroll
    for (int k = 0; k < kWalkPixels; ++k) {
      if (k >= run.inside) break;
#pragma unroll
      for (int c = 0; c < kChannels; ++c) {
        if (c < task.pass.count)
          write_channel(task, task.pass.first + c, run.first + k, pixels[k].sum[c], fabsf(pixels[k].rest));
      }
    }
  }
  if (task.pictures.alpha == nullptr || task.pass.first > 0) return;
#pragma unroll
  for (int k = 0; k < kWalkPixels; ++k) {
    if (k < run.inside) task.pictures.alpha[run.first + k] = 1.0f - fabsf(pixels[k].rest);
  }
}

template <int kChannels>
struct DrawShared {
  WalkBatch<kChannels> batch;
  unsigned walked[kSubtiles];
};

// kChannels: 3 colours, 4 colours and depth, or 8 of any.
template <int kChannels, bool kFade>
__global__ void __launch_bounds__(kWalkThreads) draw_tiles(DrawTask task) {
  DIO_SHARED(DrawShared<kChannels>, shared);
  WalkBatch<kChannels>& batch = shared.batch;
  const int subtile = threadIdx.x / 32;
  const DeviceTile tile(task.view, blockIdx.x);
  const PixelRun<kWalkPixels> run(task.view, tile, subtile, threadIdx.x % 32);
  DrawnPixel<kChannels> pixels[kWalkPixels] = {DrawnPixel<kChannels>(run.inside > 0),
                                               DrawnPixel<kChannels>(run.inside > 1)};
  const float stop = task.view.transmittance_stop;
  const uint32_t begin = task.tile_starts[blockIdx.x], end = task.tile_starts[blockIdx.x + 1];
  BatchLoader loader(task.view, task.list, task.attributes.splats, tile, begin, end);
  bool alive = true;  // the same in all lanes of a warp
  unsigned walked = 0;
  for (uint32_t base = begin; base < end; base += kBatch) {
    if (__syncthreads_and(!alive)) break;
    loader.store(batch, task.attributes, task.pass);
    __syncthreads();
    if (base + kBatch < end) loader.fetch();
#pragma unroll 1
    for (int word = 0; word < kBatchWords; ++word) {
      uint32_t met = batch.met[subtile][word];
      alive = alive && __any_sync(kFullWarp, pixels[0].rest > 0 || pixels[1].rest > 0);
      if (!alive) break;
      walked += __popc(met);
      while (met != 0) {
        const int at = 32 * word + __ffs(static_cast<int>(met)) - 1;
        met &= met - 1;
        const SplatLine line = batch.line[at];
        const SplatDown down = batch.down[at];
        float values[4 * BatchAttributes<kChannels, kBatch>::kQuads];
        batch.attributes.load(at, values);
        const RowExponent row(line, down, run.y);
#pragma unroll
        for (int k = 0; k < kWalkPixels; ++k) {
          const float raw = ex2(row.at(run.x + static_cast<float>(k)));
          pixels[k].add(task.rule.alpha<kFade>(raw), stop, values);
        }
      }
    }
  }
  write_pixels(task, run, pixels);
  if (task.evaluations == nullptr) return;
  if (threadIdx.x % 32 == 0) shared.walked[subtile] = walked;
  __syncthreads();
  if (threadIdx.x != 0) return;
  unsigned long long sum = 0;
#pragma unroll
  for (int s = 0; s < kSubtiles; ++s) sum += shared.walked[s];
  if (sum != 0) atomicAdd(task.evaluations, sum * (kSubtile * kSubtile));
}

template <int kChannels, bool kFade>
void draw(Context& context, const DrawTask& task) {
  launch(context, "splat_raster", draw_tiles<kChannels, kFade>,
         {static_cast<unsigned>(task.view.tiles()), kWalkThreads, sizeof(DrawShared<kChannels>)}, task);
}

}  // namespace

void rasterize(Context& context, const DrawingView& view, const GaussianArrays& in,
               const CudaSplatFrame& frame, const dio_splat_images& images, unsigned long long* evaluations) {
  const ChannelSet channels(images, in.feature_channels);
  DrawTask task = {view,
                   DeviceAlphaRule(view),
                   frame.list.data(),
                   frame.tile_starts.data(),
                   DeviceAttributes(in, frame, channels),
                   {0, channels.count},
                   DevicePictures(images),
                   evaluations};
  const bool fade = view.alpha_fade > 0;
  if (channels.rgb && channels.count == 3) return (fade ? draw<3, true> : draw<3, false>)(context, task);
  if (channels.rgb && channels.depth && channels.count == 4)
    return (fade ? draw<4, true> : draw<4, false>)(context, task);
  constexpr int kMost = 8;
  do {
    task.pass.count = channels.count - task.pass.first < kMost ? channels.count - task.pass.first : kMost;
    (fade ? draw<kMost, true> : draw<kMost, false>)(context, task);
    task.pass.first += kMost;
    task.evaluations = nullptr;  // the same pairs again
  } while (task.pass.first < channels.count);
}

}  // namespace diorama::cuda

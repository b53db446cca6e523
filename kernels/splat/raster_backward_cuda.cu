// Rasterization backwards on CUDA devices, in two kernels a wave of buckets: raster_backward_cuda.cuh says
// how.
//
// Floor: 12 FLOP an evaluated alpha forward again and 29 back, of which 17 for moments and channels; 4 + 48
// bytes read and 36 written for each pair of a splat and a tile, 12 read for each pixel.
#include "raster_backward_cuda.h"

#include "kernels/cuda/launch.h"
#include "raster_play_cuda.cuh"
#include "raster_record_cuda.cuh"

namespace diorama::cuda {
namespace {

GradientImages gradient_images(const dio_splat_images& images) {
  const auto of = [](const Tensor* tensor) { return tensor ? data<const float>(*tensor) : nullptr; };
  return {of(images.rgb),
          of(images.depth),
          of(images.expected_depth),
          of(images.alpha),
          of(images.normals),
          of(images.features),
          nullptr,
          nullptr};
}

// Depth and alpha as drawn, which the gradient of the expected depth looks at.
void draw_depth(Context& context, const DrawingView& view, const GaussianArrays& in,
                const CudaSplatFrame& frame, GradientImages& images) {
  const auto pixels = static_cast<std::size_t>(view.width) * static_cast<std::size_t>(view.height);
  Tensor depth{}, alpha{};
  depth.data = context.scratch_array<float>(pixels);
  alpha.data = context.scratch_array<float>(pixels);
  dio_splat_images drawn{};
  drawn.depth = &depth;
  drawn.alpha = &alpha;
  rasterize(context, view, in, frame, drawn, nullptr);
  images.drawn_depth = static_cast<const float*>(depth.data);
  images.drawn_alpha = static_cast<const float*>(alpha.data);
}

template <int kChannels, bool kFade>
void go_back(Context& context, const BackwardTask& task) {
  launch(context, "splat_record", record_buckets<kChannels, kFade>,
         {static_cast<unsigned>(task.view.tiles()), kWalkThreads, sizeof(WalkBatch<kChannels>)}, task);
  launch(context, "splat_raster_backward", play_buckets<kChannels, kFade>,
         {task.wave_end - task.wave_begin, PlayShape<kChannels>::kThreads, sizeof(PlayShared<kChannels>)},
         task);
}

// Buckets whose states take half of the second cache, so that they are still there when the second kernel
// asks for them.
int64_t usual_wave(Context& context) {
  constexpr int64_t kLeast = int64_t{8} << 20;
  const auto half = static_cast<int64_t>(on_cuda(context).device().l2_bytes / 2);
  return (half > kLeast ? half : kLeast) / kBucketBytes;
}

using Kernels = void (*)(Context&, const BackwardTask&);

template <int kChannels>
Kernels kernels(bool fade) {
  return fade ? go_back<kChannels, true> : go_back<kChannels, false>;
}

}  // namespace

void rasterize_backward_in_waves(Context& context, const DrawingView& view, const GaussianArrays& in,
                                 const CudaSplatFrame& frame, const dio_splat_images& image_gradients,
                                 const ChannelSet& channels, const PairGradients& pairs,
                                 int64_t wave_buckets) {
  if (frame.intersections == 0) return;
  const int64_t buckets = frame.intersections / kBucket + view.tiles();
  const int64_t wave = buckets < wave_buckets ? buckets : wave_buckets;
  BackwardTask task = {view,
                       DeviceAlphaRule(view),
                       frame.list.data(),
                       frame.tile_starts.data(),
                       frame.pair_starts.data(),
                       DeviceAttributes(in, frame, channels),
                       {0, 0},
                       gradient_images(image_gradients),
                       {},
                       0,
                       0,
                       nullptr,
                       nullptr,
                       pairs.values,
                       pairs.slots};
  if (image_gradients.expected_depth != nullptr) draw_depth(context, view, in, frame, task.images);
  const auto states = static_cast<std::size_t>(wave * kTilePixels);
  task.states = {context.scratch_array<float>(states), context.scratch_array<float>(states),
                 context.scratch_array<uint8_t>(states),
                 context.scratch_array<int>(static_cast<std::size_t>(wave))};
  float* carry = context.scratch_array<float>(2 * kTilePixels);

  constexpr int kMost = 8;
  const bool fade = view.alpha_fade > 0;
  int width = kMost;
  Kernels run = kernels<kMost>(fade);
  if (channels.rgb && channels.count == 3) width = 3, run = kernels<3>(fade);
  if (channels.rgb && channels.depth && channels.count == 4) width = 4, run = kernels<4>(fade);
  do {
    const int left = channels.count - task.pass.first;
    task.pass.count = left < width ? left : width;
    for (int64_t number = (buckets + wave - 1) / wave - 1; number >= 0; --number) {
      task.wave_begin = static_cast<uint32_t>(number * wave);
      task.wave_end = static_cast<uint32_t>(buckets < (number + 1) * wave ? buckets : (number + 1) * wave);
      task.carry_out = carry + number % 2 * kTilePixels;
      task.carry_in = carry + (number + 1) % 2 * kTilePixels;
      run(context, task);
    }
    task.pass.first += width;
  } while (task.pass.first < channels.count);
}

void rasterize_backward(Context& context, const DrawingView& view, const GaussianArrays& in,
                        const CudaSplatFrame& frame, const dio_splat_images& image_gradients,
                        const ChannelSet& channels, const PairGradients& pairs) {
  rasterize_backward_in_waves(context, view, in, frame, image_gradients, channels, pairs,
                              usual_wave(context));
}

}  // namespace diorama::cuda

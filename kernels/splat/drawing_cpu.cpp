#include "drawing_cpu.h"

#include <chrono>

#include "backward_cpu.h"
#include "parts.h"

namespace diorama {

namespace {

class Stopwatch {
 public:
  // Milliseconds since the last call.
  double lap() {
    const auto now = Clock::now();
    const std::chrono::duration<double, std::milli> taken = now - last_;
    last_ = now;
    return taken.count();
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point last_ = Clock::now();
};

SplatFrame* splat_frame_cpu(Context& context) { return new CpuSplatFrame(context); }

void splat_render_cpu(Context& context, SplatFrame& base, const dio_splat_gaussians& gaussians,
                      const dio_splat_camera& camera, const dio_splat_settings& settings,
                      const dio_splat_images& images) {
  CpuSplatFrame& frame = static_cast<CpuSplatFrame&>(base);
  const GaussianArrays inputs(gaussians);
  const DrawingView view(camera, settings, inputs.coefficients, kTile);
  dio_splat_stats stats{};
  Stopwatch watch;
  project_gaussians(context, view, inputs, images.normals != nullptr, frame);
  stats.project_ms = watch.lap();
  sort_by_depth(context, frame, inputs.count);
  stats.sort_ms = watch.lap();
  bin_to_tiles(context, view, frame);
  stats.bin_ms = watch.lap();
  stats.evaluations = rasterize(context, view, inputs, frame, images);
  stats.raster_ms = watch.lap();
  stats.gaussians = inputs.count;
  stats.visible = frame.visible;
  stats.intersections = frame.intersections;
  stats.bytes = frame.held_bytes();
  frame.stats = stats;
}

void splat_backward_cpu(Context& context, SplatFrame& base, const dio_splat_gaussians& gaussians,
                        const dio_splat_images& image_gradients, bool accumulate,
                        const dio_splat_gradients& gradients) {
  CpuSplatFrame& frame = static_cast<CpuSplatFrame&>(base);
  const GaussianArrays inputs(gaussians);
  const DrawingView view(frame.camera, frame.settings, inputs.coefficients, kTile);
  const ChannelSet channels(image_gradients, inputs.feature_channels);
  Stopwatch watch;
  if (channels.normals && !frame.has_normals) project_gaussians(context, view, inputs, true, frame);
  PictureGradients picture(context, frame, channels, view.tiles());
  rasterize_backward(context, view, inputs, frame, image_gradients, channels, picture);
  frame.stats.raster_backward_ms = watch.lap();
  collect_gradients(context, view, frame, picture);
  project_gaussians_backward(context, view, inputs, frame, channels, picture, accumulate, gradients);
  frame.stats.project_backward_ms = watch.lap();
  frame.stats.bytes = frame.held_bytes();
}

}  // namespace

void add_splat_drawing_cpu(Operations& operations) {
  operations.splat_project = splat_project_cpu;
  operations.splat_frame = splat_frame_cpu;
  operations.splat_render = splat_render_cpu;
  operations.splat_backward = splat_backward_cpu;
}

}  // namespace diorama

#include "drawing_cpu.h"

#include <chrono>
#include <cmath>

#include "backward_cpu.h"
#include "parts.h"

namespace diorama {

DrawingView::DrawingView(const dio_splat_camera& camera, const dio_splat_settings& settings,
                         int64_t sh_coefficients)
    : model(camera.model),
      fx(camera.fx),
      fy(camera.fy),
      cx(camera.cx),
      cy(camera.cy),
      width(camera.width),
      height(camera.height),
      tiles_x((camera.width + kTile - 1) / kTile),
      tiles_y((camera.height + kTile - 1) / kTile),
      near_plane(settings.near_plane),
      far_plane(settings.far_plane),
      blur(settings.blur),
      antialiased(settings.antialiased != 0),
      alpha_min(settings.alpha_min),
      alpha_max(settings.alpha_max),
      alpha_fade(settings.alpha_fade),
      transmittance_stop(settings.transmittance_stop),
      log2_floor(std::log2(settings.alpha_min) - kSlack) {
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) rotation[3 * i + j] = camera.view[4 * i + j];
    translation[i] = camera.view[4 * i + 3];
    background[i] = settings.background[i];
  }
  for (int j = 0; j < 3; ++j) {
    double sum = 0;
    for (int i = 0; i < 3; ++i) sum += static_cast<double>(rotation[3 * i + j]) * translation[i];
    origin[j] = static_cast<float>(-sum);
  }
  // gsplat: the picture plus 0.3 times the tangent of half the field of view.
  const float margin_x = 0.15f * static_cast<float>(width) / fx;
  const float margin_y = 0.15f * static_cast<float>(height) / fy;
  left = cx / fx + margin_x;
  right = (static_cast<float>(width) - cx) / fx + margin_x;
  above = cy / fy + margin_y;
  below = (static_cast<float>(height) - cy) / fy + margin_y;
  int degree = 0;
  while ((degree + 1) * (degree + 1) < sh_coefficients) ++degree;
  sh_degree = settings.sh_degree >= 0 && settings.sh_degree < degree ? settings.sh_degree : degree;
}

GaussianArrays::GaussianArrays(const dio_splat_gaussians& gaussians)
    : count(gaussians.means->shape[0]),
      coefficients(gaussians.sh->shape[1]),
      means(data<float>(*gaussians.means)),
      quats(data<float>(*gaussians.quats)),
      log_scales(data<float>(*gaussians.log_scales)),
      logit_opacities(data<float>(*gaussians.logit_opacities)),
      sh(data<float>(*gaussians.sh)),
      features(gaussians.features ? data<float>(*gaussians.features) : nullptr),
      feature_channels(gaussians.features ? static_cast<int>(gaussians.features->shape[1]) : 0) {}

ChannelSet::ChannelSet(const dio_splat_images& images, int feature_channels)
    : rgb(images.rgb != nullptr),
      depth(images.depth != nullptr || images.expected_depth != nullptr),
      normals(images.normals != nullptr),
      features(images.features != nullptr ? feature_channels : 0),
      count((rgb ? 3 : 0) + (depth ? 1 : 0) + (normals ? 3 : 0) + features) {}

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
  const DrawingView view(camera, settings, inputs.coefficients);
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
  const DrawingView view(frame.camera, frame.settings, inputs.coefficients);
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

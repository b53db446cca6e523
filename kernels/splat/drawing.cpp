#include "drawing.h"

#include <cmath>

namespace diorama {

DrawingView::DrawingView(const dio_splat_camera& camera, const dio_splat_settings& settings,
                         int64_t sh_coefficients, int tile)
    : model(camera.model),
      fx(camera.fx),
      fy(camera.fy),
      cx(camera.cx),
      cy(camera.cy),
      width(camera.width),
      height(camera.height),
      tiles_x((camera.width + tile - 1) / tile),
      tiles_y((camera.height + tile - 1) / tile),
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
      features(gaussians.features ? data<float>(*gaussians.features) : nullptr),
      sh(gaussians.sh->dtype == DIO_F32 ? data<float>(*gaussians.sh) : nullptr),
      sh_f16(gaussians.sh->dtype == DIO_F16 ? data<uint16_t>(*gaussians.sh) : nullptr),
      feature_channels(gaussians.features ? static_cast<int>(gaussians.features->shape[1]) : 0) {}

ChannelSet::ChannelSet(const dio_splat_images& images, int feature_channels)
    : rgb(images.rgb != nullptr),
      depth(images.depth != nullptr || images.expected_depth != nullptr),
      normals(images.normals != nullptr),
      features(images.features != nullptr ? feature_channels : 0),
      count((rgb ? 3 : 0) + (depth ? 1 : 0) + (normals ? 3 : 0) + features) {}

}  // namespace diorama

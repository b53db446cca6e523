#include "check_splat.h"

#include <cmath>

namespace diorama {

namespace {

constexpr int64_t kMaxImageSize = 32768;
constexpr int64_t kMaxGaussians = int64_t{1} << 31;
constexpr int64_t kMaxFeatures = 64;

void above_zero(Check& check, const char* name, double value) {
  check.not_negative(name, value);
  if (value == 0) check.fail(std::string(name) + " is 0, expected more");
}

}  // namespace

const ImageNames kImages = {"images",       "images.rgb",     "images.depth",   "images.expected_depth",
                            "images.alpha", "images.normals", "images.features"};
const ImageNames kImageGradients = {"image_gradients",         "image_gradients.rgb",
                                    "image_gradients.depth",   "image_gradients.expected_depth",
                                    "image_gradients.alpha",   "image_gradients.normals",
                                    "image_gradients.features"};

void check_gaussians(Check& check, SplatArguments& arguments, const dio_splat_gaussians* gaussians) {
  check.pointer("gaussians", gaussians);
  arguments.input("gaussians.means", gaussians->means, {"N", "3"});
  arguments.input("gaussians.quats", gaussians->quats, {"N", "4"});
  arguments.input("gaussians.log_scales", gaussians->log_scales, {"N", "3"});
  arguments.input("gaussians.logit_opacities", gaussians->logit_opacities, {"N"});
  arguments.half_or_float_input("gaussians.sh", gaussians->sh, {"N", "K", "3"});
  arguments.optional_input("gaussians.features", gaussians->features, {"N", "C"});
  check.between("the number of Gaussians", check.size("N"), 1, kMaxGaussians - 1);
  const int64_t k = check.size("K");
  if (k != 1 && k != 4 && k != 9 && k != 16) {
    check.fail("gaussians.sh has " + std::to_string(k) +
               " coefficients, expected 1, 4, 9 or 16 (degrees 0 to 3)");
  }
  if (gaussians->features) check.between("the number of features", check.size("C"), 1, kMaxFeatures);
}

void check_camera(Check& check, const dio_splat_camera* camera) {
  check.pointer("camera", camera);
  check.between("camera.model", camera->model, DIO_CAMERA_PINHOLE, DIO_CAMERA_FISHEYE);
  check.between("camera.width", camera->width, 1, kMaxImageSize);
  check.between("camera.height", camera->height, 1, kMaxImageSize);
  above_zero(check, "camera.fx", camera->fx);
  above_zero(check, "camera.fy", camera->fy);
  check.finite("camera.cx", camera->cx);
  check.finite("camera.cy", camera->cy);
  for (const float entry : camera->view) check.finite("an entry of camera.view", entry);
  const float* last = camera->view + 12;
  if (last[0] != 0 || last[1] != 0 || last[2] != 0 || last[3] != 1) {
    check.fail("the last row of camera.view is not 0 0 0 1");
  }
  check.name_size("H", camera->height, "camera.height");
  check.name_size("W", camera->width, "camera.width");
}

void check_settings(Check& check, const dio_splat_settings* settings) {
  check.pointer("settings", settings);
  check.between("settings.sh_degree", settings->sh_degree, -1, 3);
  check.not_negative("settings.near_plane", settings->near_plane);
  if (!(settings->far_plane > settings->near_plane)) {
    check.fail("settings.far_plane is " + std::to_string(settings->far_plane) +
               ", expected more than near_plane, " + std::to_string(settings->near_plane));
  }
  check.not_negative("settings.blur", settings->blur);
  above_zero(check, "settings.alpha_min", settings->alpha_min);
  if (!(settings->alpha_max > settings->alpha_min && settings->alpha_max < 1)) {
    check.fail("settings.alpha_max is " + std::to_string(settings->alpha_max) +
               ", expected more than alpha_min and less than 1");
  }
  check.not_negative("settings.alpha_fade", settings->alpha_fade);
  check.not_negative("settings.transmittance_stop", settings->transmittance_stop);
  for (const float value : settings->background) check.finite("settings.background", value);
}

// Pictures to be written, or gradients to be read.
void check_images(Check& check, SplatArguments& arguments, const ImageNames& names,
                  const dio_splat_images* images, bool features, bool written) {
  check.pointer(names.all, images);
  if (images->features && !features) {
    check.fail(std::string(names.features) + " is given, but the Gaussians have no features");
  }
  const auto take = [&](const char* name, const Tensor* tensor, const char* channels) {
    if (written) {
      arguments.output(name, tensor, {"H", "W", channels});
    } else {
      arguments.optional_input(name, tensor, {"H", "W", channels});
    }
    return tensor != nullptr;
  };
  bool any = take(names.rgb, images->rgb, "3");
  any |= take(names.depth, images->depth, "1");
  any |= take(names.expected_depth, images->expected_depth, "1");
  any |= take(names.alpha, images->alpha, "1");
  any |= take(names.normals, images->normals, "3");
  any |= take(names.features, images->features, "C");
  if (!any) check.fail(std::string(names.all) + " holds no tensor, expected at least one");
}

void check_frame(Check& check, const dio_context* context, const dio_splat_frame* frame) {
  check.pointer("frame", frame);
  if (frame->owner != context) {
    check.fail(frame->owner ? "frame belongs to another context" : "the context of frame is destroyed");
  }
}

void check_rendering(Check& check, const dio_context* context, const dio_splat_frame* frame) {
  check_frame(check, context, frame);
  const SplatFrame& kept = *frame->frame;
  if (!kept.rendered) check.fail("frame has no rendering to go back from; call splat_render first");
  check.name_size("N", kept.gaussians, "the rendering");
  check.name_size("K", kept.sh_coefficients, "the rendering");
  check.name_size("H", kept.camera.height, "the rendering");
  check.name_size("W", kept.camera.width, "the rendering");
  if (kept.feature_channels > 0) check.name_size("C", kept.feature_channels, "the rendering");
}

}  // namespace diorama

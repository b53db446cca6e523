#include <algorithm>
#include <cmath>
#include <vector>

#include "api.h"

using namespace diorama;

namespace {

constexpr int64_t kMaxImageSize = 32768;
constexpr int64_t kMaxGaussians = int64_t{1} << 31;
constexpr int64_t kMaxFeatures = 64;

// The tensors of one call. Every output must lie apart from every input and from the other outputs.
class Arguments {
 public:
  explicit Arguments(Check& check) : check_(check) {}

  void input(const char* name, const Tensor* tensor, std::initializer_list<const char*> shape) {
    inputs_.push_back(check_.required(name, tensor).dtype(DIO_F32).shape(shape).contiguous());
  }
  void optional_input(const char* name, const Tensor* tensor, std::initializer_list<const char*> shape) {
    if (tensor) input(name, tensor, shape);
  }
  void output(const char* name, const Tensor* tensor, std::initializer_list<const char*> shape,
              dio_dtype dtype = DIO_F32) {
    if (!tensor) return;
    const auto out = check_.required(name, tensor).dtype(dtype).shape(shape).contiguous();
    for (const auto& input : inputs_) out.apart_from({input});
    for (const auto& other : outputs_) out.apart_from({other});
    outputs_.push_back(out);
  }
  bool any_output() const { return !outputs_.empty(); }

 private:
  Check& check_;
  std::vector<Check::Argument> inputs_;
  std::vector<Check::Argument> outputs_;
};

void check_gaussians(Check& check, Arguments& arguments, const dio_splat_gaussians* gaussians) {
  check.pointer("gaussians", gaussians);
  arguments.input("gaussians.means", gaussians->means, {"N", "3"});
  arguments.input("gaussians.quats", gaussians->quats, {"N", "4"});
  arguments.input("gaussians.log_scales", gaussians->log_scales, {"N", "3"});
  arguments.input("gaussians.logit_opacities", gaussians->logit_opacities, {"N"});
  arguments.input("gaussians.sh", gaussians->sh, {"N", "K", "3"});
  arguments.optional_input("gaussians.features", gaussians->features, {"N", "C"});
  check.between("the number of Gaussians", check.size("N"), 1, kMaxGaussians - 1);
  const int64_t k = check.size("K");
  if (k != 1 && k != 4 && k != 9 && k != 16) {
    check.fail("gaussians.sh has " + std::to_string(k) +
               " coefficients, expected 1, 4, 9 or 16 (degrees 0 to 3)");
  }
  if (gaussians->features) check.between("the number of features", check.size("C"), 1, kMaxFeatures);
}

void above_zero(Check& check, const char* name, double value) {
  check.not_negative(name, value);
  if (value == 0) check.fail(std::string(name) + " is 0, expected more");
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

// Names of pictures in messages, for the two structs that hold them.
struct ImageNames {
  const char *all, *rgb, *depth, *expected_depth, *alpha, *normals, *features;
};
constexpr ImageNames kImages = {"images",       "images.rgb",     "images.depth",   "images.expected_depth",
                                "images.alpha", "images.normals", "images.features"};
constexpr ImageNames kImageGradients = {"image_gradients",         "image_gradients.rgb",
                                        "image_gradients.depth",   "image_gradients.expected_depth",
                                        "image_gradients.alpha",   "image_gradients.normals",
                                        "image_gradients.features"};

// Pictures to be written, or gradients to be read.
void check_images(Check& check, Arguments& arguments, const ImageNames& names, const dio_splat_images* images,
                  bool features, bool written) {
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

}  // namespace

dio_status dio_splat_settings_default(dio_splat_settings* settings) {
  return guarded([&] {
    Check("splat_settings_default").pointer("settings", settings);
    *settings = {.antialiased = 0,
                 .sh_degree = -1,
                 .near_plane = 0.01f,
                 .far_plane = 1e10f,
                 .blur = 0.3f,
                 .alpha_min = 1.0f / 255,
                 .alpha_max = 0.99f,
                 .alpha_fade = 0,
                 .transmittance_stop = 1e-4f,
                 .background = {0, 0, 0}};
  });
}

dio_status dio_splat_project(dio_context* context, const dio_splat_gaussians* gaussians,
                             const dio_splat_camera* camera, const dio_splat_settings* settings,
                             const dio_splat_projection* projection) {
  return operation(
      "splat_project", context, &Operations::splat_project,
      [&](Check& check) {
        Arguments arguments(check);
        check_gaussians(check, arguments, gaussians);
        check_camera(check, camera);
        check_settings(check, settings);
        check.pointer("projection", projection);
        arguments.output("projection.means2d", projection->means2d, {"N", "2"});
        arguments.output("projection.conics", projection->conics, {"N", "3"});
        arguments.output("projection.depths", projection->depths, {"N"});
        arguments.output("projection.compensations", projection->compensations, {"N"});
        arguments.output("projection.colors", projection->colors, {"N", "3"});
        arguments.output("projection.radii", projection->radii, {"N", "2"}, DIO_I32);
        if (!arguments.any_output()) check.fail("projection holds no tensor, expected at least one");
      },
      [&](auto project, Context& c) { project(c, *gaussians, *camera, *settings, *projection); });
}

dio_status dio_splat_frame_create(dio_context* context, dio_splat_frame** frame) {
  return with_context("splat_frame_create", context, [&](Context& c) {
    const Check check("splat_frame_create");
    check.pointer("frame", frame);
    if (c.operations().splat_frame == nullptr) {
      throw Error(DIO_STATUS_UNSUPPORTED, std::string("splat_frame_create is not available on the backend ") +
                                              c.operations().backend);
    }
    auto handle = std::make_unique<dio_splat_frame>();
    handle->owner = context;
    handle->frame.reset(c.operations().splat_frame(c));
    context->frames.push_back(handle.get());
    *frame = handle.release();
  });
}

dio_status dio_splat_frame_destroy(dio_splat_frame* frame) {
  return guarded([&] {
    if (frame == nullptr) return;
    if (dio_context* owner = frame->owner) {
      const Claim claim(owner->busy, "splat_frame_destroy", "context");
      owner->context->synchronize();
      owner->frames.erase(std::find(owner->frames.begin(), owner->frames.end(), frame));
      frame->frame.reset();
    }
    delete frame;
  });
}

dio_status dio_splat_frame_stats(dio_splat_frame* frame, dio_splat_stats* stats) {
  return guarded([&] {
    Check check("splat_frame_stats");
    check.pointer("frame", frame);
    check.pointer("stats", stats);
    check_frame(check, frame->owner, frame);
    if (!frame->owner) check.fail("the context of frame is destroyed");
    const Claim claim(frame->owner->busy, "splat_frame_stats", "context");
    frame->owner->context->synchronize();
    *stats = frame->frame->stats;
  });
}

dio_status dio_splat_render(dio_context* context, dio_splat_frame* frame,
                            const dio_splat_gaussians* gaussians, const dio_splat_camera* camera,
                            const dio_splat_settings* settings, const dio_splat_images* images) {
  return operation(
      "splat_render", context, &Operations::splat_render,
      [&](Check& check) {
        check_frame(check, context, frame);
        Arguments arguments(check);
        check_gaussians(check, arguments, gaussians);
        check_camera(check, camera);
        check_settings(check, settings);
        check_images(check, arguments, kImages, images, gaussians->features != nullptr, true);
      },
      [&](auto render, Context& c) {
        SplatFrame& kept = *frame->frame;
        kept.rendered = false;  // while a failure may leave it half made
        render(c, kept, *gaussians, *camera, *settings, *images);
        kept.camera = *camera;
        kept.settings = *settings;
        kept.gaussians = gaussians->means->shape[0];
        kept.sh_coefficients = gaussians->sh->shape[1];
        kept.feature_channels = gaussians->features ? gaussians->features->shape[1] : 0;
        kept.rendered = true;
      });
}

dio_status dio_splat_backward(dio_context* context, dio_splat_frame* frame,
                              const dio_splat_gaussians* gaussians, const dio_splat_images* image_gradients,
                              int32_t accumulate, const dio_splat_gradients* gradients) {
  return operation(
      "splat_backward", context, &Operations::splat_backward,
      [&](Check& check) {
        check_frame(check, context, frame);
        const SplatFrame& kept = *frame->frame;
        if (!kept.rendered) check.fail("frame has rendered nothing yet; call splat_render first");
        check.name_size("N", kept.gaussians, "the rendering");
        check.name_size("K", kept.sh_coefficients, "the rendering");
        check.name_size("H", kept.camera.height, "the rendering");
        check.name_size("W", kept.camera.width, "the rendering");
        if (kept.feature_channels > 0) check.name_size("C", kept.feature_channels, "the rendering");
        Arguments arguments(check);
        check_gaussians(check, arguments, gaussians);
        const bool features = gaussians->features != nullptr;
        if (features != (kept.feature_channels > 0)) {
          check.fail(features ? "gaussians.features is given, but the rendering had none"
                              : "gaussians.features is null, but the rendering had features");
        }
        check_images(check, arguments, kImageGradients, image_gradients, features, false);
        check.pointer("gradients", gradients);
        arguments.output("gradients.means", gradients->means, {"N", "3"});
        arguments.output("gradients.quats", gradients->quats, {"N", "4"});
        arguments.output("gradients.log_scales", gradients->log_scales, {"N", "3"});
        arguments.output("gradients.logit_opacities", gradients->logit_opacities, {"N"});
        arguments.output("gradients.sh", gradients->sh, {"N", "K", "3"});
        if (gradients->features && !features) {
          check.fail("gradients.features is given, but the Gaussians have no features");
        }
        arguments.output("gradients.features", gradients->features, {"N", "C"});
        arguments.output("gradients.means2d", gradients->means2d, {"N", "2"});
        arguments.output("gradients.view", gradients->view, {"4", "4"});
        if (!arguments.any_output()) check.fail("gradients holds no tensor, expected at least one");
      },
      [&](auto backward, Context& c) {
        backward(c, *frame->frame, *gaussians, *image_gradients, accumulate != 0, *gradients);
      });
}

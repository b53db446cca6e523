#include <algorithm>

#include "api.h"
#include "check_splat.h"

using namespace diorama;

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
        SplatArguments arguments(check);
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
    frame->frame->update_stats();
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
        SplatArguments arguments(check);
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
        check_rendering(check, context, frame);
        SplatArguments arguments(check);
        check_gaussians(check, arguments, gaussians);
        if (gaussians->sh->dtype != DIO_F32) {
          check.fail("gaussians.sh has dtype f16, expected f32: f16 is for drawing alone");
        }
        const bool features = gaussians->features != nullptr;
        if (features != (frame->frame->feature_channels > 0)) {
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

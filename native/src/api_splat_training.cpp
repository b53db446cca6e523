#include <cmath>

#include "api.h"
#include "check_splat.h"

using namespace diorama;

namespace {

constexpr int64_t kMaxCopies = 51;

// [N, ...] with every axis but the outermost contiguous.
void inner_contiguous(const Check& check, const char* name, const Tensor& t) {
  Tensor inner = t;
  inner.shape[0] = 1;
  if (!is_contiguous(inner)) {
    check.fail(
        std::string(name) + " has shape " + shape_text(t) +
        " and axes within a row that are not contiguous, expected only the outermost stride to be free");
  }
}

// What dio_adam_params and dio_splat_step have in common.
template <typename Params>
void check_adam(const Check& check, const Params& params) {
  check.between("step", params.step, 1, int64_t{1} << 40);
  if (!(params.beta1 >= 0 && params.beta1 < 1)) {
    check.fail("beta1 is " + std::to_string(params.beta1) + ", expected 0 to below 1");
  }
  if (!(params.beta2 >= 0 && params.beta2 < 1)) {
    check.fail("beta2 is " + std::to_string(params.beta2) + ", expected 0 to below 1");
  }
  if (!(params.eps > 0) || !std::isfinite(params.eps)) {
    check.fail("eps is " + std::to_string(params.eps) + ", expected a finite number above 0");
  }
}

void check_step(const Check& check, const dio_splat_step* step) {
  check.pointer("step", step);
  check_adam(check, *step);
  check.finite("means_rate", step->means_rate);
  check.finite("quats_rate", step->quats_rate);
  check.finite("log_scales_rate", step->log_scales_rate);
  check.finite("logit_opacities_rate", step->logit_opacities_rate);
  check.finite("constant_colors_rate", step->constant_colors_rate);
  check.finite("other_colors_rate", step->other_colors_rate);
  check.not_negative("opacity_penalty", step->opacity_penalty);
  check.not_negative("scale_penalty", step->scale_penalty);
}

// Names of parameters in messages: what is learnt, and the two sets of running means.
struct ParameterNames {
  const char *all, *means, *quats, *log_scales, *logit_opacities, *sh;
};
constexpr ParameterNames kValues = {"x", "x.means", "x.quats", "x.log_scales", "x.logit_opacities", "x.sh"};
constexpr ParameterNames kMeans = {"m", "m.means", "m.quats", "m.log_scales", "m.logit_opacities", "m.sh"};
constexpr ParameterNames kSquares = {"v", "v.means", "v.quats", "v.log_scales", "v.logit_opacities", "v.sh"};

void check_parameters(const Check& check, SplatArguments& arguments, const ParameterNames& names,
                      const dio_splat_parameters* all) {
  check.pointer(names.all, all);
  const auto take = [&](const char* name, const Tensor* tensor, std::initializer_list<const char*> shape) {
    check.pointer(name, tensor);
    arguments.output(name, tensor, shape);
  };
  take(names.means, all->means, {"N", "3"});
  take(names.quats, all->quats, {"N", "4"});
  take(names.log_scales, all->log_scales, {"N", "3"});
  take(names.logit_opacities, all->logit_opacities, {"N"});
  take(names.sh, all->sh, {"N", "K", "3"});
}

}  // namespace

dio_status dio_splat_loss(dio_context* context, const dio_tensor* image, const dio_tensor* target,
                          const dio_tensor* mask, float ssim_weight, dio_tensor* losses,
                          dio_tensor* gradient) {
  return operation(
      "splat_loss", context, &Operations::splat_loss,
      [&](Check& check) {
        const auto picture =
            check.required("image", image).dtype(DIO_F32).shape({"H", "W", "3"}).contiguous();
        const auto goal = check.required("target", target).shape({"H", "W", "3"}).contiguous();
        if (target->dtype != DIO_U8) goal.dtype(DIO_F32);
        const auto weights = check.optional("mask", mask).dtype(DIO_F32).shape({"H", "W"}).contiguous();
        if (!(ssim_weight >= 0 && ssim_weight <= 1)) {
          check.fail("ssim_weight is " + std::to_string(ssim_weight) + ", expected 0 to 1");
        }
        const auto sums = check.required("losses", losses).dtype(DIO_F32).shape({"4"}).contiguous();
        sums.apart_from({picture, goal, weights});
        check.optional("gradient", gradient)
            .dtype(DIO_F32)
            .shape({"H", "W", "3"})
            .contiguous()
            .apart_from({picture, goal, weights, sums});
      },
      [&](auto loss, Context& c) { loss(c, *image, *target, mask, ssim_weight, *losses, gradient); });
}

dio_status dio_adam(dio_context* context, const dio_tensor* gradient, const dio_adam_params* params,
                    dio_tensor* x, dio_tensor* m, dio_tensor* v) {
  return operation(
      "adam", context, &Operations::adam,
      [&](Check& check) {
        check.pointer("params", params);
        check.finite("learning_rate", params->learning_rate);
        check_adam(check, *params);
        const auto given = check.required("gradient", gradient).dtype(DIO_F32);
        inner_contiguous(check, "gradient", *gradient);
        const auto learnt = check.required("x", x).dtype(DIO_F32).shape_of(given).output();
        inner_contiguous(check, "x", *x);
        const auto mean = check.required("m", m).dtype(DIO_F32).shape_of(given).output();
        inner_contiguous(check, "m", *m);
        const auto square = check.required("v", v).dtype(DIO_F32).shape_of(given).output();
        inner_contiguous(check, "v", *v);
        learnt.apart_from({given});
        mean.apart_from({given, learnt});
        square.apart_from({given, learnt, mean});
      },
      [&](auto adam, Context& c) { adam(c, *gradient, *params, *x, *m, *v); });
}

dio_status dio_splat_backward_step(dio_context* context, dio_splat_frame* frame,
                                   const dio_splat_images* image_gradients, const dio_splat_step* step,
                                   const dio_splat_parameters* x, const dio_splat_parameters* m,
                                   const dio_splat_parameters* v, dio_tensor* means2d) {
  return operation(
      "splat_backward_step", context, &Operations::splat_backward_step,
      [&](Check& check) {
        check_step(check, step);
        check_rendering(check, context, frame);
        if (frame->frame->feature_channels > 0) {
          check.fail("the rendering had features, which a step does not learn; render without them");
        }
        SplatArguments arguments(check);
        check_images(check, arguments, kImageGradients, image_gradients, false, false);
        check_parameters(check, arguments, kValues, x);
        check_parameters(check, arguments, kMeans, m);
        check_parameters(check, arguments, kSquares, v);
        arguments.output("means2d", means2d, {"N", "2"});
      },
      [&](auto learn, Context& c) {
        frame->frame->rendered = false;  // its Gaussians will have moved
        learn(c, *frame->frame, *image_gradients, *step, *x, *m, *v, means2d);
      });
}

dio_status dio_splat_relocate(dio_context* context, const dio_tensor* counts, float min_opacity,
                              dio_tensor* logit_opacities, dio_tensor* log_scales) {
  return operation(
      "splat_relocate", context, &Operations::splat_relocate,
      [&](Check& check) {
        const auto copies = check.required("counts", counts).dtype(DIO_I32).shape({"N"}).contiguous();
        copies.values_between(1, kMaxCopies);
        if (!(min_opacity > 0 && min_opacity < 1)) {
          check.fail("min_opacity is " + std::to_string(min_opacity) +
                     ", expected more than 0 and less than 1");
        }
        const auto opacities =
            check.required("logit_opacities", logit_opacities).dtype(DIO_F32).shape({"N"}).contiguous();
        opacities.apart_from({copies});
        check.required("log_scales", log_scales)
            .dtype(DIO_F32)
            .shape({"N", "3"})
            .contiguous()
            .apart_from({copies, opacities});
      },
      [&](auto relocate, Context& c) { relocate(c, *counts, min_opacity, *logit_opacities, *log_scales); });
}

dio_status dio_splat_perturb(dio_context* context, const dio_tensor* quats, const dio_tensor* log_scales,
                             const dio_tensor* logit_opacities, const dio_tensor* noise,
                             dio_splat_noise_kind kind, float gain, dio_tensor* means) {
  return operation(
      "splat_perturb", context, &Operations::splat_perturb,
      [&](Check& check) {
        const auto rotations = check.required("quats", quats).dtype(DIO_F32).shape({"N", "4"}).contiguous();
        const auto scales =
            check.required("log_scales", log_scales).dtype(DIO_F32).shape({"N", "3"}).contiguous();
        const auto opacities =
            check.optional("logit_opacities", logit_opacities).dtype(DIO_F32).shape({"N"}).contiguous();
        const auto normals = check.required("noise", noise).dtype(DIO_F32).shape({"N", "3"}).contiguous();
        check.between("kind", kind, DIO_SPLAT_NOISE_SAMPLE, DIO_SPLAT_NOISE_COVARIANCE);
        if (kind == DIO_SPLAT_NOISE_COVARIANCE) check.pointer("logit_opacities", logit_opacities);
        check.finite("gain", gain);
        check.required("means", means)
            .dtype(DIO_F32)
            .shape({"N", "3"})
            .contiguous()
            .apart_from({rotations, scales, opacities, normals});
      },
      [&](auto perturb, Context& c) {
        perturb(c, *quats, *log_scales, logit_opacities, *noise, kind, gain, *means);
      });
}

dio_status dio_splat_noise(dio_context* context, uint64_t seed, dio_tensor* out) {
  return operation(
      "splat_noise", context, &Operations::splat_noise,
      [&](Check& check) {
        check.required("out", out).dtype(DIO_F32).shape({"N", "3"}).contiguous();
      },
      [&](auto noise, Context& c) { noise(c, seed, *out); });
}

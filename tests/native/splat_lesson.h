#pragma once

// What a step of training needs: a scene, its pictures' gradients, and what Adam remembers.

#include <string>

#include "splat_scene.h"

namespace diorama::test {

// One set of parameters: what is learnt, or one of Adam's means.
struct Parameters {
  Parameters(const SceneSizes& s, Random& random, double scale, double mean)
      : means(TestTensor(DIO_F32, {s.count, 3}).normal(random, scale, mean)),
        quats(TestTensor(DIO_F32, {s.count, 4}).normal(random, scale, mean)),
        log_scales(TestTensor(DIO_F32, {s.count, 3}).normal(random, scale, mean)),
        logit_opacities(TestTensor(DIO_F32, {s.count}).normal(random, scale, mean)),
        sh(TestTensor(DIO_F32, {s.count, s.coefficients, 3}).normal(random, scale, mean)) {}

  dio_splat_parameters get() { return {means, quats, log_scales, logit_opacities, sh}; }
  std::vector<TestTensor*> all() { return {&means, &quats, &log_scales, &logit_opacities, &sh}; }

  TestTensor means, quats, log_scales, logit_opacities, sh;
};

inline dio_splat_parameters parameters_of(TestScene& scene) {
  return {scene.means, scene.quats, scene.log_scales, scene.logit_opacities, scene.sh};
}

// Gradients are off by what splat_drawing_test.cpp derives for them, 4 * 48 units in the last place of the
// largest; what is learnt by less, as Adam's step is small beside the value; a running mean of squares by
// twice as much.
inline constexpr Tolerance kSteps = {.factor = 2, .slack = 2 * 4 * 48 * 0x1p-24};

inline constexpr dio_splat_step kStep = {.step = 7,
                                         .beta1 = 0.9f,
                                         .beta2 = 0.99f,
                                         .eps = 1e-3f,
                                         .means_rate = 0.01f,
                                         .quats_rate = 0.02f,
                                         .log_scales_rate = 0.03f,
                                         .logit_opacities_rate = 0.04f,
                                         .constant_colors_rate = 0.05f,
                                         .other_colors_rate = 0.005f,
                                         .opacity_penalty = 0,
                                         .scale_penalty = 0};

// A scene, pictures that were drawn of it and gradients of pictures, and what Adam remembers.
struct Lesson {
  Lesson(uint64_t seed, const SceneSizes& sizes, int32_t model, dio_splat_step step = kStep,
         int32_t width = 37, int32_t height = 29)
      : random(seed),
        step(step),
        scene(random, sizes),
        camera(test_camera(model, width, height)),
        settings(smooth_settings()),
        pictures(camera, 0),
        weights(camera, 0, &random),
        m(sizes, random, 0.1, 0),
        v(sizes, random, 1e-3, 0.02),
        means2d(TestTensor(DIO_F32, {sizes.count, 2}).filled(0)) {}

  // Colours alone, as training has it, or every picture.
  dio_status learn(dio_context* context, bool every_picture) {
    const Frame frame(context);
    if (frame.status != DIO_STATUS_OK) return frame.status;
    const dio_splat_gaussians gaussians = scene.get();
    const dio_splat_images drawn = pictures.get(), given = weights.get();
    const dio_splat_images colors = {given.rgb, nullptr, nullptr, nullptr, nullptr, nullptr};
    const dio_status status = dio_splat_render(context, frame, &gaussians, &camera, &settings, &drawn);
    if (status != DIO_STATUS_OK) return status;
    const dio_splat_parameters x = parameters_of(scene), means = m.get(), squares = v.get();
    return dio_splat_backward_step(context, frame, every_picture ? &given : &colors, &step, &x, &means,
                                   &squares, means2d);
  }
  std::vector<TestTensor*> inputs() {
    std::vector<TestTensor*> list = pictures.all();
    for (TestTensor* tensor : weights.all()) list.push_back(tensor);
    return list;
  }
  // x, m, v, means2d: five each, and one.
  std::vector<TestTensor*> outputs() {
    std::vector<TestTensor*> list = {&scene.means, &scene.quats, &scene.log_scales, &scene.logit_opacities,
                                     &scene.sh};
    for (TestTensor* tensor : m.all()) list.push_back(tensor);
    for (TestTensor* tensor : v.all()) list.push_back(tensor);
    list.push_back(&means2d);
    return list;
  }
  void conforms(const std::string& title, bool every_picture) {
    conform(
        title, inputs(), outputs(), [&](dio_context* c) { return learn(c, every_picture); }, kSteps);
  }

  Random random;
  dio_splat_step step;
  TestScene scene;
  dio_splat_camera camera;
  dio_splat_settings settings;
  Pictures pictures, weights;
  Parameters m, v;
  TestTensor means2d;
};

inline dio_splat_step with_penalties(float opacity, float scale) {
  dio_splat_step step = kStep;
  step.opacity_penalty = opacity;
  step.scale_penalty = scale;
  return step;
}

}  // namespace diorama::test

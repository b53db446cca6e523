// dio_splat_backward_step: a whole step of training against the same in double, and its parts by themselves.
#include <cmath>
#include <string>

#include "splat_scene.h"

using namespace diorama::test;

namespace {

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

dio_splat_parameters parameters_of(TestScene& scene) {
  return {scene.means, scene.quats, scene.log_scales, scene.logit_opacities, scene.sh};
}

// Gradients are off by what splat_drawing_test.cpp derives for them, 4 * 48 units in the last place of the
// largest; what is learnt by less, as Adam's step is small beside the value; a running mean of squares by
// twice as much.
constexpr Tolerance kSteps = {.factor = 2, .slack = 2 * 4 * 48 * 0x1p-24};

constexpr dio_splat_step kStep = {.step = 7,
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

dio_splat_step with_penalties(float opacity, float scale) {
  dio_splat_step step = kStep;
  step.opacity_penalty = opacity;
  step.scale_penalty = scale;
  return step;
}

std::vector<std::string> present() {
  std::vector<std::string> names = {"reference", "plain"};
  for (const std::string& name : backends_under_test()) {
    if (shared_context(name)) names.push_back(name);
  }
  return names;
}

}  // namespace

TEST_CASE("step: every number of harmonics, ragged counts, colours alone") {
  uint64_t seed = 1;
  for (const int64_t coefficients : {1, 4, 9, 16}) {
    for (const int64_t count : {1, 33, 128, 201}) {
      Lesson lesson(seed++, {.count = count, .coefficients = coefficients}, DIO_CAMERA_PINHOLE);
      lesson.conforms(std::to_string(count) + " of " + std::to_string(coefficients), false);
    }
  }
}

TEST_CASE("step: every camera, all pictures, antialiased, with penalties, degrees left out") {
  uint64_t seed = 20;
  for (const int32_t model : {DIO_CAMERA_PINHOLE, DIO_CAMERA_ORTHOGRAPHIC, DIO_CAMERA_FISHEYE}) {
    for (const bool antialiased : {false, true}) {
      Lesson lesson(seed++, {.count = 77, .coefficients = 16}, model, with_penalties(30, 20));
      lesson.settings.antialiased = antialiased;
      lesson.settings.sh_degree = antialiased ? 1 : 2;
      lesson.conforms("all pictures", true);
      lesson.conforms("colours", false);
    }
  }
}

TEST_CASE("step: Gaussians over many tiles and over few") {
  Lesson lesson(30, {.count = 40, .coefficients = 4}, DIO_CAMERA_PINHOLE, kStep, 131, 97);
  for (const int64_t i : {0, 7, 38}) {
    lesson.scene.place(i, {0.1 * static_cast<double>(i % 3), 0, 4}, 1.5, 0.6, {0.2, 0.5, 0.9});
  }
  lesson.conforms("63 tiles", true);
}

TEST_CASE("gradients of Gaussians over many tiles, features too") {
  Random random(32);
  const SceneSizes sizes = {.count = 34, .coefficients = 1, .features = 3};
  TestScene scene(random, sizes);
  scene.place(3, {0, 0, 4}, 1.5, 0.6, {0.2, 0.5, 0.9});
  scene.place(33, {0.2, 0.1, 3}, 1, 0.4, {0.9, 0.5, 0.2});
  const dio_splat_camera camera = test_camera(DIO_CAMERA_PINHOLE, 131, 97);
  const dio_splat_settings settings = smooth_settings();
  Pictures pictures(camera, sizes.features), weights(camera, sizes.features, &random);
  Gradients gradients(sizes);
  std::vector<TestTensor*> inputs = scene.inputs();
  for (TestTensor* tensor : pictures.all()) inputs.push_back(tensor);
  for (TestTensor* tensor : weights.all()) inputs.push_back(tensor);
  const auto call = [&](dio_context* c) {
    const Frame frame(c);
    const dio_splat_gaussians gaussians = scene.get();
    const dio_splat_images drawn = pictures.get(), given = weights.get();
    const dio_splat_gradients results = gradients.get();
    const dio_status status = dio_splat_render(c, frame, &gaussians, &camera, &settings, &drawn);
    return status == DIO_STATUS_OK ? dio_splat_backward(c, frame, &gaussians, &given, 0, &results) : status;
  };
  conform("many tiles", inputs, gradients.all(), call, kSteps);
}

TEST_CASE("step: parts of larger tensors, which begin anywhere") {
  // One Gaussian more than is learnt: the first row of each tensor stays as it is.
  const int64_t count = 37;
  Lesson lesson(33, {.count = count + 1, .coefficients = 4}, DIO_CAMERA_PINHOLE);
  std::vector<TestTensor*> outputs = lesson.outputs();
  outputs.pop_back();
  conform(
      "rows from 1 on", lesson.inputs(), outputs,
      [&](dio_context* c) {
        const Frame frame(c);
        std::vector<dio_tensor> parts;
        for (TestTensor* tensor : outputs) {
          dio_tensor part = *tensor->get();
          part.data = static_cast<float*>(part.data) + part.strides[0];
          part.shape[0] = count;
          parts.push_back(part);
        }
        const auto set = [&](std::size_t i) {
          return dio_splat_parameters{&parts[i], &parts[i + 1], &parts[i + 2], &parts[i + 3], &parts[i + 4]};
        };
        const dio_splat_parameters x = set(0), m = set(5), v = set(10);
        const dio_splat_gaussians gaussians = {x.means,           x.quats, x.log_scales,
                                               x.logit_opacities, x.sh,    nullptr};
        const dio_splat_images drawn = lesson.pictures.get(), given = lesson.weights.get();
        const dio_status status =
            dio_splat_render(c, frame, &gaussians, &lesson.camera, &lesson.settings, &drawn);
        if (status != DIO_STATUS_OK) return status;
        return dio_splat_backward_step(c, frame, &given, &lesson.step, &x, &m, &v, nullptr);
      },
      kSteps);
}

TEST_CASE("step: without colours the coefficients follow their running means") {
  Lesson lesson(31, {.count = 50, .coefficients = 4}, DIO_CAMERA_PINHOLE);
  conform(
      "depth alone", lesson.inputs(), lesson.outputs(),
      [&](dio_context* c) {
        const Frame frame(c);
        const dio_splat_gaussians gaussians = lesson.scene.get();
        const dio_splat_images drawn = lesson.pictures.get();
        const dio_splat_images depth = {nullptr, lesson.weights.depth, nullptr, nullptr, nullptr, nullptr};
        const dio_status status =
            dio_splat_render(c, frame, &gaussians, &lesson.camera, &lesson.settings, &drawn);
        if (status != DIO_STATUS_OK) return status;
        const dio_splat_parameters x = parameters_of(lesson.scene), m = lesson.m.get(), v = lesson.v.get();
        return dio_splat_backward_step(c, frame, &depth, &lesson.step, &x, &m, &v, nullptr);
      },
      kSteps);
}

TEST_CASE("step: the penalties' gradients are those of differences") {
  // With beta1 = 0 the running mean is the gradient itself; pictures have none.
  dio_splat_step step = with_penalties(3, 5);
  step.beta1 = 0;
  Lesson lesson(40, {.count = 61, .coefficients = 1}, DIO_CAMERA_PINHOLE, step);
  for (TestTensor* tensor : lesson.weights.all()) {
    for (std::size_t i = 0; i < tensor->read().size(); ++i) put(*tensor, static_cast<int64_t>(i), 0);
  }
  const auto logits = lesson.scene.logit_opacities.read(), scales = lesson.scene.log_scales.read();
  for (const std::string& backend : present()) {
    INFO(backend);
    const auto results = run_on(backend, lesson.inputs(), lesson.outputs(),
                                [&](dio_context* c) { return lesson.learn(c, false); });
    const auto &on_scales = results[7], &on_logits = results[8];
    const double h = 1e-4;
    for (std::size_t i = 0; i < logits.size(); ++i) {
      const auto opacity = [](double logit) { return 1 / (1 + std::exp(-logit)); };
      const double slope = 3.0 / 61 * (opacity(logits[i] + h) - opacity(logits[i] - h)) / (2 * h);
      CHECK(on_logits[i] == doctest::Approx(slope).epsilon(1e-6));
    }
    for (std::size_t i = 0; i < scales.size(); ++i) {
      const double slope = 5.0 / (3 * 61) * (std::exp(scales[i] + h) - std::exp(scales[i] - h)) / (2 * h);
      CHECK(on_scales[i] == doctest::Approx(slope).epsilon(1e-6));
    }
  }
}

TEST_CASE("step: what has no number pays nothing and is not drawn; infinite opacities are") {
  Lesson lesson(41, {.count = 40, .coefficients = 4}, DIO_CAMERA_PINHOLE, with_penalties(10, 10));
  put(lesson.scene.logit_opacities, 0, NAN);
  put(lesson.scene.logit_opacities, 1, INFINITY);
  put(lesson.scene.logit_opacities, 2, -INFINITY);
  put(lesson.scene.log_scales, 9, NAN);
  put(lesson.scene.log_scales, 12, INFINITY);
  put(lesson.scene.log_scales, 15, -INFINITY);
  put(lesson.scene.log_scales, 18, 88);
  put(lesson.scene.means, 21, NAN);
  put(lesson.scene.quats, 32, INFINITY);
  put(lesson.scene.sh, 9 * 12, NAN);
  lesson.conforms("hostile", false);
  // Everything else stays finite: none spoils its neighbours.
  for (const std::string& backend : present()) {
    INFO(backend);
    const auto results = run_on(backend, lesson.inputs(), lesson.outputs(),
                                [&](dio_context* c) { return lesson.learn(c, false); });
    for (std::size_t group = 0; group < 5; ++group) {
      const auto& values = results[group];
      for (std::size_t i = values.size() / 4; i < values.size(); ++i) CHECK(std::isfinite(values[i]));
    }
    for (std::size_t list = 5; list < results.size(); ++list) {
      for (const double value : results[list]) CHECK(std::isfinite(value));
    }
  }
}

TEST_CASE("step: the frame must render again, and what does not fit is refused") {
  Lesson lesson(50, {.count = 9, .coefficients = 4}, DIO_CAMERA_PINHOLE);
  dio_context* context = shared_context(kHost);
  const Frame frame(context);
  const dio_splat_gaussians gaussians = lesson.scene.get();
  const dio_splat_images drawn = lesson.pictures.get(), given = lesson.weights.get();
  const dio_splat_parameters x = parameters_of(lesson.scene), m = lesson.m.get(), v = lesson.v.get();
  const auto learn = [&](const dio_splat_step& step, const dio_splat_parameters& values,
                         const dio_splat_parameters& means) {
    const dio_status status =
        dio_splat_backward_step(context, frame, &given, &step, &values, &means, &v, nullptr);
    return status == DIO_STATUS_OK ? std::string() : std::string(dio_last_error());
  };
  const std::string nothing =
      "splat_backward_step: frame has no rendering to go back from; call splat_render first";
  CHECK(learn(kStep, x, m) == nothing);
  const auto render = [&](const dio_splat_gaussians& what) {
    REQUIRE(dio_splat_render(context, frame, &what, &lesson.camera, &lesson.settings, &drawn) ==
            DIO_STATUS_OK);
  };
  render(gaussians);
  dio_splat_step step = kStep;
  step.step = 0;
  CHECK(learn(step, x, m).find("step is 0") != std::string::npos);
  step = kStep;
  step.scale_penalty = -1;
  CHECK(learn(step, x, m).find("scale_penalty") != std::string::npos);
  step = kStep;
  step.quats_rate = INFINITY;
  CHECK(learn(step, x, m).find("quats_rate") != std::string::npos);
  dio_splat_parameters wrong = m;
  wrong.sh = nullptr;
  CHECK(learn(kStep, x, wrong).find("m.sh") != std::string::npos);
  wrong = m;
  wrong.means = x.means;
  CHECK(learn(kStep, x, wrong).find("m.means overlaps x.means") != std::string::npos);
  wrong = x;
  wrong.log_scales = x.means;
  CHECK(learn(kStep, wrong, m).find("x.log_scales overlaps x.means") != std::string::npos);
  wrong.log_scales = m.logit_opacities;
  CHECK(learn(kStep, wrong, m).find("x.log_scales has shape") != std::string::npos);
  CHECK(learn(kStep, x, m).empty());
  CHECK(learn(kStep, x, m) == nothing);
  Lesson featured(51, {.count = 9, .coefficients = 4, .features = 2}, DIO_CAMERA_PINHOLE);
  render(featured.scene.get());
  CHECK(learn(kStep, x, m).find("had features") != std::string::npos);
}

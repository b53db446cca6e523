// Splats drawn and differentiated with every instruction set that this processor has.
#include "instruction_sets.h"
#include "splat_scene.h"

using namespace diorama::test;

namespace {

// As in splat_drawing_test.cpp, which derives them.
constexpr Tolerance kPictures = {.factor = 2, .slack = 48 * 0x1p-24};
constexpr Tolerance kGradients = {.factor = 2, .slack = 4 * kPictures.slack};

}  // namespace

TEST_CASE("splats on every instruction set of this processor") {
  for_each_instruction_set([&](const std::string& name) {
    INFO(name);
    Random random(31);
    TestScene scene(random, {.count = 120, .coefficients = 16, .features = 2});
    for (const int32_t model : {DIO_CAMERA_PINHOLE, DIO_CAMERA_ORTHOGRAPHIC, DIO_CAMERA_FISHEYE}) {
      const dio_splat_camera camera = test_camera(model, 70, 45);
      const dio_splat_settings settings = smooth_settings();
      Pictures pictures(camera, 2), weights(camera, 2, &random);
      REQUIRE(draw(shared_context("reference"), scene, camera, settings, pictures) == DIO_STATUS_OK);
      weights.spare_edges(pictures.alpha.read());
      // Where alpha is 0 but for rounding, depth / alpha is anything.
      const std::vector<TestTensor*> drawn = {&pictures.rgb, &pictures.depth, &pictures.alpha,
                                              &pictures.normals, &pictures.features};
      conform(
          "pictures", scene.inputs(), drawn,
          [&](dio_context* c) { return draw(c, scene, camera, settings, pictures); }, kPictures);
      Gradients gradients(scene.sizes);
      std::vector<TestTensor*> inputs = scene.inputs();
      for (TestTensor* tensor : weights.all()) inputs.push_back(tensor);
      conform(
          "gradients", inputs, gradients.all(),
          [&](dio_context* c) { return differentiate(c, scene, camera, settings, weights, gradients); },
          kGradients);
    }
  });
}

TEST_CASE("a step of training, with penalties, on every instruction set of this processor") {
  // With an eps of 1 a step is about as long as its gradient is, and off by as much.
  const dio_splat_step step = {.step = 1,
                               .beta1 = 0.9f,
                               .beta2 = 0.99f,
                               .eps = 1,
                               .means_rate = 0.1f,
                               .quats_rate = 0.1f,
                               .log_scales_rate = 0.1f,
                               .logit_opacities_rate = 0.1f,
                               .constant_colors_rate = 0.1f,
                               .other_colors_rate = 0.01f,
                               .opacity_penalty = 50,
                               .scale_penalty = 50};
  for_each_instruction_set([&](const std::string& name) {
    INFO(name);
    Random random(32);
    TestScene scene(random, {.count = 77, .coefficients = 4});
    Gradients m(scene.sizes), v(scene.sizes);
    const dio_splat_camera camera = test_camera(DIO_CAMERA_PINHOLE, 40, 30);
    const dio_splat_settings settings = smooth_settings();
    Pictures pictures(camera, 0), weights(camera, 0, &random);
    std::vector<TestTensor*> inputs = pictures.all(), outputs;
    for (TestTensor* tensor : weights.all()) inputs.push_back(tensor);
    const auto parameters = [&](auto& set) {
      for (TestTensor* t : {&set.means, &set.quats, &set.log_scales, &set.logit_opacities, &set.sh}) {
        outputs.push_back(t);
      }
    };
    parameters(scene), parameters(m), parameters(v);
    conform(
        "step", inputs, outputs,
        [&](dio_context* c) {
          const Frame frame(c);
          const dio_splat_gaussians gaussians = scene.get();
          const dio_splat_images drawn = pictures.get(), given = weights.get();
          const dio_status status = dio_splat_render(c, frame, &gaussians, &camera, &settings, &drawn);
          if (status != DIO_STATUS_OK) return status;
          const auto of = [](auto& set) {
            return dio_splat_parameters{set.means, set.quats, set.log_scales, set.logit_opacities, set.sh};
          };
          const dio_splat_parameters x = of(scene), means = of(m), squares = of(v);
          return dio_splat_backward_step(c, frame, &given, &step, &x, &means, &squares, nullptr);
        },
        kGradients);
  });
}

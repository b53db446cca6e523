// Splats drawn and differentiated with every instruction set that this processor has.
#include "instruction_sets.h"
#include "splat_lesson.h"

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
  for_each_instruction_set([&](const std::string& name) {
    INFO(name);
    Lesson lesson(32, {.count = 77, .coefficients = 4}, DIO_CAMERA_PINHOLE, with_penalties(50, 50), 40, 30);
    lesson.conforms("step", false);
  });
}

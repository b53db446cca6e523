// The CPU's backward pass records a tile's runs of pixels on a tape of 4,096 runs; longer lists are recorded
// in pieces. And its sums are made in an order that no thread changes.
#include "splat_scene.h"

using namespace diorama::test;

namespace {

// Many small Gaussians on one tile, some 10,000 runs of eight pixels.
TestScene crowded(Random& random, double opacity) {
  TestScene scene(random, {.count = 3000, .coefficients = 1});
  for (int64_t i = 0; i < scene.sizes.count; ++i) {
    const double z = 2 + 0.001 * static_cast<double>(i * 1301 % scene.sizes.count);
    scene.place(i, {0.7 * random.normal(), 0.7 * random.normal(), z}, 0.1 + 0.1 * random.uniform(), opacity,
                {random.uniform(), random.uniform(), random.uniform()});
  }
  return scene;
}

}  // namespace

TEST_CASE("gradients of a list that is recorded in pieces conform") {
  Random random(21);
  for (const double opacity : {0.03, 0.2}) {
    TestScene scene = crowded(random, opacity);
    const dio_splat_camera camera = test_camera(DIO_CAMERA_PINHOLE, 32, 32);
    Pictures weights(camera, 0, &random);
    for (int64_t i = 0; i < 32 * 32; ++i) put(weights.expected_depth, i, 0);
    Gradients gradients(scene.sizes);
    dio_splat_settings settings = smooth_settings();
    settings.alpha_min = 1e-3f;
    std::vector<TestTensor*> inputs = scene.inputs();
    for (TestTensor* tensor : weights.all()) inputs.push_back(tensor);
    conform("opacity " + std::to_string(opacity), inputs, gradients.all(),
            [&](dio_context* context) {
              return differentiate(context, scene, camera, settings, weights, gradients);
            },
            {.slack = 2e-6});
  }
}

TEST_CASE("gradients have the same bits with any number of threads") {
  Random random(22);
  TestScene scene = crowded(random, 0.4);
  const dio_splat_camera camera = test_camera(DIO_CAMERA_PINHOLE, 130, 97);
  Pictures weights(camera, 0, &random);
  std::vector<std::vector<double>> first;
  for (const int threads : {1, 2, 5}) {
    dio_context* context = nullptr;
    REQUIRE(dio_context_create("cpu", threads, &context) == DIO_STATUS_OK);
    Gradients gradients(scene.sizes);
    REQUIRE(differentiate(context, scene, camera, default_settings(), weights, gradients) == DIO_STATUS_OK);
    std::vector<std::vector<double>> found;
    for (TestTensor* tensor : gradients.all()) found.push_back(tensor->read());
    if (first.empty()) first = found;
    CHECK(found == first);
    REQUIRE(dio_context_destroy(context) == DIO_STATUS_OK);
  }
}

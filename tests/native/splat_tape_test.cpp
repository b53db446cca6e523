// The CPU's backward pass records a tile's runs of pixels on a tape of 32,768 runs; longer lists are recorded
// in pieces (devices: in buckets). And its sums are made in an order that no thread changes.
#include "splat_scene.h"

using namespace diorama::test;

namespace {

// Many small Gaussians on one tile, far more runs of eight pixels than fit.
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
            {.slack = 48 * 0x1p-24});
  }
}

namespace {

// A pixel's weights add up to its alpha, so the gradients of a feature's sum over the picture add up to the
// sum of alphas: whatever the thresholds decide, as long as both passes decide the same and no piece loses a
// run.
void check_both_passes(const std::string& backend, int64_t count) {
  INFO(backend << ", " << count << " Gaussians");
  Random random(static_cast<uint64_t>(count));
  TestScene scene(random, {.count = count, .coefficients = 1, .features = 1});
  for (int64_t i = 0; i < count; ++i) put(scene.logit_opacities, i, -3 + 0.5 * random.normal());
  const dio_splat_camera camera = test_camera(DIO_CAMERA_PINHOLE, 48, 32);
  const dio_splat_settings settings = default_settings();
  Pictures pictures(camera, 1), ones(camera, 1);
  for (int64_t i = 0; i < 48 * 32; ++i) put(ones.features, i, 1);
  Gradients gradients(scene.sizes);
  {
    dio_context* context = shared_context(backend);
    const Placed placed(context,
                        together({scene.inputs(), pictures.all(), {&ones.features, &gradients.features}}));
    const Frame frame(context);
    const dio_splat_gaussians gaussians = scene.get();
    const dio_splat_images drawn = pictures.get();
    REQUIRE(dio_splat_render(context, frame, &gaussians, &camera, &settings, &drawn) == DIO_STATUS_OK);
    dio_splat_images given{};
    given.features = ones.features;
    dio_splat_gradients results{};
    results.features = gradients.features;
    REQUIRE(dio_splat_backward(context, frame, &gaussians, &given, 0, &results) == DIO_STATUS_OK);
  }
  double alpha = 0, weight = 0;
  for (const double value : pictures.alpha.read()) alpha += value;
  for (const double value : gradients.features.read()) weight += value;
  CHECK(weight == doctest::Approx(alpha).epsilon(1e-6));
}

}  // namespace

TEST_CASE("both passes draw the same when pixels end within a recorded list") {
  for (const int64_t count : {6000, 12000, 20000, 28000, 36000}) check_both_passes(kHost, count);
  for (const std::string& backend : backends_under_test()) {
    if (shared_context(backend)) check_both_passes(backend, 6000);
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
    REQUIRE(dio_context_create(kHost, threads, &context) == DIO_STATUS_OK);
    Gradients gradients(scene.sizes);
    REQUIRE(differentiate(context, scene, camera, default_settings(), weights, gradients) == DIO_STATUS_OK);
    std::vector<std::vector<double>> found;
    for (TestTensor* tensor : gradients.all()) found.push_back(tensor->read());
    if (first.empty()) first = found;
    CHECK(found == first);
    REQUIRE(dio_context_destroy(context) == DIO_STATUS_OK);
  }
}

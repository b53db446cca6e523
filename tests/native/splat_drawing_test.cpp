// dio_splat_project, dio_splat_render and dio_splat_backward on every backend: all cameras, sizes and
// channels against `reference`. What can be worked out by hand is in splat_compositing_test.cpp.
#include "splat_scene.h"

using namespace diorama::test;

namespace {

// A small picture may be exact on plain by luck. In float a conic has an error of some 8 units in the last
// place and sigma, at most ln 255 = 5.5, with it, so that alpha, exp(-sigma), is off by some 5.5 * 8.
constexpr Tolerance kPictures = {.factor = 2, .slack = 48 * 0x1p-24};

// A gradient goes through alpha, both factors of conic G conic, and J^T G J.
constexpr Tolerance kGradients = {.factor = 2, .slack = 4 * kPictures.slack};

constexpr int32_t kCameras[] = {DIO_CAMERA_PINHOLE, DIO_CAMERA_ORTHOGRAPHIC, DIO_CAMERA_FISHEYE};

std::string title(const dio_splat_camera& camera, const dio_splat_settings& settings) {
  const char* names[] = {"pinhole", "orthographic", "fisheye"};
  return std::string(names[camera.model]) + (settings.antialiased ? " antialiased " : " ") +
         std::to_string(camera.width) + "x" + std::to_string(camera.height);
}

void conform_pictures(TestScene& scene, const dio_splat_camera& camera, const dio_splat_settings& settings) {
  Pictures pictures(camera, scene.sizes.features);
  // The expected depth is left to the hard cut: it jumps where a pixel's first Gaussian fades in.
  dio_splat_images images = pictures.get();
  images.expected_depth = nullptr;
  std::vector<TestTensor*> outputs;
  for (TestTensor* tensor : pictures.all()) {
    if (tensor != &pictures.expected_depth) outputs.push_back(tensor);
  }
  conform(
      title(camera, settings), scene.inputs(), outputs,
      [&](dio_context* context) {
        const Frame frame(context);
        const dio_splat_gaussians gaussians = scene.get();
        return dio_splat_render(context, frame, &gaussians, &camera, &settings, &images);
      },
      kPictures);
}

void conform_gradients(TestScene& scene, const dio_splat_camera& camera, const dio_splat_settings& settings,
                       Random& random) {
  Pictures pictures(camera, scene.sizes.features), weights(camera, scene.sizes.features, &random);
  REQUIRE(draw(shared_context("reference"), scene, camera, settings, pictures) == DIO_STATUS_OK);
  weights.spare_edges(pictures.alpha.read());
  Gradients gradients(scene.sizes);
  std::vector<TestTensor*> inputs = scene.inputs();
  for (TestTensor* tensor : weights.all()) inputs.push_back(tensor);
  conform(
      title(camera, settings), inputs, gradients.all(),
      [&](dio_context* context) {
        return differentiate(context, scene, camera, settings, weights, gradients);
      },
      kGradients);
}

}  // namespace

TEST_CASE("every backend draws") {
  for (const std::string& backend : drawing_backends()) {
    for (const std::string operation : {"splat_project", "splat_render", "splat_backward"}) {
      INFO(backend << " " << operation);
      int32_t supported = 0;
      REQUIRE(dio_backend_supports(backend.c_str(), operation.c_str(), DIO_F32, &supported) == DIO_STATUS_OK);
      CHECK(supported == 1);
    }
  }
}

TEST_CASE("projections conform") {
  Random random(1);
  for (const int64_t coefficients : {1, 4, 9, 16}) {
    const SceneSizes sizes{.count = 203, .coefficients = coefficients};
    TestScene scene(random, sizes);
    for (const int32_t model : kCameras) {
      for (const bool antialiased : {false, true}) {
        const dio_splat_camera camera = test_camera(model, 83, 61);
        dio_splat_settings settings = default_settings();
        settings.antialiased = antialiased;
        settings.sh_degree = antialiased ? 1 : -1;
        TestTensor means2d(DIO_F32, {sizes.count, 2}), conics(DIO_F32, {sizes.count, 3}),
            depths(DIO_F32, {sizes.count}), compensations(DIO_F32, {sizes.count}),
            colors(DIO_F32, {sizes.count, 3}), radii(DIO_I32, {sizes.count, 2});
        conform(title(camera, settings), scene.inputs(),
                {&means2d, &conics, &depths, &compensations, &colors, &radii}, [&](dio_context* context) {
                  const dio_splat_gaussians gaussians = scene.get();
                  const dio_splat_projection out = {means2d, conics, depths, compensations, colors, radii};
                  return dio_splat_project(context, &gaussians, &camera, &settings, &out);
                });
      }
    }
  }
}

TEST_CASE("harmonics of half precision conform") {
  Random random(8);
  for (const int64_t coefficients : {1, 4, 9, 16}) {
    TestScene scene(random, {.count = 91, .coefficients = coefficients, .harmonics = DIO_F16});
    const dio_splat_camera camera = test_camera(DIO_CAMERA_PINHOLE, 37, 29);
    conform_pictures(scene, camera, smooth_settings());
    TestTensor colors(DIO_F32, {scene.sizes.count, 3});
    const dio_splat_settings settings = default_settings();
    conform(title(camera, settings), scene.inputs(), {&colors}, [&](dio_context* context) {
      const dio_splat_gaussians gaussians = scene.get();
      const dio_splat_projection out = {nullptr, nullptr, nullptr, nullptr, colors, nullptr};
      return dio_splat_project(context, &gaussians, &camera, &settings, &out);
    });
  }
}

TEST_CASE("pictures of every size and camera conform") {
  Random random(2);
  TestScene scene(random, {.count = 150, .coefficients = 16, .features = 5});
  for (const auto& [width, height] : {std::pair{1, 1}, {17, 33}, {33, 17}, {64, 48}, {1, 70}, {130, 3}}) {
    for (const int32_t model : kCameras) {
      dio_splat_settings settings = smooth_settings();
      settings.antialiased = width == 17;
      conform_pictures(scene, test_camera(model, width, height), settings);
    }
  }
}

// So many that a device's frame counts its pairs.
TEST_CASE("pictures of many tiles conform") {
  Random random(9);
  TestScene scene(random, {.count = 160, .coefficients = 4});
  conform_pictures(scene, test_camera(DIO_CAMERA_PINHOLE, 1, 30000), smooth_settings());
  conform_pictures(scene, test_camera(DIO_CAMERA_ORTHOGRAPHIC, 30000, 2), smooth_settings());
}

TEST_CASE("any number of features conforms") {
  Random random(3);
  for (const int64_t features : {1, 2, 3, 4, 8, 9, 64}) {
    TestScene scene(random, {.count = 40, .coefficients = 4, .features = features});
    const dio_splat_camera camera = test_camera(DIO_CAMERA_PINHOLE, 37, 21);
    conform_pictures(scene, camera, smooth_settings());
    conform_gradients(scene, camera, smooth_settings(), random);
  }
}

TEST_CASE("gradients of every size and camera conform") {
  Random random(4);
  TestScene scene(random, {.count = 150, .coefficients = 16, .features = 5});
  for (const auto& [width, height] : {std::pair{1, 1}, {17, 33}, {64, 48}}) {
    for (const int32_t model : kCameras) {
      dio_splat_settings settings = smooth_settings();
      settings.antialiased = width == 17;
      conform_gradients(scene, test_camera(model, width, height), settings, random);
    }
  }
}

TEST_CASE("pictures with hard thresholds are those of the reference but for one pixel in a thousand") {
  Random random(5);
  for (const int32_t model : kCameras) {
    TestScene scene(random, {.count = 700, .coefficients = 9, .features = 2});
    const dio_splat_camera camera = test_camera(model, 131, 77);
    Pictures pictures(camera, scene.sizes.features);
    const Call call = [&](dio_context* context) {
      return draw(context, scene, camera, default_settings(), pictures);
    };
    const auto truth = run_on("reference", scene.inputs(), pictures.all(), call);
    for (const std::string& backend : drawing_backends()) {
      if (backend == "reference") continue;
      INFO(backend << " " << title(camera, default_settings()));
      const auto found = run_on(backend, scene.inputs(), pictures.all(), call);
      for (std::size_t n = 0; n < truth.size(); ++n) {
        int64_t off = 0;
        for (std::size_t i = 0; i < truth[n].size(); ++i) {
          off += !(std::fabs(found[n][i] - truth[n][i]) <= 1e-4);
        }
        CHECK(off <= static_cast<int64_t>(truth[n].size()) / 1000);
      }
    }
  }
}

TEST_CASE("10,000 Gaussians on one pixel conform") {
  Random random(6);
  const int64_t count = 10000;
  TestScene scene(random, {.count = count, .coefficients = 1});
  for (int64_t i = 0; i < count; ++i) {
    // Depths further apart than rounding, in no order.
    const double z = 2 + static_cast<double>(i * 7919 % count) / 4096;
    const double color = random.uniform();
    // Most below alpha_min, so that many remain in sight.
    scene.place(i, {0.01 * z * random.normal(), 0.01 * z * random.normal(), z}, 0.02,
                i % 50 == 0 ? 0.3 : 0.002 + 0.004 * random.uniform(), {color, 1 - color, 0.5});
  }
  dio_splat_camera camera = test_camera(DIO_CAMERA_PINHOLE, 1, 1);
  const float straight[16] = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1};
  std::copy(straight, straight + 16, camera.view);
  camera.fx = camera.fy = 20;
  conform_pictures(scene, camera, smooth_settings());
  conform_gradients(scene, camera, smooth_settings(), random);
}

TEST_CASE("Gaussians around and before the camera conform") {
  Random random(7);
  TestScene scene(random, {.count = 60, .coefficients = 4});
  // One that holds the camera, its centre just in front; one that is centred on it; one behind; and a few
  // whose covariances the pinhole's clamped Jacobian keeps at bay.
  scene.place(0, {0.75, 0.5, 0.1}, 1.5, 0.4, {1, 0.1, 0.2});
  scene.place(1, {0.75, 0.5, -0.25}, 2, 0.5, {0.1, 1, 0.2});
  scene.place(2, {0.5, 0.5, -4}, 3, 0.5, {0.1, 0.2, 1});
  for (int i = 3; i < 9; ++i) scene.place(i, {2.0 * i - 11, 1, 0.5}, 0.7, 0.3, {0.2, 0.4, 0.6});
  for (const int32_t model : kCameras) {
    const dio_splat_camera camera = test_camera(model, 45, 39);
    conform_pictures(scene, camera, smooth_settings());
    conform_gradients(scene, camera, smooth_settings(), random);
  }
}

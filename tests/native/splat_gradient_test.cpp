// dio_splat_backward on `reference` against central differences of dio_splat_render, for every input. With a
// smooth alpha cut and no early stop the pictures are differentiable but for colours clamped at 0, alphas at
// alpha_max and axes that change places, which so small steps hardly meet.
#include "splat_scene.h"

using namespace diorama::test;

namespace {

// Rounds to multiples of 2^-12, to which the steps can be added exactly in float.
void coarsen(TestTensor& tensor) {
  const std::vector<double> values = tensor.read();
  for (std::size_t i = 0; i < values.size(); ++i) {
    tensor.set(static_cast<int64_t>(i), std::round(values[i] * 4096) / 4096);
  }
}

struct Setup {
  Setup(int32_t model, bool antialiased)
      : random(17),
        sizes{.count = 12, .coefficients = 16, .features = 5},
        scene(random, sizes),
        camera(test_camera(model, 27, 22)),
        settings(smooth_settings()),
        pictures(camera, sizes.features),
        weights(camera, sizes.features, &random),
        gradients(sizes) {
    settings.antialiased = antialiased;
    settings.alpha_fade = 0.2f;  // what remains of the fade's kinks is smaller for a slow one
    for (TestTensor* tensor : scene.inputs()) coarsen(*tensor);
    for (int64_t i = 0; i < sizes.count; ++i) {
      for (int k = 0; k < 3; ++k) scene.sh.set(3 * i * sizes.coefficients + k, 1);
    }
    // Beside the picture, beyond where the pinhole's Jacobian is clamped, and large enough to be seen.
    for (int k = 0; k < 3; ++k) scene.log_scales.set(k, k == 2 ? -1.5 : 0.25 + 0.25 * k);
    scene.means.set(0, model == DIO_CAMERA_PINHOLE ? -3.5 : 1);
    scene.means.set(1, model == DIO_CAMERA_PINHOLE ? -3 : 0.5);
    scene.means.set(2, 3.25);
    loss();
    weights.spare_edges(pictures.alpha.read());
  }

  double loss() {
    REQUIRE_MESSAGE(draw(shared_context("reference"), scene, camera, settings, pictures) == DIO_STATUS_OK,
                    dio_last_error());
    const auto drawn = pictures.all(), given = weights.all();
    double sum = 0;
    for (std::size_t n = 0; n < drawn.size(); ++n) {
      const auto a = drawn[n]->read(), b = given[n]->read();
      for (std::size_t i = 0; i < a.size(); ++i) {
        if (b[i] != 0) sum += a[i] * b[i];
      }
    }
    return sum;
  }

  // The slope of the loss as set(step) moves one number: two differences of order 2 make one of order 4.
  // Pictures are rounded to float, which adds about 1e-6 / step.
  template <typename Set>
  double slope(double step, Set&& set) {
    const auto difference = [&](double h) {
      set(h);
      const double high = loss();
      set(-h);
      const double low = loss();
      return (high - low) / (2 * h);
    };
    const double coarse = difference(step), fine = difference(step / 2);
    set(0);
    return (4 * fine - coarse) / 3;
  }

  Random random;
  SceneSizes sizes;
  TestScene scene;
  dio_splat_camera camera;
  dio_splat_settings settings;
  Pictures pictures, weights;
  Gradients gradients;
};

void check_close(const std::string& name, const std::vector<double>& found,
                 const std::vector<double>& expected) {
  double largest = 0, error = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    largest = std::max(largest, std::fabs(expected[i]));
    error = std::max(error, std::fabs(found[i] - expected[i]));
  }
  INFO(name << ": off by " << error << " of " << largest);
  CHECK(largest > 0);
  CHECK(error <= 1e-3 * largest);
}

void check_gradients(int32_t model, bool antialiased) {
  Setup s(model, antialiased);
  REQUIRE(differentiate(shared_context("reference"), s.scene, s.camera, s.settings, s.weights, s.gradients) ==
          DIO_STATUS_OK);
  const auto by_differences = [&](TestTensor& tensor, double step) {
    const std::vector<double> values = tensor.read();
    std::vector<double> slopes;
    for (std::size_t i = 0; i < values.size(); ++i) {
      slopes.push_back(s.slope(step, [&](double h) { tensor.set(static_cast<int64_t>(i), values[i] + h); }));
    }
    return slopes;
  };
  check_close("means", s.gradients.means.read(), by_differences(s.scene.means, 0x1p-9));
  check_close("quats", s.gradients.quats.read(), by_differences(s.scene.quats, 0x1p-9));
  check_close("log_scales", s.gradients.log_scales.read(), by_differences(s.scene.log_scales, 0x1p-8));
  check_close("logit_opacities", s.gradients.logit_opacities.read(),
              by_differences(s.scene.logit_opacities, 0x1p-8));
  check_close("sh", s.gradients.sh.read(), by_differences(s.scene.sh, 0x1p-8));
  check_close("features", s.gradients.features.read(), by_differences(s.scene.features, 0x1p-8));

  std::vector<double> view;
  for (int i = 0; i < 16; ++i) {
    const float entry = s.camera.view[i];
    view.push_back(
        i >= 12 ? 0 : s.slope(0x1p-11, [&](double h) { s.camera.view[i] = entry + static_cast<float>(h); }));
  }
  check_close("view", s.gradients.view.read(), view);
}

}  // namespace

TEST_CASE("gradients of the pinhole camera are those of differences") {
  check_gradients(DIO_CAMERA_PINHOLE, false);
  check_gradients(DIO_CAMERA_PINHOLE, true);
}

TEST_CASE("gradients of the orthographic camera are those of differences") {
  check_gradients(DIO_CAMERA_ORTHOGRAPHIC, false);
  check_gradients(DIO_CAMERA_ORTHOGRAPHIC, true);
}

TEST_CASE("gradients of the fisheye camera are those of differences") {
  check_gradients(DIO_CAMERA_FISHEYE, false);
  check_gradients(DIO_CAMERA_FISHEYE, true);
}

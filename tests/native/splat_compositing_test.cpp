// The rules of drawing on every backend, where the answer can be worked out by hand.
#include "splat_scene.h"

#include <limits>

using namespace diorama::test;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Straight ahead from the origin, ten pixels per unit at depth 1, the axis at the centre of pixel (8, 8).
dio_splat_camera straight_camera(int32_t model = DIO_CAMERA_PINHOLE, int32_t width = 17,
                                 int32_t height = 17) {
  return {model, width, height, 10, 10, 8.5f, 8.5f, {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1}};
}

// A pixel of a picture.
std::vector<double> pixel(TestTensor& picture, int64_t x, int64_t y) {
  const std::vector<double> all = picture.read();
  const auto first = all.begin() + (y * picture->shape[1] + x) * picture->shape[2];
  return {first, first + picture->shape[2]};
}

void check_pixel(const std::vector<double>& found, const std::vector<double>& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i)
    CHECK(found[i] == doctest::Approx(expected[i]).epsilon(1e-5));
}

Pictures drawn_on(const std::string& backend, TestScene& scene, const dio_splat_camera& camera,
                  const dio_splat_settings& settings) {
  Pictures pictures(camera, scene.sizes.features);
  REQUIRE_MESSAGE(draw_on(backend, scene, camera, settings, pictures) == DIO_STATUS_OK, dio_last_error());
  return pictures;
}

void check_all_zero(TestTensor& tensor) {
  for (const double value : tensor.read()) CHECK(value == 0);
}

}  // namespace

TEST_CASE("colours, depths and features are blended front to back over the background") {
  for (const std::string& backend : drawing_backends()) {
    INFO(backend);
    Random random(1);
    TestScene scene(random, {.count = 3, .coefficients = 1, .features = 2});
    // Behind, in front, and far to the side.
    scene.place(0, {0, 0, 4}, 0.1, 0.5, {0, 1, 0});
    scene.place(1, {0, 0, 2}, 0.1, 0.25, {1, 0, 0.5});
    scene.place(2, {1, 0, 2}, 0.01, 0.5, {1, 1, 1});
    const double features[] = {1, 2, -3, 5, 0, 0};
    for (int i = 0; i < 6; ++i) scene.features.set(i, features[i]);
    dio_splat_settings settings = default_settings();
    settings.background[2] = 1;
    Pictures drawn = drawn_on(backend, scene, straight_camera(), settings);
    const double front = 0.25, back = 0.75 * 0.5, rest = 0.75 * 0.5;
    check_pixel(pixel(drawn.rgb, 8, 8), {front, back, 0.5 * front + rest});
    check_pixel(pixel(drawn.depth, 8, 8), {2 * front + 4 * back});
    check_pixel(pixel(drawn.alpha, 8, 8), {1 - rest});
    check_pixel(pixel(drawn.expected_depth, 8, 8), {(2 * front + 4 * back) / (1 - rest)});
    check_pixel(pixel(drawn.features, 8, 8), {back - 3 * front, 2 * back + 5 * front});
    check_pixel(pixel(drawn.rgb, 0, 16), {0, 0, 1});
    check_pixel(pixel(drawn.expected_depth, 0, 16), {0});
  }
}

TEST_CASE("alpha is cut at alpha_max, and a pixel ends before its transmittance would fall to the stop") {
  for (const std::string& backend : drawing_backends()) {
    INFO(backend);
    Random random(2);
    TestScene scene(random, {.count = 3, .coefficients = 1});
    scene.place(0, {0, 0, 2}, 0.1, 0.999999, {1, 0, 0});
    scene.place(1, {0, 0, 3}, 0.1, 0.999999, {0, 1, 0});
    scene.place(2, {0, 0, 4}, 0.1, 0.5, {0, 0, 1});  // behind what ends the pixel: not drawn either
    dio_splat_settings settings = default_settings();
    settings.transmittance_stop = 2e-4f;
    Pictures ended = drawn_on(backend, scene, straight_camera(), settings);
    check_pixel(pixel(ended.rgb, 8, 8), {0.99, 0, 0});
    check_pixel(pixel(ended.alpha, 8, 8), {0.99});
    settings.transmittance_stop = 0.2e-4f;
    Pictures deeper = drawn_on(backend, scene, straight_camera(), settings);
    check_pixel(pixel(deeper.rgb, 8, 8), {0.99, 0.0099, 0.00005});
    settings.alpha_max = 0.5f;
    Pictures thinner = drawn_on(backend, scene, straight_camera(), settings);
    check_pixel(pixel(thinner.rgb, 8, 8), {0.5, 0.25, 0.125});
  }
}

TEST_CASE("a smooth cut multiplies alpha by a smooth step") {
  for (const std::string& backend : drawing_backends()) {
    INFO(backend);
    Random random(3);
    TestScene scene(random, {.count = 1, .coefficients = 1});
    scene.place(0, {0, 0, 2}, 0.1, 0.25, {1, 1, 1});
    dio_splat_settings settings = default_settings();
    settings.alpha_fade = 0.5f;
    Pictures drawn = drawn_on(backend, scene, straight_camera(), settings);
    const double t = (0.25 - 1 / 255.0) / 0.5;
    check_pixel(pixel(drawn.alpha, 8, 8), {0.25 * t * t * (3 - 2 * t)});
  }
}

TEST_CASE("what is below alpha_min is left out") {
  for (const std::string& backend : drawing_backends()) {
    INFO(backend);
    Random random(4);
    TestScene scene(random, {.count = 2, .coefficients = 1});
    scene.place(0, {0, 0, 2}, 0.1, 0.0039, {1, 0, 0});  // 1 / 255 = 0.00392...
    scene.place(1, {0, 0, 3}, 0.1, 0.0040, {0, 1, 0});
    Pictures drawn = drawn_on(backend, scene, straight_camera(), default_settings());
    check_pixel(pixel(drawn.rgb, 8, 8), {0, 0.0040, 0});
  }
}

TEST_CASE("antialiased opacity is that of the Gaussian before the blur") {
  for (const std::string& backend : drawing_backends()) {
    INFO(backend);
    Random random(5);
    TestScene scene(random, {.count = 1, .coefficients = 1});
    scene.place(0, {0, 0, 2}, 0.1, 0.5, {1, 1, 1});
    dio_splat_settings settings = default_settings();
    settings.antialiased = 1;
    Pictures drawn = drawn_on(backend, scene, straight_camera(), settings);
    const double variance = 0.5 * 0.5;  // ten pixels per unit at depth 2
    check_pixel(pixel(drawn.alpha, 8, 8), {0.5 * variance / (variance + 0.3)});
  }
}

TEST_CASE("at equal depth the lower index is in front") {
  for (const std::string& backend : drawing_backends()) {
    INFO(backend);
    Random random(6);
    const int64_t count = 600;  // more than one batch of any sort
    TestScene scene(random, {.count = count, .coefficients = 1});
    for (int64_t i = 0; i < count; ++i) scene.place(i, {0, 0, 2}, 0.1, 0.001, {0, 0, 0});
    scene.place(100, {0, 0, 2}, 0.1, 0.5, {1, 0, 0});
    scene.place(101, {0, 0, 2}, 0.2, 0.5, {0, 1, 0});
    scene.place(599, {0, 0, 2}, 0.1, 0.5, {0, 0, 1});
    Pictures drawn = drawn_on(backend, scene, straight_camera(), default_settings());
    check_pixel(pixel(drawn.rgb, 8, 8), {0.5, 0.25, 0.125});
  }
}

TEST_CASE("depths at the near and far planes are not drawn") {
  for (const std::string& backend : drawing_backends()) {
    for (const int32_t model : {DIO_CAMERA_PINHOLE, DIO_CAMERA_ORTHOGRAPHIC, DIO_CAMERA_FISHEYE}) {
      INFO(backend << " camera " << model);
      Random random(7);
      TestScene scene(random, {.count = 4, .coefficients = 1});
      scene.place(0, {0, 0, 1.5}, 0.1, 0.5, {1, 0, 0});
      scene.place(1, {0, 0, 1.5001}, 0.1, 0.5, {0, 1, 0});
      scene.place(2, {0, 0, 1.9999}, 0.1, 0.5, {0, 0, 1});
      scene.place(3, {0, 0, 2}, 0.1, 0.5, {1, 0, 0});
      dio_splat_settings settings = default_settings();
      settings.near_plane = 1.5f;
      settings.far_plane = 2;
      Pictures drawn = drawn_on(backend, scene, straight_camera(model), settings);
      check_pixel(pixel(drawn.rgb, 8, 8), {0, 0.5, 0.25});
    }
  }
}

TEST_CASE("normals are the shortest axes, turned towards the camera") {
  for (const std::string& backend : drawing_backends()) {
    INFO(backend);
    Random random(8);
    TestScene scene(random, {.count = 1, .coefficients = 1});
    scene.place(0, {0, 0, 2}, 0.2, 0.5, {1, 1, 1});
    scene.log_scales.set(2, std::log(0.01));
    Pictures flat = drawn_on(backend, scene, straight_camera(), default_settings());
    check_pixel(pixel(flat.normals, 8, 8), {0, 0, -0.5});
    // Turned by 60 degrees about y: the axis is (sin 60, 0, cos 60) and looks away.
    scene.quats.set(0, 2 * std::cos(M_PI / 6));
    scene.quats.set(2, 2 * std::sin(M_PI / 6));
    Pictures turned = drawn_on(backend, scene, straight_camera(), default_settings());
    check_pixel(pixel(turned.normals, 8, 8), {-0.5 * std::sqrt(0.75), 0, -0.25});
  }
}

TEST_CASE("a limit on the degree is a scene without the higher coefficients") {
  for (const std::string& backend : drawing_backends()) {
    for (const int32_t degree : {0, 1, 2, 3}) {
      INFO(backend << " degree " << degree);
      Random random(9);
      TestScene full(random, {.count = 30, .coefficients = 16});
      Random same(9);
      TestScene cut(same, {.count = 30, .coefficients = 16});
      for (int64_t i = 0; i < 30; ++i) {
        for (int64_t k = 3 * (degree + 1) * (degree + 1); k < 48; ++k) cut.sh.set(48 * i + k, 0);
      }
      dio_splat_settings settings = default_settings();
      const dio_splat_camera camera = test_camera(DIO_CAMERA_PINHOLE, 33, 19);
      const auto expected = drawn_on(backend, cut, camera, settings).rgb.read();
      settings.sh_degree = degree;
      const auto found = drawn_on(backend, full, camera, settings).rgb.read();
      for (std::size_t i = 0; i < found.size(); ++i) CHECK(std::fabs(found[i] - expected[i]) <= 1e-6);
    }
  }
}

TEST_CASE("where no Gaussian is in view there is the background, and no gradient") {
  for (const std::string& backend : drawing_backends()) {
    INFO(backend);
    Random random(10);
    TestScene scene(random, {.count = 5, .coefficients = 4});
    for (int i = 0; i < 5; ++i) scene.place(i, {0, 0, -3}, 0.1, 0.5, {1, 1, 1});
    dio_splat_settings settings = smooth_settings();
    const dio_splat_camera camera = straight_camera();
    Pictures drawn = drawn_on(backend, scene, camera, settings);
    check_pixel(pixel(drawn.rgb, 3, 5), {0.25, 0.5, 0.125});
    for (TestTensor* picture : {&drawn.depth, &drawn.expected_depth, &drawn.alpha, &drawn.normals}) {
      check_all_zero(*picture);
    }
    Pictures weights(camera, 0, &random);
    Gradients gradients(scene.sizes);
    REQUIRE(differentiate_on(backend, scene, camera, settings, weights, gradients) == DIO_STATUS_OK);
    for (TestTensor* gradient : gradients.all()) check_all_zero(*gradient);
  }
}

TEST_CASE("infinite logits are opacities of 0 and 1, logarithms of -infinity scales of 0") {
  for (const std::string& backend : drawing_backends()) {
    INFO(backend);
    Random random(12);
    TestScene scene(random, {.count = 30, .coefficients = 4});
    Random same(12);
    TestScene finite(same, {.count = 30, .coefficients = 4});
    for (int64_t i = 0; i < 10; ++i) {
      scene.logit_opacities.set(i, i % 2 ? kInfinity : -kInfinity);
      finite.logit_opacities.set(i, i % 2 ? 100 : -100);
      scene.log_scales.set(3 * (10 + i) + i % 3, -kInfinity);
      finite.log_scales.set(3 * (10 + i) + i % 3, -100);
    }
    const dio_splat_camera camera = test_camera(DIO_CAMERA_PINHOLE, 37, 29);
    const dio_splat_settings settings = default_settings();
    Pictures drawn = drawn_on(backend, scene, camera, settings);
    Pictures expected = drawn_on(backend, finite, camera, settings);
    const auto found = drawn.all(), wanted = expected.all();
    for (std::size_t n = 0; n < found.size(); ++n) CHECK(found[n]->read() == wanted[n]->read());
    Pictures weights(camera, 0, &random);
    Gradients gradients(scene.sizes), finite_gradients(scene.sizes);
    REQUIRE(differentiate_on(backend, scene, camera, settings, weights, gradients) == DIO_STATUS_OK);
    REQUIRE(differentiate_on(backend, finite, camera, settings, weights, finite_gradients) == DIO_STATUS_OK);
    const auto got = gradients.all(), due = finite_gradients.all();
    for (std::size_t n = 0; n < got.size(); ++n) CHECK(got[n]->read() == due[n]->read());
  }
}

TEST_CASE("a Gaussian with a value that is not finite, or no rotation, is not there") {
  for (const std::string& backend : drawing_backends()) {
    INFO(backend);
    Random random(11);
    const int64_t count = 60;
    TestScene scene(random, {.count = count, .coefficients = 4, .features = 2});
    Random same(11);
    TestScene clean(same, {.count = count, .coefficients = 4, .features = 2});
    struct Spoilt {
      TestTensor& tensor;
      int64_t width, place;
    };
    const Spoilt kinds[] = {{scene.means, 3, 1},           {scene.quats, 4, 2}, {scene.log_scales, 3, 2},
                            {scene.logit_opacities, 1, 0}, {scene.sh, 12, 11},  {scene.features, 2, 1}};
    int64_t spoilt = 0;
    for (const Spoilt& kind : kinds) {
      for (const double value : {kNaN, kInfinity, -kInfinity}) {
        if (&kind.tensor == &scene.logit_opacities && value == value) continue;  // opacities of 0 and 1
        if (&kind.tensor == &scene.log_scales && value == -kInfinity) continue;  // a scale of 0
        kind.tensor.set(kind.width * spoilt++ + kind.place, value);
      }
    }
    for (int k = 0; k < 4; ++k) scene.quats.set(4 * spoilt + k, 0);
    ++spoilt;
    for (int64_t i = 0; i < spoilt; ++i) clean.means.set(3 * i + 2, -5);  // out of view

    const dio_splat_camera camera = test_camera(DIO_CAMERA_PINHOLE, 37, 29);
    const dio_splat_settings settings = default_settings();
    Pictures drawn = drawn_on(backend, scene, camera, settings);
    Pictures expected = drawn_on(backend, clean, camera, settings);
    const auto found = drawn.all(), wanted = expected.all();
    for (std::size_t n = 0; n < found.size(); ++n) CHECK(found[n]->read() == wanted[n]->read());

    TestTensor radii(DIO_I32, {count, 2}), depths(DIO_F32, {count});
    {
      const Placed placed(shared_context(backend), together({scene.inputs(), {&radii, &depths}}));
      const dio_splat_gaussians gaussians = scene.get();
      const dio_splat_projection projection = {nullptr, nullptr, depths, nullptr, nullptr, radii};
      REQUIRE(dio_splat_project(shared_context(backend), &gaussians, &camera, &settings, &projection) ==
              DIO_STATUS_OK);
    }
    int64_t in_view = 0;
    for (int64_t i = 0; i < count; ++i) {
      const bool seen = radii.read()[static_cast<std::size_t>(2 * i)] > 0;
      in_view += seen;
      if (i < spoilt) CHECK_MESSAGE(!seen, "Gaussian " << i);
      if (!seen) CHECK(depths.read()[static_cast<std::size_t>(i)] == 0);
    }
    CHECK(in_view > 0);

    Pictures weights(camera, 2, &random);
    Gradients gradients(scene.sizes);
    REQUIRE(differentiate_on(backend, scene, camera, settings, weights, gradients) == DIO_STATUS_OK);
    for (TestTensor* gradient : gradients.all()) {
      const std::vector<double> values = gradient->read();
      const std::size_t row = values.size() / static_cast<std::size_t>(count);
      for (std::size_t i = 0; i < values.size(); ++i) {
        CHECK(std::isfinite(values[i]));
        if (gradient != &gradients.view && i < row * static_cast<std::size_t>(spoilt)) CHECK(values[i] == 0);
      }
    }
  }
}

TEST_CASE("opacities of 0 and 1") {
  for (const std::string& backend : drawing_backends()) {
    INFO(backend);
    Random random(12);
    TestScene scene(random, {.count = 2, .coefficients = 1});
    scene.place(0, {0, 0, 2}, 0.1, 0.5, {1, 0, 0});
    scene.place(1, {0, 0, 3}, 0.1, 0.5, {0, 1, 0});
    scene.logit_opacities.set(0, -200);
    scene.logit_opacities.set(1, 200);
    Pictures drawn = drawn_on(backend, scene, straight_camera(), default_settings());
    check_pixel(pixel(drawn.rgb, 8, 8), {0, 0.99, 0});
    Pictures weights(straight_camera(), 0, &random);
    Gradients gradients(scene.sizes);
    REQUIRE(differentiate_on(backend, scene, straight_camera(), default_settings(), weights, gradients) ==
            DIO_STATUS_OK);
    // The sigmoid is flat there.
    for (const double value : gradients.logit_opacities.read()) CHECK(std::fabs(value) < 1e-30);
  }
}

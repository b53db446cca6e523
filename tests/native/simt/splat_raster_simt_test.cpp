// Rasterization backwards on kernels/simt, where what the library keeps to itself can be chosen: how many
// buckets make a wave.
#include <doctest/doctest.h>

#include "splat_raster_scene.h"

using namespace diorama;
using namespace diorama::test;

TEST_CASE("gradients have the same bits in any number of waves") {
  for (const float fade : {0.0f, 0.05f}) {
    Drawn drawn(300, fade, -1);
    Weights weights(drawn.random());
    dio_splat_images rgb{};
    rgb.rgb = weights.all().rgb;
    for (const dio_splat_images& images : {rgb, weights.all()}) {
      const std::vector<float> whole = drawn.differentiate(images, drawn.buckets());
      double largest = 0;
      for (const float value : whole) {
        REQUIRE(std::isfinite(value));
        largest = std::max(largest, std::fabs(static_cast<double>(value)));
      }
      CHECK(largest > 0);
      for (const int64_t wave : {1, 4}) {
        INFO(wave << " buckets of " << drawn.buckets() << " in a wave, fade " << fade);
        CHECK(drawn.differentiate(images, wave) == whole);
      }
    }
  }
}

// A pixel's weights add up to its alpha. So do, over the picture, the gradients of a feature's sum: as long
// as both passes draw the same and no bucket loses a splat.
TEST_CASE("both passes draw the same through thousands of splats a tile") {
  for (const float logit : {-3.0f, 0.0f}) {
    Drawn drawn(1500, 0, logit);
    std::vector<float> ones(static_cast<std::size_t>(kFeatures * kPixels), 0.0f);
    for (std::size_t i = 0; i < ones.size(); i += kFeatures) ones[i] = 1;
    const Device<float> features(ones);
    dio_tensor given = tensor(features.get(), {kHeight, kWidth, kFeatures});
    dio_splat_images images{};
    images.features = &given;
    const std::vector<float> values = drawn.differentiate(images, 20);
    double alpha = 0, weight = 0;
    for (const float value : drawn.alpha()) alpha += value;
    const std::size_t slots = kMoments + kFeatures;
    for (std::size_t i = 0; i < values.size(); i += slots) weight += values[i + kMoments];
    CHECK(weight == doctest::Approx(alpha).epsilon(1e-6));
  }
}

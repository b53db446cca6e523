#include <chrono>

#include "drawing_reference.h"

namespace diorama {
namespace {

double milliseconds_since(std::chrono::steady_clock::time_point& start) {
  const auto now = std::chrono::steady_clock::now();
  const double elapsed = std::chrono::duration<double, std::milli>(now - start).count();
  start = now;
  return elapsed;
}

template <typename Real>
void write_pixel(const dio_splat_images& images, const float* background, int64_t pixel, int64_t features,
                 const std::vector<Real>& sums, Real transmittance) {
  const auto put = [pixel](const Tensor* image, int64_t channels, int64_t channel, Real value) {
    if (image) data<float>(*image)[pixel * channels + channel] = static_cast<float>(value);
  };
  const Real alpha = 1 - transmittance;
  for (int c = 0; c < 3; ++c) {
    put(images.rgb, 3, c, sums[kRed + c] + transmittance * Real(background[c]));
    put(images.normals, 3, c, sums[kNormal + c]);
  }
  put(images.depth, 1, 0, sums[kDepth]);
  put(images.expected_depth, 1, 0, alpha > 0 ? sums[kDepth] / alpha : 0);
  put(images.alpha, 1, 0, alpha);
  for (int64_t c = 0; c < features; ++c) put(images.features, features, c, sums[kFeature + c]);
}

}  // namespace

template <typename Real>
void ReferenceFrame<Real>::render(const dio_splat_gaussians& gaussians, const dio_splat_camera& camera,
                                  const dio_splat_settings& settings, const dio_splat_images& images) {
  const Scene scene(gaussians);
  const Camera<Real> view(camera);
  Composition<Real>& c = composition_;
  stats = {};
  stats.gaussians = scene.count;
  auto clock = std::chrono::steady_clock::now();

  c.settings = settings;
  c.width = camera.width;
  c.channels = kFeature + scene.features;
  c.projected.resize(static_cast<std::size_t>(scene.count));
  c.attributes.resize(static_cast<std::size_t>(scene.count * c.channels));
  for (int64_t i = 0; i < scene.count; ++i) {
    const Projected<Real> g = c.projected[i] = project(scene, i, view, settings);
    Real* attribute = c.attributes.data() + i * c.channels;
    for (int k = 0; k < 3; ++k) {
      attribute[kRed + k] = g.color[k];
      attribute[kNormal + k] = g.normal[k];
    }
    attribute[kDepth] = g.depth;
    for (int64_t k = 0; k < scene.features; ++k) {
      attribute[kFeature + k] = scene.feature_values[i * scene.features + k];
    }
  }
  stats.project_ms = milliseconds_since(clock);
  c.sort();
  stats.visible = static_cast<int64_t>(c.order.size());
  stats.sort_ms = milliseconds_since(clock);

  std::vector<Real> sums(static_cast<std::size_t>(c.channels));
  for (int32_t y = 0; y < camera.height; ++y) {
    const std::vector<int64_t> row = c.row(y);
    stats.intersections += static_cast<int64_t>(row.size());
    for (int32_t x = 0; x < camera.width; ++x) {
      std::fill(sums.begin(), sums.end(), Real(0));
      const Real transmittance = c.pixel(row, x, y, stats.evaluations, [&](const Touch<Real>& t) {
        const Real* attribute = c.attribute(t.gaussian);
        for (int64_t k = 0; k < c.channels; ++k) sums[k] += t.alpha * t.before * attribute[k];
      });
      const int64_t pixel = int64_t{y} * camera.width + x;
      write_pixel(images, settings.background, pixel, scene.features, sums, transmittance);
    }
  }
  stats.raster_ms = milliseconds_since(clock);
  stats.bytes =
      static_cast<int64_t>(c.projected.capacity() * sizeof(Projected<Real>) +
                           c.attributes.capacity() * sizeof(Real) + c.order.capacity() * sizeof(int64_t));
}

template void ReferenceFrame<double>::render(const dio_splat_gaussians&, const dio_splat_camera&,
                                             const dio_splat_settings&, const dio_splat_images&);
template void ReferenceFrame<float>::render(const dio_splat_gaussians&, const dio_splat_camera&,
                                            const dio_splat_settings&, const dio_splat_images&);

}  // namespace diorama

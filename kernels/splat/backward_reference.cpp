#include "backward_reference.h"

#include <chrono>

#include "drawing_reference.h"

namespace diorama {
namespace {

// The gradients of a pixel's sums from those of the pictures.
template <typename Real>
void read_pixel(const dio_splat_images& images, const Composition<Real>& c,
                const std::vector<Touch<Real>>& touches, int64_t pixel, Real transmittance,
                PixelGradient<Real>& out) {
  const int64_t features = c.channels - kFeature;
  const auto get = [pixel](const Tensor* image, int64_t channels, int64_t channel) {
    return image ? Real(data<float>(*image)[pixel * channels + channel]) : Real(0);
  };
  out.transmittance = -get(images.alpha, 1, 0);
  for (int k = 0; k < 3; ++k) {
    out.channels[kRed + k] = get(images.rgb, 3, k);
    out.channels[kNormal + k] = get(images.normals, 3, k);
    out.transmittance += out.channels[kRed + k] * Real(c.settings.background[k]);
  }
  for (int64_t k = 0; k < features; ++k) out.channels[kFeature + k] = get(images.features, features, k);
  out.channels[kDepth] = get(images.depth, 1, 0);
  // expected = depth / alpha
  const Real alpha = 1 - transmittance;
  if (images.expected_depth && alpha > 0) {
    Real depth = 0;
    for (const Touch<Real>& t : touches) depth += t.alpha * t.before * c.projected[t.gaussian].depth;
    const Real expected = get(images.expected_depth, 1, 0);
    out.channels[kDepth] += expected / alpha;
    out.transmittance += expected * depth / (alpha * alpha);
  }
}

// Writes gradients, or adds them to what is there.
class Writer {
 public:
  explicit Writer(bool accumulate) : accumulate_(accumulate) {}

  template <typename Real>
  void put(const Tensor* tensor, int64_t first, std::initializer_list<Real> values) const {
    if (!tensor) return;
    float* to = data<float>(*tensor) + first;
    for (const Real value : values) {
      *to = static_cast<float>(accumulate_ ? Real(*to) + value : value);
      ++to;
    }
  }
  template <typename Real>
  void put(const Tensor* tensor, int64_t first, const Vec3<Real>& v) const {
    put(tensor, first, {v.x, v.y, v.z});
  }

 private:
  bool accumulate_;
};

template <typename Real>
void write_view(const Writer& writer, const Tensor* tensor, const ViewGradient<Real>& view) {
  for (int i = 0; i < 3; ++i) {
    const Vec3<Real>& row = view.rotation.row[i];
    writer.put(tensor, 4 * i, {row.x, row.y, row.z, view.translation[i]});
  }
  writer.put<Real>(tensor, 12, {0, 0, 0, 0});
}

double milliseconds(std::chrono::steady_clock::duration elapsed) {
  return std::chrono::duration<double, std::milli>(elapsed).count();
}

}  // namespace

template <typename Real>
void ReferenceFrame<Real>::backward(const dio_splat_gaussians& gaussians,
                                    const dio_splat_images& image_gradients, bool accumulate,
                                    const dio_splat_gradients& gradients) {
  const Scene scene(gaussians);
  const Camera<Real> view(camera);
  const Composition<Real>& c = composition_;
  const auto start = std::chrono::steady_clock::now();

  std::vector<ProjectedGradient<Real>> projected(static_cast<std::size_t>(scene.count));
  std::vector<Real> attributes(static_cast<std::size_t>(scene.count * c.channels));
  std::vector<Touch<Real>> touches;
  PixelGradient<Real> pixel_gradient;
  pixel_gradient.channels.resize(static_cast<std::size_t>(c.channels));
  int64_t evaluations = 0;
  for (int32_t y = 0; y < camera.height; ++y) {
    const std::vector<int64_t> row = c.row(y);
    for (int32_t x = 0; x < camera.width; ++x) {
      touches.clear();
      const Real transmittance =
          c.pixel(row, x, y, evaluations, [&](const Touch<Real>& t) { touches.push_back(t); });
      const int64_t pixel = int64_t{y} * camera.width + x;
      read_pixel(image_gradients, c, touches, pixel, transmittance, pixel_gradient);
      composite_backward(c, touches, transmittance, pixel_gradient, projected, attributes);
    }
  }
  const auto rastered = std::chrono::steady_clock::now();
  stats.raster_backward_ms = milliseconds(rastered - start);

  const Writer writer(accumulate), overwriter(false);
  ViewGradient<Real> view_gradient;
  for (int64_t i = 0; i < scene.count; ++i) {
    GaussianGradient<Real> g;
    const Real* attribute = attributes.data() + i * c.channels;
    if (c.projected[i].visible()) {
      g = project_backward(scene, i, view, settings, c.projected[i], projected[i], attribute, view_gradient);
    }
    writer.put(gradients.means, 3 * i, g.mean);
    writer.put(gradients.quats, 4 * i, {g.quaternion.w, g.quaternion.x, g.quaternion.y, g.quaternion.z});
    writer.put(gradients.log_scales, 3 * i, g.log_scales);
    writer.put(gradients.logit_opacities, i, {g.logit_opacity});
    for (int64_t k = 0; k < scene.coefficients; ++k) {
      writer.put(gradients.sh, 3 * (i * scene.coefficients + k), g.sh[k]);
    }
    for (int64_t k = 0; k < scene.features; ++k) {
      writer.put(gradients.features, i * scene.features + k, {attribute[kFeature + k]});
    }
    overwriter.put(gradients.means2d, 2 * i, {projected[i].mean.x, projected[i].mean.y});
  }
  write_view(writer, gradients.view, view_gradient);
  stats.project_backward_ms = milliseconds(std::chrono::steady_clock::now() - rastered);
}

template void ReferenceFrame<double>::backward(const dio_splat_gaussians&, const dio_splat_images&, bool,
                                               const dio_splat_gradients&);
template void ReferenceFrame<float>::backward(const dio_splat_gaussians&, const dio_splat_images&, bool,
                                              const dio_splat_gradients&);

}  // namespace diorama

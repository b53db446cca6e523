#include "drawing_reference.h"

#include "parts.h"

namespace diorama {
namespace {

template <typename Real>
void project_all(Context&, const dio_splat_gaussians& gaussians, const dio_splat_camera& camera,
                 const dio_splat_settings& settings, const dio_splat_projection& out) {
  const Scene scene(gaussians);
  const Camera<Real> view(camera);
  const auto put = [](const Tensor* tensor, int64_t i, std::initializer_list<Real> values) {
    if (!tensor) return;
    float* to = data<float>(*tensor) + i * static_cast<int64_t>(values.size());
    for (const Real value : values) *to++ = static_cast<float>(value);
  };
  for (int64_t i = 0; i < scene.count; ++i) {
    const Projected<Real> g = project(scene, i, view, settings);
    put(out.means2d, i, {g.mean.x, g.mean.y});
    put(out.conics, i, {g.conic.xx, g.conic.xy, g.conic.yy});
    put(out.depths, i, {g.depth});
    put(out.compensations, i, {g.compensation});
    put(out.colors, i, {g.color.x, g.color.y, g.color.z});
    if (out.radii) {
      data<int32_t>(*out.radii)[2 * i] = g.radius_x;
      data<int32_t>(*out.radii)[2 * i + 1] = g.radius_y;
    }
  }
}

template <typename Real>
SplatFrame* new_frame(Context&) {
  return new ReferenceFrame<Real>();
}

template <typename Real>
void render(Context&, SplatFrame& frame, const dio_splat_gaussians& gaussians, const dio_splat_camera& camera,
            const dio_splat_settings& settings, const dio_splat_images& images) {
  static_cast<ReferenceFrame<Real>&>(frame).render(gaussians, camera, settings, images);
}

template <typename Real>
void backward(Context&, SplatFrame& frame, const dio_splat_gaussians& gaussians,
              const dio_splat_images& image_gradients, bool accumulate,
              const dio_splat_gradients& gradients) {
  static_cast<ReferenceFrame<Real>&>(frame).backward(gaussians, image_gradients, accumulate, gradients);
}

template <typename Real>
void add(Operations& operations) {
  operations.splat_project = project_all<Real>;
  operations.splat_frame = new_frame<Real>;
  operations.splat_render = render<Real>;
  operations.splat_backward = backward<Real>;
}

}  // namespace

void add_splat_drawing_reference(Operations& operations) { add<double>(operations); }
void add_splat_drawing_plain(Operations& operations) { add<float>(operations); }

}  // namespace diorama

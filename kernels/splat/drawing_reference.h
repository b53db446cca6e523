#pragma once

#include "compositing_reference.h"
#include "splat_frame.h"

namespace diorama {

// Draws a scene as the formulas read: one row of pixels at a time, over all Gaussians whose box it meets. Its
// tiles are the rows.
template <typename Real>
class ReferenceFrame : public SplatFrame {
 public:
  void render(const dio_splat_gaussians& gaussians, const dio_splat_camera& camera,
              const dio_splat_settings& settings, const dio_splat_images& images);
  // Recomputes every pixel of the last rendering, then walks it from back to front.
  void backward(const dio_splat_gaussians& gaussians, const dio_splat_images& image_gradients,
                bool accumulate, const dio_splat_gradients& gradients);

 private:
  Composition<Real> composition_;
};

}  // namespace diorama

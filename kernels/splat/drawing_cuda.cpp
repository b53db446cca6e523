#include "drawing_cuda.h"

#include "cuda/cuda_context.h"
#include "parts_cuda.h"

namespace diorama {
namespace cuda {
namespace {

SplatFrame* splat_frame(Context& context) { return new CudaSplatFrame(context); }

void splat_render(Context& context, SplatFrame& base, const dio_splat_gaussians& gaussians,
                  const dio_splat_camera& camera, const dio_splat_settings& settings,
                  const dio_splat_images& images) {
  refuse_while_recording(context, "splat_render");
  auto& frame = static_cast<CudaSplatFrame&>(base);
  const GaussianArrays inputs(gaussians);
  const DrawingView view(camera, settings, inputs.coefficients, kDeviceTile);
  frame.forget_marks();
  unsigned long long* totals = frame.totals.resize(kTotals);
  check_cuda(cudaMemsetAsync(totals, 0, kTotals * sizeof(*totals), on_cuda(context).cuda_stream()),
             "splat_render");
  frame.mark(kStart);
  project_gaussians(context, view, inputs, images.normals != nullptr, frame);
  frame.mark(kProjected);
  bin_to_tiles(context, view, inputs.count, frame);
  rasterize(context, view, inputs, frame, images, totals + kEvaluations);
  frame.mark(kDrawn);
}

}  // namespace
}  // namespace cuda

void add_splat_drawing_cuda(Operations& operations) {
  operations.splat_project = cuda::splat_project_cuda;
  operations.splat_frame = cuda::splat_frame;
  operations.splat_render = cuda::splat_render;
}

}  // namespace diorama

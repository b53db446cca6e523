#include "drawing_cuda.h"

#include "parts.h"

namespace diorama {
namespace cuda {
namespace {

SplatFrame* splat_frame(Context& context) { return new CudaSplatFrame(context); }

}  // namespace
}  // namespace cuda

void add_splat_drawing_cuda(Operations& operations) {
  operations.splat_project = cuda::splat_project_cuda;
  operations.splat_frame = cuda::splat_frame;
}

}  // namespace diorama

#include "kernels/codec/codec_cuda.h"

#include "kernels/codec/register_cuda.h"

namespace diorama {

void add_codec_cuda(Operations& operations) {
  operations.conv3d = cuda::conv3d_cuda;
  operations.carry_update = cuda::carry_update_cuda;
  operations.channel_norm = cuda::channel_norm_cuda;
  operations.channel_affine = cuda::channel_affine_cuda;
  operations.avg_down = cuda::avg_down_cuda;
  operations.dup_up = cuda::dup_up_cuda;
  operations.patchify = cuda::patchify_cuda;
  operations.unpatchify = cuda::unpatchify_cuda;
  operations.to_rgb8 = cuda::to_rgb8_cuda;
  operations.copy = cuda::copy_cuda;
}

}  // namespace diorama

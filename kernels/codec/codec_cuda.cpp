#include "kernels/codec/codec_cuda.h"

#include "kernels/codec/register_cuda.h"

namespace diorama {

void add_codec_cuda(Operations& operations) { operations.conv3d = cuda::conv3d_cuda; }

}  // namespace diorama

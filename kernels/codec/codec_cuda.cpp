#include "kernels/codec/register_cuda.h"

namespace diorama {

void add_codec_cuda(Operations&) {}

}  // namespace diorama

#include "kernels/text/text_cuda.h"

#include "kernels/text/register_cuda.h"

namespace diorama {

void add_text_cuda(Operations& operations) {
  operations.embedding = cuda::embedding_cuda;
  operations.t5_relative_bias = cuda::t5_relative_bias_cuda;
}

}  // namespace diorama

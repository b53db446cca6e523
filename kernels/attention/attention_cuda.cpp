#include "kernels/attention/attention_cuda.h"

#include "kernels/attention/register_cuda.h"

namespace diorama {

void add_attention_cuda(Operations& operations) { operations.attention = cuda::attention_cuda; }

}  // namespace diorama

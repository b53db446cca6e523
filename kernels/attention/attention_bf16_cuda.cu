// Attention by mma.sync in bf16.
#include "kernels/attention/attention_sm80_launch.h"

namespace diorama::cuda {

template void attention_by_mma<bf16>(Context&, const AttentionArguments<bf16>&);

}  // namespace diorama::cuda

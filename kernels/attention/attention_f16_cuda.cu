// Attention by mma.sync in f16.
#include "kernels/attention/attention_sm80_launch.h"

namespace diorama::cuda {

template void attention_by_mma<f16>(Context&, const AttentionArguments<f16>&);

}  // namespace diorama::cuda

#pragma once

#include "drawing_cuda.h"

namespace diorama::cuda {

// Scratch memory for the states between buckets. Small enough that a wave's states stay in the second cache
// (50 MiB on an H100) between the kernel that writes them and the one that reads them.
inline constexpr int64_t kWaveBytes = int64_t{32} << 20;

// rasterize_backward with so many buckets in a wave: their number changes no bit.
void rasterize_backward_in_waves(Context&, const DrawingView&, const GaussianArrays&, const CudaSplatFrame&,
                                 const dio_splat_images& image_gradients, const ChannelSet&,
                                 const PairGradients&, int64_t wave_buckets);

}  // namespace diorama::cuda

#pragma once

#include "drawing_cuda.h"

namespace diorama::cuda {

// rasterize_backward with so many buckets in a wave: their number changes no bit.
void rasterize_backward_in_waves(Context&, const DrawingView&, const GaussianArrays&, const CudaSplatFrame&,
                                 const dio_splat_images& image_gradients, const ChannelSet&,
                                 const PairGradients&, int64_t wave_buckets);

}  // namespace diorama::cuda

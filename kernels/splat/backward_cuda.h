#pragma once

#include "drawing_cuda.h"

namespace diorama::cuda {

// Sums the pairs of each Gaussian, goes back through the projection, adds the penalties and learns: x, m and
// v in place. means2d: a gradient to be written, or null.
void project_gaussians_learn(Context&, const DrawingView&, const GaussianArrays&, const CudaSplatFrame&,
                             const ChannelSet&, const PairGradients&, const dio_splat_step&,
                             const dio_splat_parameters& x, const dio_splat_parameters& m,
                             const dio_splat_parameters& v, const Tensor* means2d);

}  // namespace diorama::cuda

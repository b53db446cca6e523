#include "kernels/splat/training/noise.h"

namespace diorama {

template <typename Real>
void splat_noise_plain(Context&, uint64_t seed, const Tensor& out) {
  fill_normals<Real>(seed, 0, element_count(out), data<float>(out));
}

template void splat_noise_plain<double>(Context&, uint64_t, const Tensor&);
template void splat_noise_plain<float>(Context&, uint64_t, const Tensor&);

}  // namespace diorama

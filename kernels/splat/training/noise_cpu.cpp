#include "kernels/common/parallel.h"
#include "kernels/splat/training/noise.h"

namespace diorama {

// Every counter is on its own, so the number of threads changes nothing.
void splat_noise_cpu(Context& context, uint64_t seed, const Tensor& out) {
  constexpr int64_t kCountersPerThread = 1024;
  const int64_t count = element_count(out);
  parallel_ranges(context.threads(), (count + kNormalsAtOnce - 1) / kNormalsAtOnce, kCountersPerThread,
                  [&](int64_t begin, int64_t end, int) {
                    const int64_t last = end * kNormalsAtOnce < count ? end * kNormalsAtOnce : count;
                    fill_normals<float>(seed, begin * kNormalsAtOnce, last, data<float>(out));
                  });
}

}  // namespace diorama

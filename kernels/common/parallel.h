#pragma once

#include <omp.h>

#include <algorithm>
#include <cstdint>

namespace diorama {

// Splits [0, count) into one range a thread, at least `grain` long, and calls body(begin, end, thread). What
// a thread computes must not depend on where the ranges end: then the number of threads changes no result.
template <typename Body>
void parallel_ranges(int threads, int64_t count, int64_t grain, Body&& body) {
  const int64_t pieces = std::clamp<int64_t>(count / std::max<int64_t>(grain, 1), 1, std::max(threads, 1));
  if (pieces == 1) {
    body(int64_t{0}, count, 0);
    return;
  }
#pragma omp parallel num_threads(static_cast <int>(pieces))
  {
    const int64_t thread = omp_get_thread_num(), team = omp_get_num_threads();
    body(count * thread / team, count * (thread + 1) / team, static_cast<int>(thread));
  }
}

}  // namespace diorama

#pragma once

// Timing of operations that arithmetic bounds: two warm-ups, then the repeats; before each one a loop of
// independent fused multiply-adds says what the machine gives at that moment (peak_gflops is the best of
// them, share is best against best). One JSON line a case.

#include "memory_bench.h"

namespace diorama::bench {

inline void run_compute(Bench& bench, const Options& options, const char* operation, const std::string& name,
                        double flops, const std::function<dio_status()>& call) {
  if (name.find(options.only) == std::string::npos) return;
  std::vector<double> times;
  double peak = 0;
  for (int i = -2; i < options.repeats; ++i) {
    double measured = 0;
    check(dio_measure_flops(bench.context(), 0.02, &measured));
    peak = std::max(peak, measured);
    const auto start = std::chrono::steady_clock::now();
    check(call());
    const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - start;
    if (i >= 0) times.push_back(taken.count());
  }
  std::sort(times.begin(), times.end());
  const double rate = flops / times.front() * 1e3;
  std::printf(
      "{\"op\": \"%s\", \"case\": \"%s\", \"median_ms\": %.3f, \"min_ms\": %.3f, \"max_ms\": %.3f, "
      "\"threads\": %d, \"gflops\": %.1f, \"peak_gflops\": %.1f, \"share\": %.3f}\n",
      operation, name.c_str(), times[times.size() / 2], times.front(), times.back(), options.threads,
      rate / 1e9, peak / 1e9, rate / peak);
  std::fflush(stdout);
}

}  // namespace diorama::bench

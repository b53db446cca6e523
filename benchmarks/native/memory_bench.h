#pragma once

// Timing of operations that memory bounds: two warm-ups, the repeats, and the machine's copy bandwidth
// measured right before and after, so that the share of it is of the same moment. One JSON line a case.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "diorama.h"

namespace diorama::bench {

inline void check(dio_status status) {
  if (status == DIO_STATUS_OK) return;
  std::fprintf(stderr, "%s\n", dio_last_error());
  std::exit(1);
}

// The options that all of these programs take.
struct Options {
  int threads = 2, repeats = 7;
  std::string only, backend = "cpu";

  Options(int count, char** arguments) {
    for (int i = 1; i + 1 < count; i += 2) {
      if (!std::strcmp(arguments[i], "--threads")) threads = std::atoi(arguments[i + 1]);
      if (!std::strcmp(arguments[i], "--repeats")) repeats = std::max(1, std::atoi(arguments[i + 1]));
      if (!std::strcmp(arguments[i], "--case")) only = arguments[i + 1];
      if (!std::strcmp(arguments[i], "--backend")) backend = arguments[i + 1];
    }
  }
};

class Bench {
 public:
  explicit Bench(const Options& options) : options_(options) {
    check(dio_context_create(options.backend.c_str(), options.threads, &context_));
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;
  ~Bench() { dio_context_destroy(context_); }

  dio_context* context() { return context_; }

  // A dense tensor of random normal numbers that lives as long as the bench.
  dio_tensor* tensor(int32_t dtype, const std::vector<int64_t>& shape) {
    dio_tensor tensor = {nullptr, dtype, static_cast<int32_t>(shape.size()), {}, {}};
    int64_t count = 1;
    for (int axis = tensor.rank - 1; axis >= 0; --axis) {
      tensor.shape[axis] = shape[static_cast<std::size_t>(axis)];
      tensor.strides[axis] = count;
      count *= tensor.shape[axis];
    }
    const int64_t size = dtype == DIO_U8 ? 1 : dtype == DIO_F16 || dtype == DIO_BF16 ? 2 : 4;
    check(dio_memory_allocate(context_, static_cast<std::size_t>(count * size), &tensor.data));
    tensors_.push_back(std::make_unique<dio_tensor>(tensor));
    if (dtype == DIO_U8) return tensors_.back().get();
    std::normal_distribution<float> normal;
    std::vector<float> values(static_cast<std::size_t>(count));
    for (float& value : values) value = normal(random_);
    dio_tensor floats = tensor;
    floats.dtype = DIO_F32;
    floats.data = values.data();
    check(dio_copy(context_, &floats, &tensor));
    return tensors_.back().get();
  }

  // bytes: what must be read and written at least.
  void run(const char* operation, const std::string& name, double bytes,
           const std::function<dio_status()>& call) {
    if (name.find(options_.only) == std::string::npos) return;
    double before = 0, after = 0;
    check(dio_measure_bandwidth(context_, 0.2, &before));
    std::vector<double> times;
    for (int i = -2; i < options_.repeats; ++i) {
      const auto start = std::chrono::steady_clock::now();
      check(call());
      const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - start;
      if (i >= 0) times.push_back(taken.count());
    }
    check(dio_measure_bandwidth(context_, 0.2, &after));
    std::sort(times.begin(), times.end());
    const double median = times[times.size() / 2], peak = std::max(before, after) / 1e9,
                 rate = bytes / median / 1e6;
    std::printf(
        "{\"op\": \"%s\", \"case\": \"%s\", \"median_ms\": %.3f, \"min_ms\": %.3f, \"max_ms\": %.3f, "
        "\"threads\": %d, "
        "\"gbytes_per_s\": %.2f, \"peak_gbytes_per_s\": %.2f, \"share\": %.3f}\n",
        operation, name.c_str(), median, times.front(), times.back(), options_.threads, rate, peak,
        rate / peak);
    std::fflush(stdout);
  }

 private:
  Options options_;
  dio_context* context_ = nullptr;
  std::vector<std::unique_ptr<dio_tensor>> tensors_;
  std::mt19937 random_{1};
};

}  // namespace diorama::bench

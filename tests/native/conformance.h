#pragma once

// Runs one call of the C ABI on every backend that is present and compares each with `reference` (plain loops
// in double). An error may be twice that of `plain` (the same loops in float), in the largest difference and
// in the relative norm.
//
//   Random random(1);
//   auto x = TestTensor(DIO_BF16, {113, 64}, {.row_gap = 3}).normal(random);
//   auto out = TestTensor(DIO_F32, {113, 64});
//   conform("silu, ragged", {&x}, {&out},
//           [&](dio_context* c) { return dio_activate(c, x, DIO_ACTIVATION_SILU, out); });
//
// Outputs keep what they were filled with at the start of every run, so in-place calls list the tensor as an
// output.

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "test_tensor.h"

namespace diorama::test {

struct Tolerance {
  double factor = 2;  // times the error of plain
  double slack =
      4 * 0x1p-24;  // and this, relative to the largest reference value: plain may be exact by luck
};

// The backend to ask where a test wants any one on the host.
#if DIORAMA_CPU
inline constexpr const char* kHost = "cpu";
#else
inline constexpr const char* kHost = "plain";
#endif

using Call = std::function<dio_status(dio_context*)>;

// One context a backend for the whole executable; null where the backend is absent.
inline dio_context* shared_context(const std::string& backend) {
  struct Destroy {
    void operator()(dio_context* context) const { dio_context_destroy(context); }
  };
  static std::map<std::string, std::unique_ptr<dio_context, Destroy>> contexts;
  auto& slot = contexts[backend];
  if (!slot) {
    dio_context* context = nullptr;
    if (dio_context_create(backend.c_str(), backend == "cpu" ? 3 : 1, &context) != DIO_STATUS_OK)
      return nullptr;
    slot.reset(context);
  }
  return slot.get();
}

// Whose results conform() looks at: those of DIORAMA_TEST_BACKENDS ("cuda", "simt,cuda"), else all.
inline std::vector<std::string>& backends_under_test() {
  static std::vector<std::string> names = [] {
    const char* chosen = std::getenv("DIORAMA_TEST_BACKENDS");
    std::vector<std::string> list;
    std::stringstream text(chosen ? chosen : "cpu,simt,cuda");
    for (std::string name; std::getline(text, name, ',');) list.push_back(name);
    return list;
  }();
  return names;
}

struct Difference {
  double largest = 0;   // max |a - b|
  double relative = 0;  // ||a - b|| / ||b||
  bool same_specials = true;
};

inline Difference difference(const std::vector<double>& a, const std::vector<double>& b) {
  Difference result;
  double squares = 0, norm = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!std::isfinite(a[i]) || !std::isfinite(b[i])) {
      const bool same = std::isnan(a[i]) ? std::isnan(b[i]) : a[i] == b[i];
      result.same_specials = result.same_specials && same;
      continue;
    }
    const double d = a[i] - b[i];
    result.largest = std::max(result.largest, std::fabs(d));
    squares += d * d;
    norm += b[i] * b[i];
  }
  result.relative = squares == 0 ? 0 : std::sqrt(squares / (norm > 0 ? norm : 1));
  return result;
}

// Half a unit in the last place, for the rounding of the result and of the reference.
inline double rounding(int32_t dtype) {
  switch (dtype) {
    case DIO_F32:
      return 0x1p-24;
    case DIO_F16:
      return 0x1p-11;
    case DIO_BF16:
      return 0x1p-8;
    default:
      return 0;
  }
}

// The tensors of a call, in the memory of a backend for as long as this lives.
class Placed {
 public:
  Placed(dio_context* context, const std::vector<TestTensor*>& tensors) : context_(context) {
    for (TestTensor* tensor : tensors) {
      if (!tensor) continue;
      void* memory = nullptr;
      REQUIRE(dio_memory_allocate(context, tensor->memory().size(), &memory) == DIO_STATUS_OK);
      copy(memory, tensor->memory().data(), tensor->memory().size(), DIO_COPY_HOST_TO_DEVICE);
      placed_.push_back({tensor, memory, (*tensor)->data});
      (*tensor)->data = static_cast<char*>(memory) + TestTensor::front();
    }
  }
  Placed(const Placed&) = delete;
  Placed& operator=(const Placed&) = delete;
  ~Placed() {
    for (const Entry& entry : placed_) {
      copy(entry.tensor->memory().data(), entry.memory, entry.tensor->memory().size(),
           DIO_COPY_DEVICE_TO_HOST);
      dio_memory_free(context_, entry.memory);
      (*entry.tensor)->data = entry.home;
    }
  }

 private:
  struct Entry {
    TestTensor* tensor;
    void* memory;
    void* home;
  };
  void copy(void* to, const void* from, std::size_t bytes, dio_copy_direction direction) {
    CHECK(dio_memory_copy(context_, to, from, bytes, direction) == DIO_STATUS_OK);
  }

  dio_context* context_;
  std::vector<Entry> placed_;
};

// Runs the call once and returns what each output holds afterwards; the outputs' memory is restored.
inline std::vector<std::vector<double>> run_on(const std::string& backend,
                                               const std::vector<TestTensor*>& inputs,
                                               const std::vector<TestTensor*>& outputs, const Call& call) {
  dio_context* context = shared_context(backend);
  REQUIRE(context != nullptr);
  std::vector<std::vector<unsigned char>> before, around;
  for (TestTensor* out : outputs) {
    before.push_back(out->memory());
    around.push_back(out->around());
  }
  dio_status status;
  if (backend == "simt" || backend.rfind("cuda", 0) == 0) {
    std::vector<TestTensor*> all = inputs;
    all.insert(all.end(), outputs.begin(), outputs.end());
    const Placed placed(context, all);
    status = call(context);
  } else {
    status = call(context);
  }
  REQUIRE_MESSAGE(status == DIO_STATUS_OK, backend << ": " << std::string(dio_last_error()));
  std::vector<std::vector<double>> results;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    results.push_back(outputs[i]->read());
    CHECK_MESSAGE(outputs[i]->around() == around[i], backend << " wrote outside its output");
    std::copy(before[i].begin(), before[i].end(), outputs[i]->memory().begin());
  }
  return results;
}

inline void conform(const std::string& title, const std::vector<TestTensor*>& inputs,
                    const std::vector<TestTensor*>& outputs, const Call& call,
                    const Tolerance& tolerance = {}) {
  INFO(title);
  const auto truth = run_on("reference", inputs, outputs, call);
  const auto plain = run_on("plain", inputs, outputs, call);
  for (const std::string& backend : backends_under_test()) {
    if (!shared_context(backend)) continue;
    const auto first = run_on(backend, inputs, outputs, call);
    const auto again = run_on(backend, inputs, outputs, call);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      INFO(backend << ", output " << i);
      double largest = 0;
      for (const double value : truth[i]) {
        if (std::isfinite(value)) largest = std::max(largest, std::fabs(value));
      }
      const double rounded = 2 * rounding((*outputs[i])->dtype) + tolerance.slack;
      const Difference yardstick = difference(plain[i], truth[i]);
      const Difference found = difference(first[i], truth[i]);
      CHECK(found.same_specials);
      CHECK(found.largest <= tolerance.factor * yardstick.largest + rounded * largest);
      CHECK(found.relative <= tolerance.factor * yardstick.relative + rounded);
      CHECK_MESSAGE(std::memcmp(first[i].data(), again[i].data(), first[i].size() * sizeof(double)) == 0,
                    "two runs differ");
    }
  }
}

}  // namespace diorama::test

// Times dio_attention on the cases of benchmarks/peer/torch_cpu.py, one JSON line each.
//
//   attention_bench [--threads N] [--repeats 7] [--case TEXT] [--backend cpu] [--sizes B,SQ,SK,H,D]
//
// --sizes times one case of one's own instead: small enough, its best time holds on a busy machine as well.
// Inputs are random. Two warm-ups, then the repeats; before every fourth a loop of independent fused
// multiply-adds says what the machine gives at that moment (peak_gflops is the best of them, share is best
// against best).
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "diorama.h"

namespace {

struct Case {
  std::string name;
  int64_t batches, queries, keys, heads, head_size;
};

const Case kCases[] = {
    {"b1 s1024 h12 d64 f32", 1, 1024, 1024, 12, 64},
    {"b1 s1024 h12 d128 f32", 1, 1024, 1024, 12, 128},
    {"b1 s4096 h12 d128 f32", 1, 4096, 4096, 12, 128},
    {"b1 s8192 h4 d128 f32", 1, 8192, 8192, 4, 128},
    {"b2 s2048 h8 d64 f32", 2, 2048, 2048, 8, 64},
    {"cross b1 s4096 k512 h12 d128 f32", 1, 4096, 512, 12, 128},
};

void check(dio_status status) {
  if (status == DIO_STATUS_OK) return;
  std::fprintf(stderr, "%s\n", dio_last_error());
  std::exit(1);
}

// [B, S, H, D], the order in which a transformer's projections leave it.
struct Rows {
  Rows(int64_t batches, int64_t length, int64_t heads, int64_t size)
      : values(static_cast<std::size_t>(batches * length * heads * size)) {
    static std::mt19937 random(1);
    std::normal_distribution<float> normal;
    for (float& value : values) value = normal(random);
    tensor = {values.data(), DIO_F32, 4, {batches, length, heads, size}, {}};
    const int64_t strides[] = {length * heads * size, heads * size, size, 1};
    std::copy(strides, strides + 4, tensor.strides);
  }
  std::vector<float> values;
  dio_tensor tensor;
};

void run(dio_context* context, const Case& c, int threads, int repeats) {
  Rows q(c.batches, c.queries, c.heads, c.head_size), k(c.batches, c.keys, c.heads, c.head_size);
  Rows v(c.batches, c.keys, c.heads, c.head_size), out(c.batches, c.queries, c.heads, c.head_size);
  std::vector<double> milliseconds;
  double peak = 0;
  for (int i = -2; i < repeats; ++i) {
    if (i % 4 == -2 || i % 4 == 2) {  // not every time: it leaves small cases with cold caches
      double flops = 0;
      check(dio_measure_flops(context, 0.002, &flops));
      peak = std::max(peak, flops);
    }
    const auto start = std::chrono::steady_clock::now();
    check(dio_attention(context, &q.tensor, &k.tensor, &v.tensor, nullptr, nullptr, 0, &out.tensor));
    const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - start;
    if (i >= 0) milliseconds.push_back(taken.count());
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  const double work =
      4.0 * static_cast<double>(c.batches * c.heads * c.queries) * static_cast<double>(c.keys * c.head_size);
  const double rate = work / milliseconds.front() / 1e6;
  std::printf(
      "{\"op\": \"attention\", \"case\": \"%s\", \"median_ms\": %.3f, \"min_ms\": %.3f, \"max_ms\": %.3f, "
      "\"threads\": %d, \"gflops\": %.1f, \"peak_gflops\": %.1f, \"share\": %.3f}\n",
      c.name.c_str(), milliseconds[milliseconds.size() / 2], milliseconds.front(), milliseconds.back(),
      threads, rate, peak / 1e9, rate * 1e9 / peak);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  int threads = 2, repeats = 7;
  std::string only, sizes, backend = "cpu";
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!std::strcmp(argv[i], "--threads")) threads = std::atoi(argv[i + 1]);
    if (!std::strcmp(argv[i], "--repeats")) repeats = std::max(1, std::atoi(argv[i + 1]));
    if (!std::strcmp(argv[i], "--case")) only = argv[i + 1];
    if (!std::strcmp(argv[i], "--backend")) backend = argv[i + 1];
    if (!std::strcmp(argv[i], "--sizes")) sizes = argv[i + 1];
  }
  dio_context* context = nullptr;
  check(dio_context_create(backend.c_str(), threads, &context));
  std::vector<Case> cases(std::begin(kCases), std::end(kCases));
  if (!sizes.empty()) {
    Case own = {sizes, 0, 0, 0, 0, 0};
    if (std::sscanf(sizes.c_str(), "%ld,%ld,%ld,%ld,%ld", &own.batches, &own.queries, &own.keys, &own.heads,
                    &own.head_size) != 5) {
      std::fprintf(stderr, "--sizes is %s, expected five numbers: B,SQ,SK,H,D\n", sizes.c_str());
      return 2;
    }
    cases = {own};
  }
  for (const Case& c : cases) {
    if (c.name.find(only) != std::string::npos) run(context, c, threads, repeats);
  }
  check(dio_context_destroy(context));
}

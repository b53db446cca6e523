// Times dio_linear: the cases of benchmarks/peer/torch_cpu.py, the same with bf16 weights, and products of
// few rows, which read their weights at the speed of memory. One JSON line each.
//
//   linear_bench [--threads N] [--repeats 7] [--case TEXT] [--backend cpu]
#include "compute_bench.h"

using namespace diorama::bench;

namespace {

std::string case_name(int64_t m, int64_t n, int64_t k, int32_t weights, const char* what) {
  char name[96];
  std::snprintf(name, sizeof(name), "m%d n%d k%d %sf32%s", static_cast<int>(m), static_cast<int>(n),
                static_cast<int>(k), what, weights == DIO_F32 ? "" : ", bf16 weights");
  return name;
}

void compute_case(const Options& options, int64_t m, int64_t n, int64_t k, int32_t weights) {
  const std::string name = case_name(m, n, k, weights, "gelu ");
  if (name.find(options.only) == std::string::npos) return;
  Bench bench(options);
  dio_tensor *x = bench.tensor(DIO_F32, {m, k}), *w = bench.tensor(weights, {n, k});
  dio_tensor *bias = bench.tensor(DIO_F32, {n}), *out = bench.tensor(DIO_F32, {m, n});
  run_compute(bench, options, "linear", name, 2.0 * static_cast<double>(m * n) * static_cast<double>(k), [&] {
    return dio_linear(bench.context(), x, w, bias, DIO_ACTIVATION_GELU_TANH, nullptr, nullptr, nullptr, out);
  });
}

// Several matrices in turn, so that none is found in a cache.
void memory_case(const Options& options, int64_t m, int64_t n, int64_t k, int32_t weights) {
  const std::string name = case_name(m, n, k, weights, "");
  if (name.find(options.only) == std::string::npos) return;
  Bench bench(options);
  constexpr int kMatrices = 6;
  dio_tensor *x = bench.tensor(DIO_F32, {m, k}), *out = bench.tensor(DIO_F32, {m, n});
  std::vector<dio_tensor*> w;
  for (int i = 0; i < kMatrices; ++i) w.push_back(bench.tensor(weights, {n, k}));
  const double bytes = kMatrices * static_cast<double>(n * k * (weights == DIO_F32 ? 4 : 2));
  bench.run("linear", name, bytes, [&] {
    dio_status status = DIO_STATUS_OK;
    for (dio_tensor* matrix : w) {
      if (status != DIO_STATUS_OK) break;
      status = dio_linear(bench.context(), x, matrix, nullptr, DIO_ACTIVATION_NONE, nullptr, nullptr, nullptr,
                          out);
    }
    return status;
  });
}

}  // namespace

int main(int argc, char** argv) {
  const Options options(argc, argv);
  for (const int32_t weights : {DIO_F32, DIO_BF16}) {
    compute_case(options, 4096, 1536, 1536, weights);
    compute_case(options, 4096, 8960, 1536, weights);
    compute_case(options, 512, 4096, 4096, weights);
    for (const int64_t m : {1, 2, 8}) memory_case(options, m, 4096, 4096, weights);
  }
}

// Times dio_conv3d: the cases of benchmarks/peer/torch_cpu.py, then the other kinds that the codecs use. One
// JSON line each.
//
//   conv3d_bench [--threads N] [--repeats 7] [--case TEXT] [--backend cpu]
#include "compute_bench.h"

using namespace diorama::bench;

namespace {

struct Case {
  const char* name;
  int64_t in, out, frames, size;  // frames and size of the result
  int64_t kernel_t, kernel;
  int32_t upsample;
};

constexpr Case kCases[] = {
    {"c96 t4 128x128 k3 f32", 96, 96, 4, 128, 3, 3, 1},
    {"c192 t4 64x64 k3 f32", 192, 192, 4, 64, 3, 3, 1},
    {"c384 t2 32x32 k3 f32", 384, 384, 2, 32, 3, 3, 1},
    {"c96 to 3 t4 128x128 k3 f32", 96, 3, 4, 128, 3, 3, 1},
    {"c3 to 96 t4 128x128 k3 f32", 3, 96, 4, 128, 3, 3, 1},
    {"c256 to 12 t4 64x64 k3 f32", 256, 12, 4, 64, 3, 3, 1},
    {"c16 to 384 t4 32x32 k3 f32", 16, 384, 4, 32, 3, 3, 1},
    {"c384 to 768 t4 32x32 k3x1x1 f32", 384, 768, 4, 32, 3, 1, 1},
    {"c192 to 384 t4 32x32 k1 f32", 192, 384, 4, 32, 1, 1, 1},
    {"c192 to 96 t4 128x128 enlarged k1x3x3 f32", 192, 96, 4, 128, 1, 3, 2},
};

void run(const Options& options, const Case& c) {
  if (std::string(c.name).find(options.only) == std::string::npos) return;
  Bench bench(options);
  const int64_t side = c.size / c.upsample;
  dio_tensor* x = bench.tensor(DIO_F32, {1, c.frames + c.kernel_t - 1, side, side, c.in});
  dio_tensor* w = bench.tensor(DIO_F32, {c.out, c.kernel_t, c.kernel, c.kernel, c.in});
  dio_tensor *bias = bench.tensor(DIO_F32, {c.out}),
             *out = bench.tensor(DIO_F32, {1, c.frames, c.size, c.size, c.out});
  const auto pad = static_cast<int32_t>(c.kernel / 2);
  const dio_conv3d_params params = {1, 1, 1, 0, pad, pad, pad, pad, DIO_PADDING_ZERO, c.upsample};
  const double flops = 2.0 * static_cast<double>(c.frames * c.size * c.size * c.out) *
                       static_cast<double>(c.kernel_t * c.kernel * c.kernel * c.in);
  run_compute(bench, options, "conv3d", c.name, flops,
              [&] { return dio_conv3d(bench.context(), x, nullptr, w, bias, nullptr, &params, out); });
}

}  // namespace

int main(int argc, char** argv) {
  const Options options(argc, argv);
  for (const Case& c : kCases) run(options, c);
}

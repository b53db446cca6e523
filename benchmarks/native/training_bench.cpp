// Times what fitting Gaussians does beside rendering: the loss with its gradient, Adam, the noise of MCMC.
//
//   training_bench [--threads 2] [--repeats 7] [--case TEXT] [--backend cpu]
#include "compute_bench.h"

using namespace diorama::bench;

namespace {

// Four sums of 11 + 11 multiply-adds forward and three backward; what is done with them is not counted.
constexpr double kLossFlops = 7 * 2 * 11 * 2;

void loss(Bench& bench, const Options& options) {
  const std::pair<int64_t, int64_t> sizes[] = {{256, 256}, {420, 648}, {1080, 1920}};
  for (const auto& [height, width] : sizes) {
    dio_tensor* image = bench.tensor(DIO_F32, {height, width, 3});
    dio_tensor* goal = bench.tensor(DIO_F32, {height, width, 3});
    dio_tensor* target = bench.tensor(DIO_U8, {height, width, 3});
    check(dio_to_rgb8(bench.context(), goal, target));
    dio_tensor* gradient = bench.tensor(DIO_F32, {height, width, 3});
    dio_tensor* losses = bench.tensor(DIO_F32, {4});
    const std::string name = "loss + gradient " + std::to_string(width) + "x" + std::to_string(height);
    run_compute(
        bench, options, "splat_loss", name, kLossFlops * static_cast<double>(3 * height * width),
        [&] { return dio_splat_loss(bench.context(), image, target, nullptr, 0.2f, losses, gradient); });
  }
}

void adam(Bench& bench, const Options&) {
  constexpr int64_t kGaussians = 200'000;
  dio_context* c = bench.context();
  dio_tensor* scale = bench.tensor(DIO_F32, {1});
  for (const int64_t columns : {4, 48}) {
    dio_tensor* gradient = bench.tensor(DIO_F32, {kGaussians, columns});
    dio_tensor* x = bench.tensor(DIO_F32, {kGaussians, columns});
    dio_tensor* m = bench.tensor(DIO_F32, {kGaussians, columns});
    dio_tensor* v = bench.tensor(DIO_F32, {kGaussians, columns});
    check(dio_channel_affine(c, v, scale, scale, 1e-6f, 1, v));  // squares are positive
    const dio_adam_params params = {1000, 1e-3f, 0.9f, 0.999f, 1e-15f};
    const double values = static_cast<double>(kGaussians * columns);
    bench.run("adam", "adam 200000x" + std::to_string(columns), 28 * values,
              [&] { return dio_adam(c, gradient, &params, x, m, v); });
  }
}

void noise(Bench& bench, const Options&) {
  constexpr int64_t kGaussians = 200'000;
  dio_context* c = bench.context();
  dio_tensor* quats = bench.tensor(DIO_F32, {kGaussians, 4});
  dio_tensor* scales = bench.tensor(DIO_F32, {kGaussians, 3});
  dio_tensor* opacities = bench.tensor(DIO_F32, {kGaussians});
  dio_tensor* normals = bench.tensor(DIO_F32, {kGaussians, 3});
  dio_tensor* means = bench.tensor(DIO_F32, {kGaussians, 3});
  bench.run("splat_perturb", "noise 200000", 68.0 * kGaussians, [&] {
    return dio_splat_perturb(c, quats, scales, opacities, normals, DIO_SPLAT_NOISE_COVARIANCE, 1e-3f, means);
  });
}

}  // namespace

int main(int count, char** arguments) {
  const Options options(count, arguments);
  for (void (*group)(Bench&, const Options&) : {loss, adam, noise}) {
    Bench bench(options);
    group(bench, options);
  }
}

// Times the operations of a denoising step, the cases of benchmarks/peer/torch_cpu.py among them (norm, rope,
// step).
//
//   denoise_bench [--threads 2] [--repeats 7] [--case TEXT] [--backend cpu]
#include "memory_bench.h"

using namespace diorama::bench;

namespace {

constexpr int64_t kTokens = 8192, kChannels = 1536, kHeads = 12;
constexpr double kElements = double{kTokens * kChannels};

void norms(Bench& bench) {
  dio_context* c = bench.context();
  dio_tensor* x = bench.tensor(DIO_F32, {kTokens, kChannels});
  dio_tensor* out = bench.tensor(DIO_F32, {kTokens, kChannels});
  dio_tensor* scale = bench.tensor(DIO_F32, {1, kChannels});
  dio_tensor* shift = bench.tensor(DIO_F32, {1, kChannels});
  dio_tensor* weight = bench.tensor(DIO_F32, {kChannels});
  bench.run("norm", "layer norm + modulate s8192 c1536 f32", 8 * kElements,
            [&] { return dio_layer_norm(c, x, nullptr, nullptr, scale, shift, nullptr, 1e-6f, out); });
  bench.run("norm", "layer norm + modulate s8192 c1536 f32 in place", 8 * kElements,
            [&] { return dio_layer_norm(c, x, nullptr, nullptr, scale, shift, nullptr, 1e-6f, x); });
  bench.run("norm", "rms norm s8192 c1536 f32", 8 * kElements,
            [&] { return dio_rms_norm(c, x, weight, nullptr, nullptr, nullptr, 1e-6f, out); });
  bench.run("gate", "gated residual s8192 c1536 f32 in place", 12 * kElements,
            [&] { return dio_gated_residual(c, x, out, scale, nullptr, out); });
  dio_tensor* kept = bench.tensor(DIO_F32, {kTokens, kChannels});
  bench.run("gate", "gated residual, then layer norm + modulate s8192 c1536 f32", 16 * kElements, [&] {
    const dio_status status = dio_gated_residual(c, x, kept, scale, nullptr, kept);
    if (status != DIO_STATUS_OK) return status;
    return dio_layer_norm(c, kept, nullptr, nullptr, scale, shift, nullptr, 1e-6f, out);
  });
  bench.run("gate", "gated residual with layer norm + modulate s8192 c1536 f32, one pass", 16 * kElements,
            [&] {
              return dio_gated_residual_norm(c, x, kept, scale, nullptr, nullptr, scale, shift, nullptr,
                                             1e-6f, kept, out);
            });
  bench.run("activate", "gelu tanh s8192 c1536 f32", 8 * kElements,
            [&] { return dio_activate(c, x, DIO_ACTIVATION_GELU_TANH, out); });
  dio_tensor* halves = bench.tensor(DIO_BF16, {kTokens, kChannels});
  dio_tensor* halves_out = bench.tensor(DIO_BF16, {kTokens, kChannels});
  bench.run("norm", "layer norm + modulate s8192 c1536 bf16", 4 * kElements, [&] {
    return dio_layer_norm(c, halves, nullptr, nullptr, scale, shift, nullptr, 1e-6f, halves_out);
  });
}

void rope(Bench& bench) {
  dio_context* c = bench.context();
  const int64_t size = kChannels / kHeads;
  dio_tensor* x = bench.tensor(DIO_F32, {1, kTokens, kHeads, size});
  dio_tensor* out = bench.tensor(DIO_F32, {1, kTokens, kHeads, size});
  dio_tensor* weight = bench.tensor(DIO_F32, {kChannels});
  dio_tensor* cosine = bench.tensor(DIO_F32, {kTokens, size / 2});
  dio_tensor* sine = bench.tensor(DIO_F32, {kTokens, size / 2});
  const double bytes = 8 * kElements + 4.0 * double{kTokens * size};
  bench.run("rope", "rms norm across heads + rotary s8192 h12 d128 f32", bytes,
            [&] { return dio_qk_norm_rope(c, x, weight, 1e-6f, cosine, sine, out); });
  bench.run("rope", "rms norm across heads + rotary s8192 h12 d128 f32 in place", bytes,
            [&] { return dio_qk_norm_rope(c, x, weight, 1e-6f, cosine, sine, x); });
}

void steps(Bench& bench) {
  dio_context* c = bench.context();
  const std::vector<int64_t> shape = {1, 16, 21, 60, 104};
  const double elements = 16 * 21 * 60 * 104;
  const dio_tensor* inputs[4];
  for (const dio_tensor*& input : inputs) input = bench.tensor(DIO_F32, shape);
  dio_tensor* out = bench.tensor(DIO_F32, shape);
  // lat[0] * .9 + (lat[1] + 5 * (lat[2] - lat[1])) * -.1 + lat[3] * .05
  const double coefficients[] = {0.9, 0.4, -0.5, 0.05};
  bench.run("step", "guidance + 2-term update 16x21x60x104 f32", 20 * elements,
            [&] { return dio_combine(c, 4, inputs, 1, &out, coefficients); });
  dio_generator* generator = nullptr;
  check(dio_generator_create(1, &generator));
  bench.run("noise", "randn 16x21x60x104", 4 * elements, [&] { return dio_randn(c, generator, out); });
  check(dio_generator_destroy(generator));
}

}  // namespace

int main(int count, char** arguments) {
  const Options options(count, arguments);
  for (void (*group)(Bench&) : {norms, rope, steps}) {
    Bench bench(options);
    group(bench);
  }
}

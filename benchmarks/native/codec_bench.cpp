// Times the codec's operations that memory bounds: channel norm, residual resampling, patches, copies,
// pixels.
//
//   codec_bench [--threads 2] [--repeats 7] [--case TEXT] [--backend cpu]
#include "memory_bench.h"

using namespace diorama::bench;

namespace {

double elements(const dio_tensor* t) {
  double count = 1;
  for (int axis = 0; axis < t->rank; ++axis) count *= static_cast<double>(t->shape[axis]);
  return count;
}

std::string size_text(const dio_tensor* t) {
  std::string text;
  for (int axis = 0; axis < t->rank; ++axis)
    text += std::string(axis ? "x" : "") + std::to_string(t->shape[axis]);
  return text;
}

void channel_norms(Bench& bench) {
  const std::vector<int64_t> shapes[] = {
      {1, 4, 128, 128, 96}, {1, 4, 64, 64, 192}, {1, 4, 64, 64, 384}, {1, 2, 32, 32, 1024}};
  for (const auto& shape : shapes) {
    dio_tensor* x = bench.tensor(DIO_F32, shape);
    dio_tensor* out = bench.tensor(DIO_F32, shape);
    dio_tensor* gamma = bench.tensor(DIO_F32, {shape.back()});
    for (const auto kind : {DIO_ACTIVATION_NONE, DIO_ACTIVATION_SILU}) {
      const std::string name =
          std::string(kind ? "channel norm + silu " : "channel norm ") + size_text(x) + " f32";
      bench.run("codec", name, 8 * elements(x),
                [&] { return dio_channel_norm(bench.context(), x, gamma, nullptr, kind, out); });
    }
  }
}

void resampling(Bench& bench) {
  struct Case {
    int64_t frames, size, from, to;
    int32_t factor_t, factor_s;
  };
  for (const Case& s : {Case{4, 64, 256, 256, 2, 2}, {4, 64, 160, 320, 2, 2}, {4, 64, 512, 512, 1, 2}}) {
    dio_tensor* large = bench.tensor(DIO_F32, {1, s.frames, s.size, s.size, s.from});
    dio_tensor* small = bench.tensor(DIO_F32, {1, s.frames / s.factor_t, s.size / 2, s.size / 2, s.to});
    bench.run("codec", "avg down " + size_text(large) + " to " + size_text(small) + " f32",
              4 * (elements(large) + elements(small)),
              [&] { return dio_avg_down(bench.context(), large, s.factor_t, s.factor_s, small); });
    bench.run("codec", "dup up " + size_text(small) + " to " + size_text(large) + " f32",
              4 * (elements(small) + 2 * elements(large)),
              [&] { return dio_dup_up(bench.context(), small, s.factor_t, s.factor_s, 0, large); });
  }
}

void moves(Bench& bench) {
  dio_context* c = bench.context();
  dio_tensor* frames = bench.tensor(DIO_F32, {1, 4, 480, 832, 3});
  dio_tensor* pixels = bench.tensor(DIO_U8, {1, 4, 480, 832, 3});
  dio_tensor* scale = bench.tensor(DIO_F32, {1});
  dio_tensor* shift = bench.tensor(DIO_F32, {1});
  bench.run("codec", "to rgb8 4x480x832x3", 5 * elements(frames),
            [&] { return dio_to_rgb8(c, frames, pixels); });
  bench.run("codec", "affine + clamp 4x480x832x3 in place", 8 * elements(frames),
            [&] { return dio_channel_affine(c, frames, scale, shift, 0, 1, frames); });
  dio_tensor* latents = bench.tensor(DIO_F32, {1, 21, 60, 104, 48});
  dio_tensor* patches = bench.tensor(DIO_F32, {1, 21 * 30 * 52, 192});
  bench.run("codec", "patchify 1x2x2 21x60x104x48 channels first", 8 * elements(latents),
            [&] { return dio_patchify(c, latents, 1, 2, 2, 1, patches); });
  bench.run("codec", "patchify 1x2x2 21x60x104x48 channels last", 8 * elements(latents),
            [&] { return dio_patchify(c, latents, 1, 2, 2, 0, patches); });
  bench.run("codec", "unpatchify 1x2x2 21x60x104x48 channels last", 8 * elements(latents),
            [&] { return dio_unpatchify(c, patches, 1, 2, 2, 0, latents); });
  dio_tensor* first = bench.tensor(DIO_F32, {1, 21, 48, 60, 104});
  dio_tensor turned = *first;  // channels last in memory, read as [B, T, C, H, W]
  const int axes[] = {0, 1, 4, 2, 3};
  for (int i = 0; i < 5; ++i)
    turned.shape[i] = latents->shape[axes[i]], turned.strides[i] = latents->strides[axes[i]];
  turned.data = latents->data;
  bench.run("codec", "copy channels last to first 21x60x104x48", 8 * elements(latents),
            [&] { return dio_copy(c, &turned, first); });
  bench.run("codec", "copy channels first to last 21x60x104x48", 8 * elements(latents),
            [&] { return dio_copy(c, first, &turned); });
  dio_tensor* halves = bench.tensor(DIO_BF16, {1, 21, 60, 104, 48});
  bench.run("codec", "copy f32 to bf16 21x60x104x48", 6 * elements(latents),
            [&] { return dio_copy(c, latents, halves); });
  dio_tensor* same = bench.tensor(DIO_F32, {1, 21, 60, 104, 48});
  bench.run("codec", "copy f32 21x60x104x48", 8 * elements(latents),
            [&] { return dio_copy(c, latents, same); });
}

}  // namespace

int main(int count, char** arguments) {
  const Options options(count, arguments);
  for (void (*group)(Bench&) : {channel_norms, resampling, moves}) {
    Bench bench(options);
    group(bench);
  }
}

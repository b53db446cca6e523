// The operations that Highway compiles several times, run with every instruction set that this processor has:
// a machine with AVX-512 tests AVX2 and SSE4 too.
#include <cmath>
#include <utility>

#include "conformance.h"
#include "instruction_sets.h"

using namespace diorama::test;

namespace {

// The products, with sizes that no tile divides.
void matrices(dio_dtype dtype, Random& random) {
  auto x = TestTensor(dtype, {37, 29}, {.row_gap = 1}).normal(random);
  auto w = TestTensor(dtype, {53, 29}).normal(random);
  auto sums = TestTensor(dtype, {37, 53}, {.row_gap = 1});
  conform("linear", {&x, &w}, {&sums}, [&](dio_context* c) {
    return dio_linear(c, x, w, nullptr, DIO_ACTIVATION_GELU_TANH, nullptr, nullptr, nullptr, sums);
  });
  auto q = TestTensor(dtype, {1, 19, 2, 22}).normal(random);
  auto k = TestTensor(dtype, {1, 41, 2, 22}).normal(random),
       v = TestTensor(dtype, {1, 41, 2, 22}).normal(random);
  auto mixed = TestTensor(dtype, {1, 19, 2, 22});
  conform("attention", {&q, &k, &v}, {&mixed},
          [&](dio_context* c) { return dio_attention(c, q, k, v, nullptr, nullptr, 0, mixed); });
  const dio_conv3d_params padded = {1, 1, 1, 0, 1, 1, 1, 1, DIO_PADDING_ZERO, 1};
  // The second is large enough for Winograd's transforms.
  for (const auto& [channels, side] : {std::pair<int64_t, int64_t>{5, 7}, {35, 23}}) {
    const double scale = 1 / std::sqrt(9.0 * static_cast<double>(channels));
    auto video = TestTensor(dtype, {1, 1, side, side, channels}).normal(random);
    auto weights = TestTensor(dtype, {channels, 1, 3, 3, channels}).normal(random, scale);
    auto out = TestTensor(dtype, {1, 1, side, side, channels});
    conform("convolution", {&video, &weights}, {&out}, [&](dio_context* c) {
      return dio_conv3d(c, video, nullptr, weights, nullptr, nullptr, &padded, out);
    });
  }
}

}  // namespace

TEST_CASE("every instruction set of this processor") {
  Random random(1);
  for_each_instruction_set([&](const std::string& name) {
    INFO(name);
    for (const dio_dtype dtype : {DIO_F32, DIO_BF16, DIO_F16}) {
      for (const int64_t channels : {1, 17, 114}) {
        auto x = TestTensor(dtype, {5, channels}, {.row_gap = 1}).normal(random, 3);
        auto weight = TestTensor(DIO_F32, {channels}).normal(random);
        auto shift = TestTensor(DIO_F32, {1, channels}).normal(random);
        auto out = TestTensor(dtype, {5, channels});
        auto dense = TestTensor(dtype, {5, channels}).normal(random, 3);
        conform("layer norm", {&x, &weight, &shift}, {&out}, [&](dio_context* c) {
          return dio_layer_norm(c, x, weight, nullptr, nullptr, shift, nullptr, 1e-6f, out);
        });
        conform("channel norm", {&dense, &weight}, {&out}, [&](dio_context* c) {
          return dio_channel_norm(c, dense, weight, nullptr, DIO_ACTIVATION_SILU, out);
        });
        conform("gelu", {&x}, {&out},
                [&](dio_context* c) { return dio_activate(c, x, DIO_ACTIVATION_GELU_ERF, out); });
        conform("gated residual", {&x, &dense, &shift}, {&out},
                [&](dio_context* c) { return dio_gated_residual(c, x, dense, shift, nullptr, out); });
      }
      matrices(dtype, random);
      auto heads = TestTensor(dtype, {2, 3, 4, 22}).normal(random);
      auto angles = TestTensor(DIO_F32, {3, 11}).normal(random);
      auto rotated = TestTensor(dtype, {2, 3, 4, 22});
      conform("rotary", {&heads, &angles}, {&rotated}, [&](dio_context* c) {
        return dio_qk_norm_rope(c, heads, nullptr, 1e-6f, angles, angles, rotated);
      });
      auto picture = TestTensor(dtype, {9, 7, 3}).normal(random, 0.4, 0.5);
      auto pixels = TestTensor(DIO_U8, {9, 7, 3});
      conform("pixels", {&picture}, {&pixels},
              [&](dio_context* c) { return dio_to_rgb8(c, picture, pixels); });
    }
    auto a = TestTensor(DIO_F32, {113}).normal(random), b = TestTensor(DIO_F32, {113}).normal(random);
    auto sum = TestTensor(DIO_F32, {113}), difference = TestTensor(DIO_F32, {113});
    conform("combine", {&a, &b}, {&sum, &difference}, [&](dio_context* c) {
      const dio_tensor* inputs[] = {a, b};
      dio_tensor* outputs[] = {sum, difference};
      const double coefficients[] = {1, 2, 3, -4};
      return dio_combine(c, 2, inputs, 2, outputs, coefficients);
    });
  });
}

// The operations that Highway compiles several times, run with every instruction set that this processor has:
// a machine with AVX-512 tests AVX2 and SSE4 too.
#include <hwy/targets.h>

#include "conformance.h"

using namespace diorama::test;

namespace {

// While it lives, kernels use this instruction set.
class Only {
 public:
  explicit Only(int64_t target) { hwy::SetSupportedTargetsForTest(target); }
  Only(const Only&) = delete;
  Only& operator=(const Only&) = delete;
  ~Only() { hwy::SetSupportedTargetsForTest(0); }
};

}  // namespace

TEST_CASE("every instruction set of this processor") {
  Random random(1);
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    INFO(hwy::TargetName(target));
    const Only only(target);
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
  }
}

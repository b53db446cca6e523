// The harness itself: conversions, layouts, and that it notices a wrong result.
#include "conformance.h"

using namespace diorama::test;

TEST_CASE("bf16 and f16 round to nearest, ties to even, and back") {
  CHECK(from_bf16(to_bf16(1.f + 0x1p-8f)) == 1.f);
  CHECK(from_bf16(to_bf16(1.f + 3 * 0x1p-8f)) == 1.f + 0x1p-6f);
  CHECK(from_f16(to_f16(1.f + 0x1p-11f)) == 1.f);
  CHECK(from_f16(to_f16(65519.f)) == 65504.f);
  CHECK(std::isinf(from_f16(to_f16(65520.f))));
  CHECK(from_f16(to_f16(0x1p-24f)) == 0x1p-24f);
  CHECK(from_f16(to_f16(2047.f * 0x1p-25f)) == 0x1p-14f);
  CHECK(std::isnan(from_f16(to_f16(NAN))));
  for (int bits = 0; bits < 0x7C00; ++bits) {
    CHECK(to_f16(from_f16(static_cast<uint16_t>(bits))) == bits);
  }
}

TEST_CASE("layouts keep the row-major order of the values") {
  const std::vector<double> values = {1, 2, 3, 4, 5, 6};
  CHECK(TestTensor(DIO_F32, {2, 3}).values(values).read() == values);
  CHECK(TestTensor(DIO_BF16, {2, 3}, {.row_gap = 2}).values(values).read() == values);
  auto transposed = TestTensor(DIO_F16, {2, 3}, {.row_gap = 0, .order = {1, 0}}).values(values);
  CHECK(transposed.read() == values);
  CHECK(transposed->strides[0] == 1);
}

TEST_CASE("activate conforms, as an example") {
  Random random(1);
  for (const dio_dtype dtype : {DIO_F32, DIO_BF16, DIO_F16}) {
    auto x = TestTensor(dtype, {113, 17}, {.row_gap = 3}).normal(random);
    auto out = TestTensor(dtype, {113, 17});
    conform("silu", {&x}, {&out},
            [&](dio_context* c) { return dio_activate(c, x, DIO_ACTIVATION_SILU, out); });
  }
}

TEST_CASE("differences are measured where both are finite, and specials compared") {
  CHECK(difference({1, 2}, {1, 2}).largest == 0);
  CHECK(difference({1, NAN}, {1, NAN}).same_specials);
  CHECK_FALSE(difference({1, NAN}, {1, 2}).same_specials);
  CHECK(difference({3, 0}, {0, 4}).relative == doctest::Approx(1.25));
}

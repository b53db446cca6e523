// Products by Hopper's own units, on the host by kernels/simt: the device says that it is one.
#include "conformance.h"

#include <cstdlib>

using namespace diorama::test;

namespace {

// Before the library looks at its device.
const int kPretended = setenv("DIORAMA_SIMT_DEVICE", "sm_90", 1);

struct Problem {
  int64_t m, n, k;
  dio_dtype dtype = DIO_BF16, out = DIO_BF16;
  int64_t row_gap = 0;
};

void check(const Problem& p) {
  TestTensor x(p.dtype, {p.m, p.k}, {.row_gap = p.row_gap}), w(p.dtype, {p.n, p.k}, {.row_gap = p.row_gap});
  TestTensor out(p.out, {p.m, p.n}, {.row_gap = p.row_gap}), residual(p.out, {p.m, p.n});
  TestTensor bias(p.dtype, {p.n}), gate(DIO_F32, {1, p.n});
  Random random(static_cast<uint64_t>(p.m + p.n + p.k));
  std::move(x).normal(random);
  std::move(w).normal(random, 1 / std::sqrt(static_cast<double>(p.k)));
  for (TestTensor* t : {&out, &residual, &bias, &gate}) std::move(*t).normal(random);
  conform(std::to_string(p.m) + "x" + std::to_string(p.n) + "x" + std::to_string(p.k),
          {&x, &w, &residual, &bias, &gate}, {&out}, [&](dio_context* c) {
            return dio_linear(c, x, w, bias, DIO_ACTIVATION_SILU, gate, nullptr, residual, out);
          });
}

}  // namespace

TEST_CASE("linear sm90: tiles, their edges, and several for each block") {
  REQUIRE(kPretended == 0);
  for (const dio_dtype dtype : {DIO_BF16, DIO_F16}) {
    check({.m = 65, .n = 17, .k = 8, .dtype = dtype, .out = dtype});
    check({.m = 130, .n = 259, .k = 72, .dtype = dtype, .out = dtype});
    check({.m = 257, .n = 300, .k = 200, .dtype = dtype, .out = DIO_F32});
    check({.m = 700, .n = 270, .k = 328, .dtype = dtype, .out = dtype});
  }
  check({.m = 260, .n = 1100, .k = 72});
  check({.m = 2100, .n = 130, .k = 64});
}

TEST_CASE("linear sm90: rows of any length that begin at multiples of 16 bytes") {
  check({.m = 66, .n = 34, .k = 77, .out = DIO_F32, .row_gap = 3});
  check({.m = 140, .n = 130, .k = 127, .dtype = DIO_F16, .out = DIO_F16, .row_gap = 1});
}

TEST_CASE("linear sm90: K divided among blocks") {
  check({.m = 70, .n = 40, .k = 2048});
  check({.m = 100, .n = 200, .k = 1100, .dtype = DIO_F16, .out = DIO_F32, .row_gap = 4});
}

TEST_CASE("linear sm90: rows that no tensor map describes") {
  TestTensor x(DIO_BF16, {70, 72}), w(DIO_BF16, {40, 72}), out(DIO_F32, {70, 40});
  Random random(3);
  for (TestTensor* t : {&x, &w, &out}) std::move(*t).normal(random);
  conform("repeated rows", {&x, &w}, {&out}, [&](dio_context* c) {
    dio_tensor repeated = *x.get();
    repeated.strides[0] = 0;
    return dio_linear(c, &repeated, w, nullptr, DIO_ACTIVATION_NONE, nullptr, nullptr, nullptr, out);
  });
}

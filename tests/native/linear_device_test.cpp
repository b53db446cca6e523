// dio_linear at the sizes, alignments and dtypes between which the CUDA backend chooses its kernels (simt
// runs them on the host): tiles of the tensor cores, parts of K, few rows.
#include "conformance.h"

#include <array>

using namespace diorama::test;

namespace {

struct Problem {
  int64_t m, n, k;
  dio_dtype x = DIO_BF16, w = DIO_BF16, out = DIO_BF16;
  int64_t row_gap = 0;
  bool everything = true;  // bias, GELU, gate, residual
};

struct Tensors {
  TestTensor x, w, out, bias, gate, residual;
  bool everything;

  explicit Tensors(const Problem& p)
      : x(p.x, {p.m, p.k}, {.row_gap = p.row_gap}),
        w(p.w, {p.n, p.k}, {.row_gap = p.row_gap}),
        out(p.out, {p.m, p.n}, {.row_gap = p.row_gap}),
        bias(p.w, {p.n}),
        gate(DIO_F32, {1, p.n}),
        residual(p.out, {p.m, p.n}, {.row_gap = p.row_gap}),
        everything(p.everything) {
    Random random(static_cast<uint64_t>(p.m * 31 + p.n * 17 + p.k));
    std::move(x).normal(random);
    std::move(w).normal(random, 1 / std::sqrt(static_cast<double>(p.k)));
    for (TestTensor* t : {&bias, &gate, &residual, &out}) std::move(*t).normal(random);
  }
  dio_status run(dio_context* c) {
    if (!everything) return dio_linear(c, x, w, nullptr, DIO_ACTIVATION_NONE, nullptr, nullptr, nullptr, out);
    return dio_linear(c, x, w, bias, DIO_ACTIVATION_GELU_TANH, gate, nullptr, residual, out);
  }
};

void check(const Problem& p, const Tolerance& tolerance = {}) {
  Tensors t(p);
  conform(
      std::to_string(p.m) + "x" + std::to_string(p.n) + "x" + std::to_string(p.k),
      {&t.x, &t.w, &t.bias, &t.gate, &t.residual}, {&t.out}, [&](dio_context* c) { return t.run(c); },
      tolerance);
}

constexpr dio_dtype kFloats[] = {DIO_F32, DIO_BF16, DIO_F16};

}  // namespace

TEST_CASE("products in tiles of the tensor cores") {
  for (const dio_dtype dtype : {DIO_BF16, DIO_F16}) {
    for (const int64_t row_gap : {0, 8}) {
      for (const int64_t k : {8, 72, 264}) {
        check({.m = 17, .n = 70, .k = k, .x = dtype, .w = dtype, .out = dtype, .row_gap = row_gap});
        check({.m = 65, .n = 129, .k = k, .x = dtype, .w = dtype, .out = DIO_F32, .row_gap = row_gap});
      }
    }
    // Of 128 x 256 and of 128 x 128, where there are four multiprocessors.
    check({.m = 250, .n = 500, .k = 136, .x = dtype, .w = dtype, .out = dtype});
    check({.m = 130, .n = 513, .k = 104, .x = dtype, .w = dtype, .out = DIO_F32, .everything = false});
    check({.m = 100, .n = 1150, .k = 72, .x = dtype, .w = dtype, .out = dtype});
    check({.m = 1150, .n = 100, .k = 40, .x = dtype, .w = dtype, .out = dtype});
  }
}

TEST_CASE("products with K divided among blocks") {
  check({.m = 20, .n = 24, .k = 4096});
  check({.m = 20, .n = 27, .k = 2056, .out = DIO_F32, .row_gap = 8});
  check({.m = 40, .n = 140, .k = 1544, .x = DIO_F16, .w = DIO_F16, .out = DIO_F32});
  check({.m = 20, .n = 24, .k = 1023, .x = DIO_F32, .w = DIO_F32, .out = DIO_F32});
  check({.m = 67, .n = 65, .k = 700, .x = DIO_F32, .w = DIO_BF16, .out = DIO_BF16});
}

TEST_CASE("products in f32 tiles of every size") {
  check({.m = 200, .n = 250, .k = 50, .x = DIO_F32, .w = DIO_F32, .out = DIO_F32});
  check({.m = 300, .n = 300, .k = 36, .x = DIO_F32, .w = DIO_F16, .out = DIO_F16});
  check({.m = 300, .n = 270, .k = 33, .x = DIO_BF16, .w = DIO_F32, .out = DIO_F32, .row_gap = 3});
}

TEST_CASE("products of few rows read whole packs of weights") {
  for (const dio_dtype x : kFloats) {
    for (const dio_dtype w : kFloats) {
      for (const int64_t m : {1, 3, 8, 13}) {
        check({.m = m, .n = 9, .k = 1096, .x = x, .w = w, .out = x});
      }
    }
  }
  for (const int64_t n : {1, 4, 5}) {
    for (const int64_t k : {8, 512, 1032}) check({.m = 2, .n = n, .k = k, .row_gap = 8});
  }
}

TEST_CASE("rows apart stay apart where sums are made in tiles") {
  for (const dio_dtype dtype : kFloats) {
    Tensors t({.m = 70, .n = 66, .k = 72, .x = dtype, .w = dtype, .out = dtype});
    t.x.set(3 * 72 + 71, NAN);
    t.x.set(64 * 72, INFINITY);
    t.w.set(65 * 72 + 1, NAN);
    conform("specials", {&t.x, &t.w, &t.bias, &t.gate, &t.residual}, {&t.out},
            [&](dio_context* c) { return t.run(c); });
  }
}

TEST_CASE("rows that run backwards or repeat") {
  for (const dio_dtype dtype : kFloats) {
    for (const int64_t m : {5, 70}) {
      Tensors t({.m = m, .n = 66, .k = 72, .x = dtype, .w = dtype, .out = dtype});
      for (const bool backwards : {true, false}) {
        conform(backwards ? "backwards" : "repeated", {&t.x, &t.w, &t.bias, &t.gate, &t.residual}, {&t.out},
                [&](dio_context* c) {
                  dio_tensor x = *t.x.get();
                  const int64_t last = (m - 1) * x.strides[0] * diorama::element_size(dtype);
                  if (backwards) x.data = static_cast<char*>(x.data) + last;
                  x.strides[0] = backwards ? -x.strides[0] : 0;
                  return dio_linear(c, &x, t.w, t.bias, DIO_ACTIVATION_SILU, t.gate, nullptr, t.residual,
                                    t.out);
                });
      }
    }
  }
}

TEST_CASE("tf32 is used where it is allowed, and nowhere else") {
  for (const char* backend : {"simt", "cuda"}) {
    dio_context* context = shared_context(backend);
    if (!context) continue;
    for (const auto& [m, n, k] : {std::array<int64_t, 3>{40, 72, 100}, {130, 513, 44}, {33, 20, 2048}}) {
      Tensors t({.m = m, .n = n, .k = k, .x = DIO_F32, .w = DIO_F32, .out = DIO_F32, .everything = false});
      const auto run = [&](const char* on) {
        return run_on(on, {&t.x, &t.w}, {&t.out}, [&](dio_context* c) { return t.run(c); })[0];
      };
      const auto truth = run("reference");
      const double exact = difference(run(backend), truth).relative;
      REQUIRE(dio_context_allow_tf32(context, 1) == DIO_STATUS_OK);
      const double rounded = difference(run(backend), truth).relative;
      REQUIRE(dio_context_allow_tf32(context, 0) == DIO_STATUS_OK);
      CHECK(exact < 1e-6);
      // Two operands of 11 bits: each product is off by 2^-11 at most, in both directions alike.
      CHECK(rounded < 0x1p-11);
      CHECK(rounded > 0x1p-15);
      CHECK(difference(run(backend), truth).relative == exact);
    }
    CHECK(dio_context_allow_tf32(context, 2) == DIO_STATUS_INVALID_ARGUMENT);
    CHECK(std::string(dio_last_error()) == "context_allow_tf32: allowed is 2, expected 0 to 1");
  }
}

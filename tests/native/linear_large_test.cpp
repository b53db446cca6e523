// dio_linear at sizes that fill a card, where other tiles and cuBLASLt serve than at the sizes of the other
// tests: some rows of each result are compared with the reference of those rows alone. simt runs the same at
// small sizes.
#include "conformance.h"

using namespace diorama::test;

namespace {

// What follows the product.
enum class Then { kNothing, kBias, kBiasGelu, kBiasResidual, kEverything };

struct Size {
  int64_t m, n, k;
};

struct Tensors {
  Then then;
  TestTensor x, w, out, bias, gate, residual;

  Tensors(const Size& s, dio_dtype dtype, dio_dtype out_dtype, Then what)
      : then(what),
        x(dtype, {s.m, s.k}),
        w(dtype, {s.n, s.k}),
        out(out_dtype, {s.m, s.n}),
        bias(out_dtype, {s.n}),
        gate(DIO_F32, {1, s.n}),
        residual(out_dtype, {s.m, s.n}) {}

  void fill() {
    Random random(11);
    std::move(x).normal(random);
    std::move(w).normal(random, 1 / std::sqrt(static_cast<double>(x->shape[1])));
    for (TestTensor* t : {&out, &bias, &gate, &residual}) std::move(*t).normal(random);
  }
  // The same weights for some rows of `all`.
  void take(const Tensors& all, const std::vector<int64_t>& rows) {
    const auto take_rows = [&](TestTensor& to, const TestTensor& from) {
      const std::vector<double> values = from.read();
      const int64_t columns = to->shape[1];
      std::vector<double> taken;
      for (const int64_t row : rows) {
        const auto first = values.begin() + row * columns;
        taken.insert(taken.end(), first, first + columns);
      }
      std::move(to).values(taken);
    };
    take_rows(x, all.x);
    take_rows(out, all.out);
    take_rows(residual, all.residual);
    std::move(w).values(all.w.read());
    std::move(bias).values(all.bias.read());
    std::move(gate).values(all.gate.read());
  }
  dio_status run(dio_context* c) {
    const bool biased = then != Then::kNothing, everything = then == Then::kEverything;
    const auto activation = everything                ? DIO_ACTIVATION_SILU
                            : then == Then::kBiasGelu ? DIO_ACTIVATION_GELU_TANH
                                                      : DIO_ACTIVATION_NONE;
    return dio_linear(c, x, w, biased ? bias.get() : nullptr, activation, everything ? gate.get() : nullptr,
                      nullptr, everything || then == Then::kBiasResidual ? residual.get() : nullptr, out);
  }
  std::vector<double> on(const std::string& backend) {
    return run_on(backend, {&x, &w, &bias, &gate, &residual}, {&out},
                  [&](dio_context* c) { return run(c); })[0];
  }
};

void check(const std::string& backend, const Size& size, dio_dtype dtype, dio_dtype out, Then then) {
  Tensors all(size, dtype, out, then);
  all.fill();
  const std::vector<double> whole = all.on(backend);
  CHECK(all.on(backend) == whole);
  std::vector<int64_t> rows;
  for (const int64_t row : {int64_t{0}, int64_t{9}, int64_t{63}, int64_t{64}, int64_t{127}, int64_t{128},
                            size.m / 2, size.m - 70, size.m - 1}) {
    rows.push_back(row);
  }
  Tensors some({static_cast<int64_t>(rows.size()), size.n, size.k}, dtype, out, then);
  some.take(all, rows);
  const std::vector<double> truth = some.on("reference"), plain = some.on("plain");
  std::vector<double> found;
  for (const int64_t row : rows) {
    const auto first = whole.begin() + row * size.n;
    found.insert(found.end(), first, first + size.n);
  }
  double largest = 0;
  for (const double value : truth) largest = std::max(largest, std::fabs(value));
  const double rounded = 2 * rounding(out) + Tolerance().slack;
  const Difference yardstick = difference(plain, truth), difference_found = difference(found, truth);
  INFO(backend);
  INFO(size.m);
  CHECK(difference_found.same_specials);
  CHECK(difference_found.largest <= 2 * yardstick.largest + rounded * largest);
  CHECK(difference_found.relative <= 2 * yardstick.relative + rounded);
}

void check_all(const std::string& backend, const std::vector<Size>& sizes) {
  if (!shared_context(backend)) return;
  for (const Size& size : sizes) {
    for (const Then then :
         {Then::kNothing, Then::kBias, Then::kBiasGelu, Then::kBiasResidual, Then::kEverything}) {
      check(backend, size, DIO_BF16, DIO_BF16, then);
      REQUIRE(dio_context_allow_cublas(shared_context(backend), 0) == DIO_STATUS_OK);
      check(backend, size, DIO_BF16, DIO_BF16, then);
      REQUIRE(dio_context_allow_cublas(shared_context(backend), 1) == DIO_STATUS_OK);
    }
    check(backend, size, DIO_F16, DIO_F16, Then::kEverything);
    check(backend, size, DIO_F16, DIO_F32, Then::kBiasResidual);
    check(backend, size, DIO_F32, DIO_F32, Then::kBias);
    check(backend, size, DIO_F32, DIO_F32, Then::kEverything);
  }
}

}  // namespace

TEST_CASE("products that fill the device") {
  check_all("simt", {{260, 520, 72}});
  // Tiles of 128 x 256 in several waves; of 128 x 128; K in parts; deep, where the library is asked for sums
  // alone.
  check_all("cuda", {{2100, 4100, 520}, {1000, 1100, 264}, {200, 300, 4096}, {300, 600, 8192}});
}

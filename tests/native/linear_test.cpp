// dio_linear on every backend against plain loops in double.
#include "instruction_sets.h"

#include <array>
#include <optional>

using namespace diorama::test;

namespace {

struct Problem {
  int64_t m, n, k;
  dio_dtype x = DIO_F32, w = DIO_F32, out = DIO_F32;
  bool bias = true;
  dio_activation_kind activation = DIO_ACTIVATION_NONE;
  int64_t gates = 0;  // rows of gate; none when 0
  bool indexed = false;
  bool residual = false;
  int64_t row_gap = 0;
};

struct Tensors {
  TestTensor x, w, out;
  std::optional<TestTensor> bias, gate, index, residual;

  explicit Tensors(const Problem& p, uint64_t seed = 1)
      : x(p.x, {p.m, p.k}, {.row_gap = p.row_gap}),
        w(p.w, {p.n, p.k}, {.row_gap = p.row_gap}),
        out(p.out, {p.m, p.n}, {.row_gap = p.row_gap}) {
    Random random(seed);
    std::move(x).normal(random);
    std::move(w).normal(random, 1 / std::sqrt(static_cast<double>(p.k)));
    std::move(out).normal(random);
    if (p.bias) bias.emplace(TestTensor(p.w, {p.n}).normal(random));
    if (p.gates) gate.emplace(TestTensor(DIO_F32, {p.gates, p.n}, {.row_gap = p.row_gap}).normal(random));
    if (p.indexed) index.emplace(TestTensor(DIO_I32, {p.m}).integers(random, 0, p.gates - 1));
    if (p.residual) residual.emplace(TestTensor(p.out, {p.m, p.n}, {.row_gap = p.row_gap}).normal(random));
  }
  static dio_tensor* get(std::optional<TestTensor>& t) { return t ? t->get() : nullptr; }
  std::vector<TestTensor*> inputs() {
    std::vector<TestTensor*> list = {&x, &w};
    for (auto* t : {&bias, &gate, &index, &residual}) {
      if (*t) list.push_back(&**t);
    }
    return list;
  }
  dio_status run(dio_context* c, dio_activation_kind activation, bool in_place = false) {
    return dio_linear(c, x, w, get(bias), activation, get(gate), get(index),
                      in_place ? out.get() : get(residual), out);
  }
};

void check(const std::string& title, const Problem& p) {
  Tensors t(p);
  conform(title + " " + std::to_string(p.m) + "x" + std::to_string(p.n) + "x" + std::to_string(p.k),
          t.inputs(), {&t.out}, [&](dio_context* c) { return t.run(c, p.activation); });
}

constexpr dio_dtype kFloats[] = {DIO_F32, DIO_BF16, DIO_F16};
constexpr dio_activation_kind kActivations[] = {DIO_ACTIVATION_NONE, DIO_ACTIVATION_GELU_TANH,
                                                DIO_ACTIVATION_GELU_ERF, DIO_ACTIVATION_SILU,
                                                DIO_ACTIVATION_QUICK_GELU};

std::vector<double> on_threads(int threads, Tensors& t, dio_activation_kind activation) {
  dio_context* context = nullptr;
  REQUIRE(dio_context_create(kHost, threads, &context) == DIO_STATUS_OK);
  REQUIRE(t.run(context, activation) == DIO_STATUS_OK);
  REQUIRE(dio_context_destroy(context) == DIO_STATUS_OK);
  return t.out.read();
}

}  // namespace

TEST_CASE("linear conforms at ragged sizes") {
  for (const int64_t m : {1, 2, 3, 4, 5, 17, 113}) {
    for (const int64_t n : {1, 17, 113}) {
      for (const int64_t k : {1, 17, 113}) check("ragged", {.m = m, .n = n, .k = k, .row_gap = m % 3});
    }
  }
  check("long m", {.m = 1023, .n = 17, .k = 113});
  check("long n", {.m = 17, .n = 1023, .k = 113});
  check("long n, one row", {.m = 1, .n = 1023, .k = 113});
  check("long k", {.m = 17, .n = 113, .k = 1023});
  check("long k, few rows", {.m = 7, .n = 113, .k = 1023});
  check("several steps of k and blocks of columns", {.m = 37, .n = 401, .k = 1537});
  check("several blocks of rows", {.m = 2049, .n = 40, .k = 17});
}

TEST_CASE("linear conforms for every combination of dtypes") {
  for (const dio_dtype x : kFloats) {
    for (const dio_dtype w : kFloats) {
      for (const dio_dtype out : kFloats) {
        const Problem p{.m = 0, .n = 53, .k = 61, .x = x, .w = w, .out = out, .residual = true, .row_gap = 5};
        for (const int64_t m : {3, 39}) {
          Problem sized = p;
          sized.m = m;
          check("dtypes", sized);
        }
      }
    }
  }
}

TEST_CASE("linear conforms with every epilogue") {
  for (const dio_activation_kind activation : kActivations) {
    for (const dio_dtype out : kFloats) {
      for (const int64_t m : {6, 66}) {
        Problem p{.m = m, .n = 45, .k = 33, .out = out, .activation = activation};
        check("activation", p);
        p.bias = false;
        p.gates = 3;
        check("gate of groups", p);
        p.residual = true;
        check("gate and residual", p);
        p.bias = true;
        p.indexed = true;
        p.row_gap = 2;
        check("gate by index", p);
        p.indexed = false;
        p.gates = m;
        check("gate of each row", p);
      }
    }
  }
}

TEST_CASE("linear adds to its own output") {
  for (const dio_dtype out : kFloats) {
    for (const int64_t m : {5, 67}) {
      const Problem p{.m = m, .n = 77, .k = 450, .out = out, .gates = 1, .row_gap = 3};
      Tensors t(p);
      conform("in place", t.inputs(), {&t.out},
              [&](dio_context* c) { return t.run(c, DIO_ACTIVATION_NONE, true); });
    }
  }
}

TEST_CASE("activations are accurate over their whole range") {
  // One column of ones: the sums are x itself.
  const int64_t count = 20001;
  for (const dio_activation_kind activation : kActivations) {
    TestTensor x(DIO_F32, {count, 1}), w(DIO_F32, {1, 1}), out(DIO_F32, {count, 1});
    for (const double range : {1e-3, 1.0, 12.0, 300.0}) {
      std::vector<double> values;
      for (int64_t i = 0; i < count; ++i)
        values.push_back(range * (2.0 * static_cast<double>(i) / (count - 1) - 1));
      std::move(x).values(values);
      std::move(w).filled(1);
      conform("range " + std::to_string(range), {&x, &w}, {&out}, [&](dio_context* c) {
        return dio_linear(c, x, w, nullptr, activation, nullptr, nullptr, nullptr, out);
      });
    }
  }
}

TEST_CASE("linear passes on infinities and NaN, and keeps them in their rows and columns") {
  for (const dio_activation_kind activation : kActivations) {
    for (const int64_t m : {4, 40}) {
      const Problem p{.m = m, .n = 35, .k = 29};
      Tensors t(p);
      t.x.set(1 * 29 + 3, NAN);
      t.x.set(2 * 29 + 5, INFINITY);
      t.w.set(7 * 29 + 5, -INFINITY);
      t.w.set(20 * 29 + 1, NAN);
      t.w.set(30 * 29 + 2, 1e37);
      t.x.set(3 * 29 + 2, -10);
      conform("specials", t.inputs(), {&t.out}, [&](dio_context* c) { return t.run(c, activation); });
    }
  }
}

TEST_CASE("the number of threads changes nothing") {
  for (const auto& [m, n, k] :
       {std::array<int64_t, 3>{1, 997, 513}, {8, 197, 513}, {131, 97, 513}, {40, 513, 1000}}) {
    const Problem p{.m = m, .n = n, .k = k, .w = DIO_BF16, .gates = 1, .residual = true};
    Tensors t(p);
    const std::vector<double> one = on_threads(1, t, DIO_ACTIVATION_GELU_TANH);
    for (const int threads : {2, 3, 5, 16}) CHECK(on_threads(threads, t, DIO_ACTIVATION_GELU_TANH) == one);
  }
}

TEST_CASE("every instruction set of this processor multiplies") {
  for_each_instruction_set([](const std::string& name) {
    INFO(name);
    for (const dio_dtype dtype : kFloats) {
      for (const auto& [m, n] : {std::array<int64_t, 2>{4, 17}, {7, 35}, {50, 35}, {33, 70}}) {
        const Problem p{
            .m = m, .n = n, .k = 403, .x = dtype, .w = dtype, .out = dtype, .gates = 1, .residual = true};
        Tensors t(p);
        t.x.set(5, INFINITY);
        t.w.set(403 + 9, NAN);
        t.w.set(2 * 403 + 7, 1e-6);  // a subnormal half
        conform("instruction set " + std::to_string(dtype) + " " + std::to_string(m), t.inputs(), {&t.out},
                [&](dio_context* c) { return t.run(c, DIO_ACTIVATION_QUICK_GELU); });
      }
    }
  });
}

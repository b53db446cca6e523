// Products by cuBLASLt, with a fake of the library where simt looks for it: when it is used, what it is told,
// and that our own product serves where it is absent, too old, incomplete or failing. The cases build on each
// other, since a library that has been found stays.
#include "conformance.h"

#include <dlfcn.h>

#include <string>

#include "fakes/fake_cublaslt.h"
#include "kernels/linear/cublaslt_api.h"

using namespace diorama::test;
using namespace diorama::cuda;

namespace {

struct Problem {
  int64_t m = 128, n = 136, k = 2880;  // 1e8 operations, from where on the library is asked
  dio_dtype x = DIO_BF16, out = DIO_BF16, bias = DIO_BF16;
  bool has_bias = true, residual = false, in_place = false, gate = false;
  dio_activation_kind activation = DIO_ACTIVATION_NONE;
  int64_t row_gap = 0;
};

// Too deep for a pass of our own over its sums to cost more than fusion saves.
constexpr Problem kDeep{.m = 72, .n = 72, .k = 9728};

class Context {
 public:
  Context() { REQUIRE(dio_context_create("simt", 1, &context_) == DIO_STATUS_OK); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { CHECK(dio_context_destroy(context_) == DIO_STATUS_OK); }
  operator dio_context*() const { return context_; }
  std::string description() const {
    const char* text = nullptr;
    REQUIRE(dio_context_description(context_, &text) == DIO_STATUS_OK);
    const std::string whole = text;
    return whole.substr(whole.find(", products by ") + 14);
  }

 private:
  dio_context* context_ = nullptr;
};

struct Tensors {
  Problem p;
  TestTensor x, w, out, bias, residual, gate;
  explicit Tensors(const Problem& problem)
      : p(problem),
        x(p.x, {p.m, p.k}, {.row_gap = p.row_gap}),
        w(p.x, {p.n, p.k}, {.row_gap = p.row_gap}),
        out(p.out, {p.m, p.n}, {.row_gap = p.row_gap}),
        bias(p.bias, {p.n}),
        residual(p.out, {p.m, p.n}),
        gate(DIO_F32, {1, p.n}) {
    Random random(7);
    std::move(x).normal(random);
    std::move(w).normal(random, 1 / std::sqrt(static_cast<double>(p.k)));
    for (TestTensor* t : {&out, &bias, &residual, &gate}) std::move(*t).normal(random);
  }
  dio_status run(dio_context* c) {
    return dio_linear(c, x, w, p.has_bias ? bias.get() : nullptr, p.activation, p.gate ? gate.get() : nullptr,
                      nullptr,
                      p.in_place   ? out.get()
                      : p.residual ? residual.get()
                                   : nullptr,
                      out);
  }
  std::vector<double> on(const char* backend) {
    return run_on(backend, {&x, &w, &bias, &residual, &gate}, {&out},
                  [&](dio_context* c) { return run(c); })[0];
  }
  std::vector<double> on(const Context& context) {
    const std::vector<unsigned char> before = out.memory();
    {
      const Placed placed(context, {&x, &w, &bias, &residual, &gate, &out});
      REQUIRE(run(context) == DIO_STATUS_OK);
    }
    const std::vector<double> result = out.read();
    out.memory() = before;
    return result;
  }
};

// Runs it and compares with the reference as conform() does, but in a context of the caller's.
void check(const Context& context, const Problem& problem, double factor = 2) {
  Tensors t(problem);
  const std::vector<double> truth = t.on("reference"), plain = t.on("plain"), found = t.on(context);
  const double rounded = 2 * rounding(problem.out) + 4 * 0x1p-24;
  CHECK(difference(found, truth).relative <= factor * difference(plain, truth).relative + rounded);
  CHECK(t.on(context) == found);
}

FakeCublasLt* fake = nullptr;

// The fake fetches and brings what it multiplies through another context than the one that calls it.
dio_context* courier() { return shared_context("simt"); }

void load(const char* name, const char* file) {
  const std::string path = std::string(DIORAMA_FAKES_FOLDER) + "/cublaslt_" + name + "/" + file;
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  REQUIRE(library != nullptr);
  REQUIRE(courier() != nullptr);
  fake = reinterpret_cast<FakeCublasLt* (*)()>(dlsym(library, "fake_cublaslt"))();
  fake->read = [](void* host, const void* device, std::size_t bytes) {
    CHECK(dio_memory_copy(courier(), host, device, bytes, DIO_COPY_DEVICE_TO_HOST) == DIO_STATUS_OK);
  };
  fake->write = [](void* device, const void* host, std::size_t bytes) {
    CHECK(dio_memory_copy(courier(), device, host, bytes, DIO_COPY_HOST_TO_DEVICE) == DIO_STATUS_OK);
  };
}

// One product of which the library makes `calls`, two since check() runs it twice.
void check_calls(const Context& context, const Problem& problem, int calls) {
  const int before = fake->products;
  check(context, problem);
  CHECK(fake->products - before == calls);
}

}  // namespace

TEST_CASE("library of products: absent, incomplete, too old, not starting, used") {
  {
    const Context context;
    CHECK(context.description() ==
          "own kernels: libcublasLt_simt.so.13 and libcublasLt_simt.so.12 are not installed");
    check(context, {});
  }
  load("incomplete", "libcublasLt_simt.so.13");
  {
    const Context context;
    CHECK(context.description() == "own kernels: libcublasLt_simt.so.13 lacks functions of cuBLASLt");
    check(context, {});
    CHECK(fake->handles == 0);
  }
  load("whole", "libcublasLt_simt.so.12");
  fake->version = 110501;
  {
    const Context context;
    CHECK(context.description() ==
          "own kernels: libcublasLt_simt.so.12 is cuBLASLt 11.5.1, but 12 or later is needed");
    check_calls(context, {}, 0);
  }
  fake->version = 120805;
  fake->create_status = 1;
  {
    const Context context;
    CHECK(context.description() == "own kernels: libcublasLt_simt.so.12 does not start (status 1)");
    check_calls(context, {}, 0);
  }
  fake->create_status = 0;
  {
    const Context context;
    CHECK(context.description() == "cuBLASLt 12.8.5");
    check_calls(context, {}, 2);
    CHECK(fake->handles == 1);
    CHECK(fake->heuristics == 1);  // and remembered
    CHECK(fake->has_workspace);
  }
  CHECK(fake->handles == 0);
  CHECK(fake->objects == 0);
}

TEST_CASE("library of products: what it is told") {
  REQUIRE(fake != nullptr);
  const Context context;
  check_calls(context, {.has_bias = false}, 2);
  CHECK(fake->epilogue == cublaslt::kDefault);
  CHECK(fake->beta == 0);
  CHECK(fake->compute_type == cublaslt::kCompute32F);
  check_calls(context, {.residual = true, .row_gap = 8}, 2);
  CHECK(fake->epilogue == cublaslt::kBias);
  CHECK(fake->beta == 1);
  check_calls(context, {.x = DIO_F16, .out = DIO_F32, .bias = DIO_F32, .in_place = true}, 2);
  CHECK(fake->beta == 1);
  check_calls(context, {.activation = DIO_ACTIVATION_GELU_TANH}, 2);
  CHECK(fake->epilogue == cublaslt::kGeluBias);
  check_calls(context, {.x = DIO_F32, .out = DIO_F32, .bias = DIO_F32}, 2);
  CHECK(fake->compute_type == cublaslt::kCompute32F);
  REQUIRE(dio_context_allow_tf32(context, 1) == DIO_STATUS_OK);
  check_calls(context, {.x = DIO_F32, .out = DIO_F32, .bias = DIO_F32}, 2);
  CHECK(fake->compute_type == cublaslt::kCompute32FFastTf32);
}

TEST_CASE("library of products: not where the context forbids it") {
  REQUIRE(fake != nullptr);
  const Context context;
  REQUIRE(dio_context_allow_cublas(context, 0) == DIO_STATUS_OK);
  CHECK(context.description() == "own kernels: cuBLASLt is not allowed");
  check_calls(context, {}, 0);
  REQUIRE(dio_context_allow_cublas(context, 1) == DIO_STATUS_OK);
  CHECK(context.description() == "cuBLASLt 12.8.5");
  check_calls(context, {}, 2);
}

TEST_CASE("library of products: what it cannot fuse") {
  REQUIRE(fake != nullptr);
  const Context context;
  // Cheaper by our own, all in one.
  check_calls(context, {.gate = true}, 0);
  check_calls(context, {.activation = DIO_ACTIVATION_SILU}, 0);
  check_calls(context, {.bias = DIO_F32}, 0);
  check_calls(context, {.residual = true, .activation = DIO_ACTIVATION_GELU_TANH}, 0);
  check_calls(context, {.k = 2884}, 0);  // rows that begin off 16 bytes
  // A product as floats, and a pass over it.
  Problem deep = kDeep;
  deep.gate = deep.residual = true;
  deep.bias = DIO_F32;
  check_calls(context, deep, 2);
  CHECK(fake->epilogue == cublaslt::kDefault);
  deep.activation = DIO_ACTIVATION_GELU_ERF;
  deep.in_place = true;
  check_calls(context, deep, 2);
}

TEST_CASE("library of products: where it fails, our own product serves, and it is not asked again") {
  REQUIRE(fake != nullptr);
  const auto fails = [](int products, const auto& prepare) {
    const FakeCublasLt sound = *fake;
    prepare();
    const Context context;
    const int heuristics = fake->heuristics;
    check_calls(context, {}, products);
    CHECK(fake->heuristics - heuristics == 1);
    fake->heuristic_status = sound.heuristic_status;
    fake->algorithms = sound.algorithms;
    fake->workspace_bytes = sound.workspace_bytes;
    fake->matmul_status = sound.matmul_status;
  };
  fails(0, [] { fake->heuristic_status = 15; });
  fails(0, [] { fake->algorithms = 0; });
  fails(0, [] { fake->workspace_bytes = std::size_t{1} << 30; });
  fails(1, [] { fake->matmul_status = 13; });
}

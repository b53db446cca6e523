// Attention by Hopper's own units, on the host by kernels/simt: the device says that it is one.
#include "conformance.h"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <sstream>

using namespace diorama::test;

namespace {

// Before the library looks at its device.
const int kPretended = setenv("DIORAMA_SIMT_DEVICE", "sm_90", 1);

struct Sizes {
  int64_t batches, queries, keys, heads, head_size;
};

std::string text(dio_dtype dtype, const Sizes& s) {
  std::ostringstream text;
  text << (dtype == DIO_F16 ? "f16" : "bf16") << " b" << s.batches << " q" << s.queries << " k" << s.keys
       << " h" << s.heads << " d" << s.head_size;
  return text.str();
}

// The tensors of one call, random.
struct Inputs {
  Inputs(dio_dtype dtype, const Sizes& s, Random& random, const Layout& layout = {}, double scale = 1)
      : q(TestTensor(dtype, {s.batches, s.queries, s.heads, s.head_size}, layout).normal(random, scale)),
        k(TestTensor(dtype, {s.batches, s.keys, s.heads, s.head_size}, layout).normal(random, scale)),
        v(TestTensor(dtype, {s.batches, s.keys, s.heads, s.head_size}, layout).normal(random)),
        out(dtype, {s.batches, s.queries, s.heads, s.head_size}, layout) {}

  void conforms(const std::string& title, TestTensor* lengths = nullptr, float scale = 0) {
    std::vector<TestTensor*> inputs = {&q, &k, &v};
    if (lengths) inputs.push_back(lengths);
    conform(title, inputs, {&out}, [&](dio_context* c) {
      return dio_attention(c, q, k, v, nullptr, lengths ? lengths->get() : nullptr, scale, out);
    });
  }

  TestTensor q, k, v, out;
};

}  // namespace

TEST_CASE("attention sm90: a Hopper device has a kernel of its own") {
  REQUIRE(kPretended == 0);
  if (shared_context("simt") == nullptr) {
    MESSAGE(
        "no backend simt in this build: whether a card's kernel is the right one shows in its speed alone");
    return;
  }
  Random random(1);
  Inputs inputs(DIO_BF16, {1, 70, 400, 1, 128}, random);
  const auto run = [&] {
    dio_context* context = nullptr;
    REQUIRE(dio_context_create("simt", 1, &context) == DIO_STATUS_OK);
    {
      const Placed placed(context, {&inputs.q, &inputs.k, &inputs.v, &inputs.out});
      CHECK(dio_attention(context, inputs.q, inputs.k, inputs.v, nullptr, nullptr, 0, inputs.out) ==
            DIO_STATUS_OK);
    }
    CHECK(dio_context_destroy(context) == DIO_STATUS_OK);
    return inputs.out.read();
  };
  const auto hopper = run();
  REQUIRE(unsetenv("DIORAMA_SIMT_DEVICE") == 0);
  const auto older = run();
  REQUIRE(setenv("DIORAMA_SIMT_DEVICE", "sm_90", 1) == 0);
  // Both are right, but they add up in other orders.
  CHECK(hopper != older);
}

// Tiles are 128 queries by 176 keys at head size 128, 192 by 128 at 64; two and three stages.
TEST_CASE("attention sm90: ragged lengths") {
  Random random(2);
  for (const int64_t head_size : {64, 128}) {
    for (const auto& [queries, keys] :
         {std::pair{1, 1}, std::pair{17, 35}, std::pair{64, 128}, std::pair{65, 129}, std::pair{128, 176},
          std::pair{129, 177}, std::pair{191, 352}, std::pair{193, 353}}) {
      const Sizes sizes = {1, queries, keys, 1, head_size};
      Inputs(DIO_BF16, sizes, random).conforms(text(DIO_BF16, sizes));
    }
  }
}

// Every warp's rows count and stages are used again and again: a stage given back too early shows.
TEST_CASE("attention sm90: f16, whole tiles of queries, many of keys") {
  Random random(3);
  for (const int64_t head_size : {64, 128}) {
    const Sizes sizes = {1, 200, 790, 1, head_size};
    Inputs(DIO_F16, sizes, random).conforms(text(DIO_F16, sizes));
  }
}

TEST_CASE("attention sm90: more tiles than multiprocessors, any layout that the copy engine takes") {
  Random random(4);
  for (const Layout& layout : {Layout{}, Layout{.row_gap = 8}, Layout{.order = {0, 2, 1, 3}},
                               Layout{.row_gap = 16, .order = {2, 1, 0, 3}}}) {
    for (const int64_t head_size : {64, 128}) {
      const Sizes sizes = {2, 200, 190, 3, head_size};
      Inputs(DIO_BF16, sizes, random, layout).conforms(text(DIO_BF16, sizes));
    }
  }
}

TEST_CASE("attention sm90: key lengths, and nothing is read beyond them") {
  Random random(5);
  for (const int64_t head_size : {64, 128}) {
    const Sizes sizes = {5, 50, 400, 2, head_size};
    auto lengths = TestTensor(DIO_I32, {5}).values({1, 400, 176, 353, 128});
    Inputs inputs(DIO_BF16, sizes, random);
    for (const int64_t key : {1, 2, 175, 399}) {  // the first batch has one key
      for (const int64_t head : {0, 1}) {
        inputs.k.set((key * 2 + head) * head_size + 5, NAN);
        inputs.v.set((key * 2 + head) * head_size + 5, NAN);
      }
    }
    inputs.conforms("key lengths", &lengths);
  }
}

TEST_CASE("attention sm90: large scores, which move the reference; a scale of the caller's") {
  Random random(6);
  for (const double scale : {3., 30.}) {
    Inputs(DIO_BF16, {1, 60, 700, 1, 64}, random, {}, scale).conforms("scale " + std::to_string(scale));
    Inputs(DIO_BF16, {1, 60, 700, 1, 128}, random, {}, scale).conforms("scale " + std::to_string(scale));
  }
  Inputs(DIO_F16, {1, 60, 700, 1, 128}, random, {}, 10).conforms("f16");
  // Scores that rise by tiles of the walk, from the last key to the first, and fall.
  for (const double slope : {0.1, -0.1}) {
    Inputs inputs(DIO_BF16, {1, 30, 1000, 1, 64}, random);
    for (int64_t key = 0; key < 1000; ++key) inputs.k.set(key * 64, slope * static_cast<double>(key));
    for (int64_t query = 0; query < 30; ++query) inputs.q.set(query * 64, 3);
    inputs.conforms("slope " + std::to_string(slope), nullptr, 0.7f);
  }
}

TEST_CASE("attention sm90: NaN and infinity go where the formula lets them") {
  Random random(7);
  for (const int64_t head_size : {64, 128}) {
    Inputs inputs(DIO_BF16, {1, 70, 400, 2, head_size}, random);
    inputs.q.set((17 * 2 + 1) * head_size + 3, NAN);
    inputs.conforms("NaN in a query");
    inputs.v.set((5 * 2 + 0) * head_size + 9, NAN);
    inputs.conforms("NaN in a value");
    inputs.k.set((300 * 2 + 1) * head_size + 2, std::numeric_limits<double>::infinity());
    inputs.conforms("infinity in a key");
  }
  // All scores of a query -inf: 0 / 0.
  Inputs inputs(DIO_BF16, {1, 30, 300, 1, 64}, random);
  for (int64_t key = 0; key < 300; ++key) inputs.k.set(key * 64, -std::numeric_limits<double>::infinity());
  for (int64_t query = 0; query < 30; ++query) inputs.q.set(query * 64, query == 11 ? 1 : 0.5);
  inputs.conforms("scores of -inf");
}

TEST_CASE("attention sm90: one key alone is copied") {
  Random random(8);
  Inputs(DIO_BF16, {1, 25, 1, 2, 128}, random).conforms("one key");
}

TEST_CASE("attention sm90: what the kernel does not take goes to the others") {
  Random random(9);
  Inputs(DIO_F32, {1, 40, 60, 1, 64}, random).conforms("f32");
  Inputs(DIO_BF16, {1, 40, 60, 1, 96}, random).conforms("head size 96");
  Inputs(DIO_BF16, {1, 40, 60, 1, 64}, random).conforms("negative scale", nullptr, -0.3f);
  Inputs(DIO_BF16, {1, 40, 60, 2, 64}, random, {.row_gap = 1})
      .conforms("rows off the copy engine's 16 bytes");
  Inputs broadcast(DIO_BF16, {3, 40, 60, 2, 64}, random);
  broadcast.k->strides[0] = broadcast.v->strides[0] = 0;
  broadcast.conforms("one batch of keys and values for all");
  Inputs inputs(DIO_BF16, {1, 40, 60, 2, 64}, random);
  auto bias = TestTensor(DIO_F32, {1, 2, 40, 60}).normal(random);
  conform("bias", {&inputs.q, &inputs.k, &inputs.v, &bias}, {&inputs.out}, [&](dio_context* c) {
    return dio_attention(c, inputs.q, inputs.k, inputs.v, bias, nullptr, 0, inputs.out);
  });
}

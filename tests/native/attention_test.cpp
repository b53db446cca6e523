// dio_attention on every backend: ragged lengths, every dtype and layout, key lengths, biases, extreme
// values.
#include "instruction_sets.h"

#include <limits>
#include <sstream>

using namespace diorama::test;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Sizes {
  int64_t batches, queries, keys, heads, head_size;
};

// The tensors of one call, random.
struct Inputs {
  Inputs(dio_dtype dtype, const Sizes& s, Random& random, const Layout& layout = {}, double scale = 1)
      : q(TestTensor(dtype, {s.batches, s.queries, s.heads, s.head_size}, layout).normal(random, scale)),
        k(TestTensor(dtype, {s.batches, s.keys, s.heads, s.head_size}, layout).normal(random, scale)),
        v(TestTensor(dtype, {s.batches, s.keys, s.heads, s.head_size}, layout).normal(random)),
        out(dtype, {s.batches, s.queries, s.heads, s.head_size}, layout) {}

  void conforms(const std::string& title, TestTensor* bias = nullptr, TestTensor* lengths = nullptr,
                float scale = 0) {
    std::vector<TestTensor*> inputs = {&q, &k, &v};
    if (bias) inputs.push_back(bias);
    if (lengths) inputs.push_back(lengths);
    conform(title, inputs, {&out}, [&](dio_context* c) {
      return dio_attention(c, q, k, v, bias ? bias->get() : nullptr, lengths ? lengths->get() : nullptr,
                           scale, out);
    });
  }
  std::vector<double> run(const std::string& backend, TestTensor* bias = nullptr) {
    return run_on(backend, {&q, &k, &v}, {&out}, [&](dio_context* c) {
      return dio_attention(c, q, k, v, bias ? bias->get() : nullptr, nullptr, 0, out);
    })[0];
  }

  TestTensor q, k, v, out;
};

// A bias [1, 1, queries, keys] with value(query, key).
template <typename Value>
TestTensor bias_of(int64_t queries, int64_t keys, const Value& value) {
  std::vector<double> values;
  for (int64_t query = 0; query < queries; ++query) {
    for (int64_t key = 0; key < keys; ++key) values.push_back(value(query, key));
  }
  return TestTensor(DIO_F32, {1, 1, queries, keys}).values(values);
}

std::string text(const Sizes& s) {
  std::ostringstream text;
  text << "b" << s.batches << " q" << s.queries << " k" << s.keys << " h" << s.heads << " d" << s.head_size;
  return text.str();
}

}  // namespace

TEST_CASE("attention: every head size") {
  Random random(1);
  for (const int64_t size : {1, 6, 8, 16, 40, 64, 72, 80, 96, 128, 160, 256, 257, 384, 640, 1024}) {
    const Sizes sizes = {1, size > 256 ? 13 : 57, size > 256 ? 70 : 203, 1, size};
    Inputs(DIO_F32, sizes, random).conforms(text(sizes));
  }
}

TEST_CASE("attention: ragged lengths, self and cross") {
  Random random(2);
  const int64_t lengths[] = {1, 2, 17, 23, 24, 25, 48, 113, 191, 192, 193, 239, 384, 1023};
  for (const int64_t length : lengths) {
    const Sizes self = {1, length, length, 1, 16};
    Inputs(DIO_F32, self, random).conforms(text(self));
    const Sizes few_queries = {2, 5, length, 2, 8}, few_keys = {1, length, 3, 1, 40};
    Inputs(DIO_F32, few_queries, random).conforms(text(few_queries));
    Inputs(DIO_F32, few_keys, random).conforms(text(few_keys));
  }
}

TEST_CASE("attention: every dtype and layout") {
  Random random(3);
  for (const dio_dtype dtype : {DIO_F32, DIO_BF16, DIO_F16}) {
    for (const Layout& layout : {Layout{}, Layout{.row_gap = 5}, Layout{.order = {0, 2, 1, 3}},
                                 Layout{.row_gap = 1, .order = {2, 1, 0, 3}}}) {
      for (const int64_t size : {6, 64, 128}) {
        const Sizes sizes = {2, 37, 65, 3, size};
        Inputs(dtype, sizes, random, layout).conforms(text(sizes));
      }
    }
  }
}

TEST_CASE("attention: one batch of keys and values may serve all by stride 0") {
  Random random(4);
  Inputs inputs(DIO_F32, {3, 19, 33, 2, 16}, random);
  inputs.k->strides[0] = inputs.v->strides[0] = 0;
  inputs.k->strides[2] = 0;
  inputs.conforms("broadcast keys");
}

TEST_CASE("attention: key lengths, and nothing is read beyond them") {
  Random random(5);
  const Sizes sizes = {5, 50, 230, 2, 32};
  auto lengths = TestTensor(DIO_I32, {5}).values({1, 230, 192, 193, 7});
  for (const dio_dtype dtype : {DIO_F32, DIO_BF16}) {
    Inputs inputs(dtype, sizes, random);
    for (const int64_t key : {1, 2, 191, 229}) {  // the first batch has one key
      for (const int64_t head : {0, 1}) {
        inputs.k.set((key * 2 + head) * 32 + 5, NAN);
        inputs.v.set((key * 2 + head) * 32 + 5, NAN);
      }
    }
    inputs.conforms("key lengths", nullptr, &lengths);
  }
}

TEST_CASE("attention: bias, full, broadcast and Toeplitz, with -inf") {
  Random random(6);
  const Sizes sizes = {2, 53, 210, 3, 24};
  Inputs inputs(DIO_F32, sizes, random);
  for (const int64_t b : {1, 2}) {
    for (const int64_t h : {1, 3}) {
      auto bias = TestTensor(DIO_F32, {b, h, 53, 210}, {.row_gap = 3}).normal(random, 2);
      inputs.conforms("bias", &bias);
    }
  }
  auto holes =
      bias_of(53, 210, [&](int64_t, int64_t) { return random.below(3) ? -kInfinity : random.normal(); });
  inputs.conforms("bias with -inf", &holes);
  auto lengths = TestTensor(DIO_I32, {2}).values({100, 200});
  auto bias = TestTensor(DIO_F32, {1, 3, 53, 210}).normal(random);
  inputs.conforms("bias and key lengths", &bias, &lengths, 0.7f);

  Inputs square(DIO_F32, {1, 97, 97, 3, 16}, random);
  auto distances = TestTensor(DIO_F32, {3, 193}).normal(random, 3);
  dio_tensor toeplitz = {
      static_cast<float*>(distances->data) + 96, DIO_F32, 4, {1, 3, 97, 97}, {0, 193, -1, 1}};
  conform("Toeplitz", {&square.q, &square.k, &square.v, &distances}, {&square.out}, [&](dio_context* c) {
    toeplitz.data = static_cast<float*>(distances->data) + 96;
    return dio_attention(c, square.q, square.k, square.v, &toeplitz, nullptr, 0, square.out);
  });
}

TEST_CASE("attention: masked blocks come first, in the middle and last") {
  Random random(7);
  Inputs inputs(DIO_F32, {1, 30, 500, 1, 16}, random);
  for (const auto& [from, to] :
       {std::pair{0, 400}, std::pair{150, 450}, std::pair{1, 500}, std::pair{0, 499}}) {
    const int64_t first = from, end = to;
    auto bias = bias_of(30, 500, [&](int64_t query, int64_t key) {
      return query < 29 && key >= first && key < end ? -kInfinity : 0;
    });
    inputs.conforms("masked", &bias);
  }
}

TEST_CASE("attention: a query that sees no key gives NaN, and only that query") {
  Random random(8);
  Inputs inputs(DIO_F32, {1, 30, 300, 1, 16}, random);
  auto bias = bias_of(30, 300, [](int64_t query, int64_t) { return query == 11 ? -kInfinity : 0; });
  inputs.conforms("masked row", &bias);
  const auto out = inputs.run(kHost, &bias);
  for (std::size_t i = 0; i < out.size(); ++i) CHECK(std::isnan(out[i]) == (i / 16 == 11));
}

TEST_CASE("attention: large scores, rising and falling") {
  Random random(9);
  for (const double scale : {3., 30., 100.}) {  // scores up to 36, 3,600 and 40,000
    Inputs(DIO_F32, {1, 60, 700, 1, 64}, random, {}, scale).conforms("scale " + std::to_string(scale));
  }
  for (const double slope : {30., -30., 0.2, -0.2, 12.}) {
    Inputs inputs(DIO_F32, {1, 30, 600, 1, 8}, random);
    auto bias = bias_of(30, 600, [&](int64_t, int64_t key) { return slope * static_cast<double>(key); });
    inputs.conforms("slope " + std::to_string(slope), &bias);
  }
  for (const double level : {-1e4, -100., 100., 1e4}) {
    Inputs inputs(DIO_F32, {1, 30, 300, 1, 8}, random);
    auto bias = TestTensor(DIO_F32, {1, 1, 30, 300}).filled(level);
    inputs.conforms("level " + std::to_string(level), &bias);
  }
}

TEST_CASE("attention: NaN stays in its query") {
  Random random(10);
  Inputs inputs(DIO_F32, {1, 50, 230, 2, 16}, random);
  inputs.q.set((17 * 2 + 1) * 16 + 3, NAN);
  inputs.conforms("NaN in a query");
  const auto out = inputs.run(kHost);
  for (std::size_t i = 0; i < out.size(); ++i) CHECK(std::isnan(out[i]) == (i / 16 == 17 * 2 + 1));
  for (const uint32_t bits : {0xFFFFFFFFu, 0x7F800001u}) {  // any NaN, whatever its low bits
    std::memcpy(static_cast<float*>(inputs.q->data) + (17 * 2 + 1) * 16 + 3, &bits, 4);
    inputs.conforms("NaN with payload");
  }
  inputs.v.set((5 * 2 + 0) * 16 + 9, NAN);
  inputs.conforms("NaN in a value");
  inputs.k.set((200 * 2 + 1) * 16 + 2, kInfinity);
  inputs.conforms("infinity in a key");
}

TEST_CASE("attention: one key alone is copied exactly") {
  Random random(11);
  Inputs inputs(DIO_F32, {1, 25, 1, 2, 128}, random);
  inputs.conforms("one key");
}

TEST_CASE("attention: the number of threads changes nothing") {
  Random random(12);
  Inputs inputs(DIO_F32, {2, 300, 400, 3, 64}, random);
  std::vector<double> first;
  for (const int threads : {1, 2, 3, 4, 7}) {
    dio_context* context = nullptr;
    REQUIRE(dio_context_create(kHost, threads, &context) == DIO_STATUS_OK);
    REQUIRE(dio_attention(context, inputs.q, inputs.k, inputs.v, nullptr, nullptr, 0, inputs.out) ==
            DIO_STATUS_OK);
    if (threads == 1) first = inputs.out.read();
    CHECK(inputs.out.read() == first);
    CHECK(dio_context_destroy(context) == DIO_STATUS_OK);
  }
}

TEST_CASE("attention: every head size in 16 bits, with and without bias") {
  Random random(14);
  for (const dio_dtype dtype : {DIO_BF16, DIO_F16}) {
    for (const int64_t size : {8, 24, 32, 40, 64, 72, 96, 104, 128, 160, 192, 200, 256, 264, 384, 520}) {
      const Sizes sizes = {1, 19, 70, 1, size};
      Inputs inputs(dtype, sizes, random);
      inputs.conforms(text(sizes));
      auto bias = TestTensor(DIO_F32, {1, 1, 19, 70}, {.row_gap = 1}).normal(random, 2);
      inputs.conforms(text(sizes) + ", bias", &bias);
    }
  }
}

TEST_CASE("attention: ragged lengths in 16 bits") {
  Random random(15);
  for (const int64_t length : {1, 2, 15, 16, 17, 31, 32, 33, 64, 65, 127, 128, 129, 239}) {
    const Sizes few_keys = {1, length, 3, 1, 32}, few_queries = {1, 3, length, 2, 64};
    Inputs(DIO_F16, few_keys, random).conforms(text(few_keys));
    Inputs(DIO_BF16, few_queries, random).conforms(text(few_queries));
  }
}

TEST_CASE("attention: few queries and many keys") {
  Random random(16);
  auto lengths = TestTensor(DIO_I32, {2}).values({1030, 70});
  for (const dio_dtype dtype : {DIO_F32, DIO_BF16, DIO_F16}) {
    for (const int64_t size : {20, 136}) {
      const Sizes sizes = {2, 3, 1101, 1, size};
      Inputs inputs(dtype, sizes, random);
      inputs.conforms(text(sizes));
      inputs.conforms(text(sizes) + ", key lengths", nullptr, &lengths);
    }
    // The first parts of the keys are seen by nobody, or all of them by one query, and the last one rises.
    Inputs inputs(dtype, {1, 3, 1101, 1, 8}, random);
    auto bias = bias_of(3, 1101, [](int64_t query, int64_t key) {
      return query == 1 || key < 800 ? -kInfinity : 0.1 * static_cast<double>(key);
    });
    inputs.conforms("masked parts", &bias);
    inputs.v.set(300 * 8 + 1, NAN);
    inputs.k.set(1050 * 8, kInfinity);
    inputs.conforms("NaN in a part");
  }
}

TEST_CASE("attention: a negative scale") {
  Random random(17);
  for (const dio_dtype dtype : {DIO_F32, DIO_BF16, DIO_F16}) {
    for (const int64_t size : {7, 64}) {
      const Sizes sizes = {1, 20, 130, 2, size};
      Inputs inputs(dtype, sizes, random, {}, 3);
      inputs.conforms(text(sizes), nullptr, nullptr, -0.3f);
      auto bias = TestTensor(DIO_F32, {1, 2, 20, 130}).normal(random);
      inputs.conforms(text(sizes) + ", bias", &bias, nullptr, -0.3f);
    }
  }
}

TEST_CASE("attention: one row of biases for all queries") {
  Random random(19);
  for (const dio_dtype dtype : {DIO_F32, DIO_BF16}) {
    Inputs inputs(dtype, {2, 70, 45, 2, 128}, random);
    auto bias = TestTensor(DIO_F32, {1, 1, 1, 45}).normal(random, 3);
    bias->shape[2] = 70;
    bias->strides[2] = 0;
    inputs.conforms("bias of the keys", &bias);
  }
}

TEST_CASE("attention: masks, NaN, infinities and large scores in 16 bits") {
  Random random(18);
  for (const dio_dtype dtype : {DIO_BF16, DIO_F16}) {
    for (const double scale : {3., 30.}) {
      const Sizes sizes = {1, 20, 300, 1, 64};
      Inputs(dtype, sizes, random, {}, scale).conforms("scale " + std::to_string(scale));
    }
    for (const double slope : {30., -30., 0.2}) {
      Inputs inputs(dtype, {1, 20, 300, 1, 8}, random);
      auto bias = bias_of(20, 300, [&](int64_t query, int64_t key) {
        return query == 11 || (query == 12 && key < 200) ? -kInfinity : slope * static_cast<double>(key);
      });
      inputs.conforms("slope " + std::to_string(slope), &bias);
    }
    Inputs inputs(dtype, {1, 40, 150, 2, 16}, random);
    inputs.q.set((17 * 2 + 1) * 16 + 3, NAN);
    inputs.conforms("NaN in a query");
    inputs.v.set((5 * 2 + 0) * 16 + 9, NAN);
    inputs.conforms("NaN in a value");
    inputs.k.set((140 * 2 + 1) * 16 + 2, kInfinity);
    inputs.conforms("infinity in a key");
  }
}

TEST_CASE("attention: older instruction sets") {
  Random random(13);
  for_each_instruction_set([&](const std::string& name) {
    for (const int64_t length : {1, 30, 203}) {
      const Sizes sizes = {2, length, length + 9, 2, 40};
      for (const dio_dtype dtype : {DIO_F32, DIO_BF16, DIO_F16}) {
        Inputs(dtype, sizes, random).conforms(name + " " + text(sizes));
      }
    }
  });
}

// Norms, rotary embedding, gated residual, combinations, timestep embedding and activations on every backend.
#include "conformance.h"

using namespace diorama::test;

namespace {

constexpr dio_dtype kFloats[] = {DIO_F32, DIO_BF16, DIO_F16};
constexpr int64_t kRagged[] = {1, 17, 113, 1023};

}  // namespace

TEST_CASE("layer norm: ragged rows, every dtype, every set of parameters") {
  Random random(1);
  for (const dio_dtype dtype : kFloats) {
    for (const int64_t channels : kRagged) {
      for (int parts = 0; parts < 8; ++parts) {
        const int64_t rows = 7;
        auto x = TestTensor(dtype, {rows, channels}, {.row_gap = parts}).normal(random, 3, 2);
        auto weight = TestTensor(dtype, {channels}).normal(random);
        auto bias = TestTensor(DIO_F32, {channels}).normal(random);
        const bool shared = parts & 4;  // one row of modulation for all
        auto scale = TestTensor(DIO_F32, {shared ? 1 : rows, channels}, {.row_gap = 5}).normal(random);
        auto shift = TestTensor(DIO_F32, {shared ? 1 : rows, channels}, {.row_gap = 1}).normal(random);
        auto out = TestTensor(dtype, {rows, channels});
        const bool affine = parts & 1, modulated = parts & 2;
        conform("layer norm", {&x, &weight, &bias, &scale, &shift}, {&out}, [&](dio_context* c) {
          return dio_layer_norm(c, x, affine ? weight.get() : nullptr, affine ? bias.get() : nullptr,
                                modulated ? scale.get() : nullptr, modulated ? shift.get() : nullptr, nullptr,
                                1e-6f, out);
        });
        conform("rms norm", {&x, &weight, &scale, &shift}, {&out}, [&](dio_context* c) {
          return dio_rms_norm(c, x, affine ? weight.get() : nullptr, modulated ? scale.get() : nullptr,
                              modulated ? shift.get() : nullptr, nullptr, 1e-6f, out);
        });
      }
    }
  }
}

TEST_CASE("norms choose modulation rows by group and by index, and work in place and across dtypes") {
  Random random(2);
  const int64_t rows = 12, channels = 70;
  auto x = TestTensor(DIO_F32, {rows, channels}).normal(random);
  auto scale = TestTensor(DIO_F32, {3, channels}).normal(random);
  auto shift = TestTensor(DIO_F32, {3, channels}).normal(random);
  auto index = TestTensor(DIO_I32, {rows}).integers(random, 0, 2);
  for (const bool indexed : {false, true}) {
    conform("in place", {&scale, &shift, &index}, {&x}, [&](dio_context* c) {
      return dio_layer_norm(c, x, nullptr, nullptr, scale, shift, indexed ? index.get() : nullptr, 1e-6f, x);
    });
    conform("in place", {&scale, &index}, {&x}, [&](dio_context* c) {
      return dio_rms_norm(c, x, nullptr, scale, nullptr, indexed ? index.get() : nullptr, 1e-6f, x);
    });
  }
  for (const dio_dtype to : kFloats) {
    auto out = TestTensor(to, {rows, channels}, {.row_gap = 2});
    auto halves = TestTensor(DIO_BF16, {rows, channels}, {.row_gap = 1}).normal(random);
    conform("from bf16", {&halves, &scale, &shift}, {&out}, [&](dio_context* c) {
      return dio_layer_norm(c, halves, nullptr, nullptr, scale, shift, nullptr, 1e-6f, out);
    });
  }
}

TEST_CASE("norms of extreme rows") {
  Random random(3);
  auto x = TestTensor(DIO_F32, {8, 33}).normal(random);
  for (int64_t c = 0; c < 33; ++c) {
    x.set(c, 0);                           // no variance
    x.set(33 + c, 1e-30 * (c + 1));        // squares fade to zero
    x.set(66 + c, 1e15 * (c % 5 - 2.0));   // large
    x.set(99 + c, 1000 + 1e-3 * (c % 7));  // a mean far from zero
  }
  x.set(4 * 33 + 32, NAN);
  x.set(5 * 33 + 3, INFINITY);
  auto out = TestTensor(DIO_F32, {8, 33});
  conform("layer norm", {&x}, {&out}, [&](dio_context* c) {
    return dio_layer_norm(c, x, nullptr, nullptr, nullptr, nullptr, nullptr, 1e-6f, out);
  });
  conform("rms norm", {&x}, {&out},
          [&](dio_context* c) { return dio_rms_norm(c, x, nullptr, nullptr, nullptr, nullptr, 1e-6f, out); });
}

TEST_CASE("q/k norm with rotary embedding") {
  Random random(4);
  struct Case {
    int64_t batch, tokens, heads, size;
  };
  for (const dio_dtype dtype : kFloats) {
    for (const Case& s :
         {Case{1, 1, 1, 2}, {2, 17, 3, 10}, {1, 113, 2, 64}, {2, 5, 12, 128}, {1, 3, 1, 1022}}) {
      for (int parts = 0; parts < 4; ++parts) {
        auto x = TestTensor(dtype, {s.batch, s.tokens, s.heads, s.size}).normal(random, 2);
        auto weight = TestTensor(DIO_BF16, {s.heads * s.size}).normal(random);
        auto cosine = TestTensor(DIO_F32, {s.tokens, s.size / 2}, {.row_gap = 1}).normal(random);
        auto sine = TestTensor(DIO_F32, {s.tokens, s.size / 2}).normal(random);
        auto out =
            TestTensor(dtype, {s.batch, s.tokens, s.heads, s.size}, {.row_gap = 0, .order = {0, 2, 1, 3}});
        const auto call = [&](TestTensor& to) {
          return [&, parts](dio_context* c) {
            return dio_qk_norm_rope(c, x, parts & 1 ? weight.get() : nullptr, 1e-6f,
                                    parts & 2 ? cosine.get() : nullptr, parts & 2 ? sine.get() : nullptr, to);
          };
        };
        conform("heads first in memory", {&x, &weight, &cosine, &sine}, {&out}, call(out));
        conform("in place", {&weight, &cosine, &sine}, {&x}, call(x));
      }
    }
  }
}

TEST_CASE("gated residual") {
  Random random(5);
  for (const dio_dtype dtype : kFloats) {
    for (const int64_t channels : kRagged) {
      auto x = TestTensor(dtype, {6, channels}, {.row_gap = 1}).normal(random);
      auto residual = TestTensor(DIO_F32, {6, channels}).normal(random);
      auto gate = TestTensor(DIO_F32, {2, channels}).normal(random);
      auto index = TestTensor(DIO_I32, {6}).integers(random, 0, 1);
      auto out = TestTensor(dtype, {6, channels});
      conform("grouped", {&x, &residual, &gate}, {&out},
              [&](dio_context* c) { return dio_gated_residual(c, x, residual, gate, nullptr, out); });
      conform("indexed, in place", {&x, &gate, &index}, {&residual},
              [&](dio_context* c) { return dio_gated_residual(c, x, residual, gate, index, residual); });
    }
  }
}

TEST_CASE("combinations of one to eight tensors into one to four") {
  Random random(6);
  for (int inputs = 1; inputs <= 8; ++inputs) {
    for (int outputs = 1; outputs <= 4; ++outputs) {
      const int64_t n = kRagged[(inputs + outputs) % 4];
      std::vector<TestTensor> tensors;
      for (int i = 0; i < inputs + outputs; ++i) {
        const Layout layout = {.row_gap = i % 3,
                               .order = i % 4 == 3 ? std::vector<int>{1, 0} : std::vector<int>{}};
        tensors.push_back(TestTensor(DIO_F32, {5, n}, layout).normal(random));
      }
      std::vector<double> coefficients;
      for (int i = 0; i < inputs * outputs; ++i) coefficients.push_back(random.normal());
      std::vector<const dio_tensor*> from;
      std::vector<dio_tensor*> to;
      std::vector<TestTensor*> given, made;
      for (int i = 0; i < inputs + outputs; ++i) {
        (i < inputs ? given : made).push_back(&tensors[i]);
      }
      conform("combine", given, made, [&](dio_context* c) {
        from.clear();
        to.clear();
        for (TestTensor* t : given) from.push_back(t->get());
        for (TestTensor* t : made) to.push_back(t->get());
        return dio_combine(c, inputs, from.data(), outputs, to.data(), coefficients.data());
      });
    }
  }
}

TEST_CASE("combinations broadcast and work in place") {
  Random random(7);
  for (const int64_t n : {1023, 1024}) {
    auto latents = TestTensor(DIO_F32, {3, 4, n}).normal(random);
    auto other = TestTensor(DIO_F32, {3, 4, n}).normal(random);
    auto frame = TestTensor(DIO_F32, {3, 4, n}).normal(random);
    frame->strides[1] = 0;
    auto number = TestTensor(DIO_F32, {3, 4, n}).normal(random);
    for (int axis = 0; axis < 3; ++axis) number->strides[axis] = 0;
    const double coefficients[] = {0.9, -5, 0.3, 0.7, 1, 2, 3, 4};
    conform("guidance", {&frame, &number}, {&latents, &other}, [&](dio_context* c) {
      const dio_tensor* inputs[] = {latents, other, frame, number};
      dio_tensor* outputs[] = {other, latents};
      return dio_combine(c, 4, inputs, 2, outputs, coefficients);
    });
    conform("dense", {&frame}, {&latents, &other}, [&](dio_context* c) {
      const dio_tensor* inputs[] = {latents, other};
      dio_tensor* outputs[] = {other};
      return dio_combine(c, 2, inputs, 1, outputs, coefficients);
    });
  }
}

TEST_CASE("timestep embedding") {
  auto t = TestTensor(DIO_F32, {5}).values({0, 0.5, 17, 875, 1000});
  for (const int64_t size : {2, 34, 256}) {
    auto out = TestTensor(DIO_F32, {5, size}, {.row_gap = 3});
    for (const int32_t cosine_first : {0, 1}) {
      conform("timestep embedding", {&t}, {&out},
              [&](dio_context* c) { return dio_timestep_embedding(c, t, cosine_first, 10000, out); });
    }
  }
  auto out = TestTensor(DIO_F32, {5, 4});
  REQUIRE(dio_timestep_embedding(shared_context(kHost), t, 1, 10000, out) == DIO_STATUS_OK);
  CHECK(out.read()[8] == doctest::Approx(std::cos(17.0)));
  CHECK(out.read()[9] == doctest::Approx(std::cos(0.17)));
  CHECK(out.read()[10] == doctest::Approx(std::sin(17.0)));
}

TEST_CASE("activations: every kind, dtype and layout, and values at the ends") {
  Random random(8);
  for (const auto kind : {DIO_ACTIVATION_NONE, DIO_ACTIVATION_GELU_TANH, DIO_ACTIVATION_GELU_ERF,
                          DIO_ACTIVATION_SILU, DIO_ACTIVATION_QUICK_GELU}) {
    for (const dio_dtype dtype : kFloats) {
      for (const int64_t n : kRagged) {
        auto x = TestTensor(dtype, {3, n}, {.row_gap = 3}).normal(random, 3);
        auto out = TestTensor(dtype, {3, n}, {.row_gap = 0, .order = {1, 0}});
        conform("transposed", {&x}, {&out}, [&](dio_context* c) { return dio_activate(c, x, kind, out); });
        conform("in place", {}, {&x}, [&](dio_context* c) { return dio_activate(c, x, kind, x); });
      }
    }
    std::vector<double> steps;
    for (int i = 0; i <= 4000; ++i) steps.push_back(-10 + i * 0.005);
    auto ramp = TestTensor(DIO_F32, {4001}).values(steps);
    auto ends =
        TestTensor(DIO_F32, {11}).values({0.0, -0.0, 1e-30, -1e-30, 88, -88, 120, -120, 1e4, -1e4, NAN});
    auto out = TestTensor(DIO_F32, {4001});
    auto short_out = TestTensor(DIO_F32, {11});
    conform("ramp", {&ramp}, {&out}, [&](dio_context* c) { return dio_activate(c, ramp, kind, out); });
    conform("ends", {&ends}, {&short_out},
            [&](dio_context* c) { return dio_activate(c, ends, kind, short_out); });
  }
}

// Large outputs are written past the caches; the same numbers come out in place, where they are not.
TEST_CASE("large norms write the same numbers as in place") {
  dio_context* context = shared_context(kHost);
  const int64_t rows = 4096, channels = 1024, size = 64;
  const std::size_t bytes = rows * channels * sizeof(float);
  void *x_memory = nullptr, *out_memory = nullptr;
  REQUIRE(dio_memory_allocate(context, bytes, &x_memory) == DIO_STATUS_OK);
  REQUIRE(dio_memory_allocate(context, bytes, &out_memory) == DIO_STATUS_OK);
  Random random(9);
  float* values = static_cast<float*>(x_memory);
  for (int64_t i = 0; i < rows * channels; ++i) values[i] = static_cast<float>(random.uniform() - 0.5);
  auto angles = TestTensor(DIO_F32, {rows, size / 2}).normal(random);
  dio_tensor x = {x_memory, DIO_F32, 2, {rows, channels}, {channels, 1}};
  dio_tensor out = x;
  out.data = out_memory;
  dio_tensor heads = {
      x_memory, DIO_F32, 4, {1, rows, channels / size, size}, {rows * channels, channels, size, 1}};
  dio_tensor heads_out = heads;
  heads_out.data = out_memory;
  const auto norm = [&](dio_tensor* to) {
    return dio_layer_norm(context, &x, nullptr, nullptr, nullptr, nullptr, nullptr, 1e-6f, to);
  };
  const auto rotate = [&](dio_tensor* to) {
    return dio_qk_norm_rope(context, &heads, nullptr, 1e-6f, angles, angles, to);
  };
  REQUIRE(norm(&out) == DIO_STATUS_OK);
  REQUIRE(norm(&x) == DIO_STATUS_OK);
  CHECK(std::memcmp(x_memory, out_memory, bytes) == 0);
  REQUIRE(rotate(&heads_out) == DIO_STATUS_OK);
  REQUIRE(rotate(&heads) == DIO_STATUS_OK);
  CHECK(std::memcmp(x_memory, out_memory, bytes) == 0);
  dio_memory_free(context, x_memory);
  dio_memory_free(context, out_memory);
}

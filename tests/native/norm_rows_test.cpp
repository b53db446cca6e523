// Norms of long rows, of rows of whole packs, and the gated residual with the norm that follows it, on every
// backend.
#include "conformance.h"

using namespace diorama::test;

namespace {

constexpr dio_dtype kFloats[] = {DIO_F32, DIO_BF16, DIO_F16};
constexpr int64_t kRagged[] = {1, 17, 113, 1023};

}  // namespace

TEST_CASE("gated residual with the norm that follows: every part, dtype and ragged rows") {
  Random random(10);
  for (const dio_dtype dtype : kFloats) {
    for (const int64_t channels : kRagged) {
      for (int parts = 0; parts < 16; parts += channels == 1023 ? 5 : 3) {
        const int64_t rows = 6;
        auto x = TestTensor(dtype, {rows, channels}, {.row_gap = parts % 3}).normal(random);
        auto residual = TestTensor(DIO_F32, {rows, channels}).normal(random, 2, 1);
        auto gate = TestTensor(DIO_F32, {parts & 8 ? 2 : rows, channels}, {.row_gap = 2}).normal(random);
        auto weight = TestTensor(dtype, {channels}).normal(random);
        auto bias = TestTensor(DIO_F32, {channels}).normal(random);
        auto scale = TestTensor(DIO_F32, {parts & 8 ? 2 : rows, channels}).normal(random);
        auto shift = TestTensor(DIO_F32, {parts & 8 ? 2 : rows, channels}, {.row_gap = 1}).normal(random);
        auto sum = TestTensor(DIO_F32, {rows, channels}, {.row_gap = 3});
        auto out = TestTensor(dtype, {rows, channels});
        const bool gated = parts & 1, affine = parts & 2, modulated = parts & 4;
        const auto call = [&](TestTensor& kept, TestTensor& to) {
          return [&, gated, affine, modulated](dio_context* c) {
            return dio_gated_residual_norm(c, x, residual, gated ? gate.get() : nullptr,
                                           affine ? weight.get() : nullptr, affine ? bias.get() : nullptr,
                                           modulated ? scale.get() : nullptr,
                                           modulated ? shift.get() : nullptr, nullptr, 1e-6f, kept, to);
          };
        };
        conform("apart", {&x, &residual, &gate, &weight, &bias, &scale, &shift}, {&sum, &out},
                call(sum, out));
        conform("in place", {&gate, &weight, &bias, &scale, &shift}, {&residual, &x}, call(residual, x));
      }
    }
  }
}

// The sums are exact in f32, so that every backend rounds the same numbers to the kept dtype, ties among
// them: what is compared is whether the norm is of the rounded sum.
TEST_CASE("gated residual with norm: the norm is of the sum as it is kept") {
  Random random(11);
  for (const dio_dtype kept : kFloats) {
    for (const dio_dtype dtype : kFloats) {
      for (const int64_t channels : {17, 64, 1023}) {
        auto x = TestTensor(dtype, {6, channels}).integers(random, -20, 20);
        auto residual = TestTensor(kept, {6, channels}, {.row_gap = 8}).integers(random, -4000, 4000);
        auto gate = TestTensor(DIO_F32, {3, channels}).integers(random, -3, 3);
        auto scale = TestTensor(DIO_F32, {3, channels}).normal(random);
        auto index = TestTensor(DIO_I32, {6}).integers(random, 0, 2);
        auto sum = TestTensor(kept, {6, channels});
        auto out = TestTensor(DIO_F32, {6, channels});
        conform("indexed", {&x, &residual, &gate, &scale, &index}, {&sum, &out}, [&](dio_context* c) {
          return dio_gated_residual_norm(c, x, residual, gate, nullptr, nullptr, scale, nullptr, index, 1e-6f,
                                         sum, out);
        });
        conform("in place", {&gate, &scale, &index}, {&residual, &x}, [&](dio_context* c) {
          return dio_gated_residual_norm(c, x, residual, gate, nullptr, nullptr, scale, nullptr, index, 1e-6f,
                                         residual, x);
        });
      }
    }
  }
}

TEST_CASE("gated residual with norm: NaN and infinity stay in their rows") {
  Random random(12);
  auto x = TestTensor(DIO_F32, {4, 33}).normal(random);
  auto residual = TestTensor(DIO_F32, {4, 33}).normal(random);
  x.set(3, NAN);
  residual.set(33 + 7, INFINITY);
  x.set(66 + 1, -INFINITY);
  auto sum = TestTensor(DIO_F32, {4, 33});
  auto out = TestTensor(DIO_F32, {4, 33});
  conform("specials", {&x, &residual}, {&sum, &out}, [&](dio_context* c) {
    return dio_gated_residual_norm(c, x, residual, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
                                   1e-6f, sum, out);
  });
}

// Rows that are whole 16-byte packs, aligned, from less than a warp's to several warps' worth, and rows that
// miss that by one thing: another first element, a gap, a modulation that is not aligned.
TEST_CASE("norms of rows that are made of whole packs") {
  Random random(13);
  for (const dio_dtype kept : kFloats) {
    for (const dio_dtype dtype : kFloats) {
      for (const int64_t channels : {8, 264, 1024, 1536, 5120}) {
        const int64_t rows = channels < 1000 ? 11 : 3;
        const int64_t gap = channels == 1024 ? 1 : 8;
        auto x = TestTensor(kept, {rows, channels}, {.row_gap = gap}).normal(random, 2, 1);
        auto branch = TestTensor(dtype, {rows, channels}).normal(random);
        auto weight = TestTensor(dtype, {channels}).normal(random);
        auto bias = TestTensor(DIO_F32, {channels}).normal(random);
        auto gate = TestTensor(DIO_F32, {1, channels}).normal(random);
        auto scale = TestTensor(DIO_F32, {1, channels}).normal(random);
        auto shift =
            TestTensor(DIO_F32, {rows, channels}, {.row_gap = channels == 264 ? 2 : 4}).normal(random);
        auto out = TestTensor(dtype, {rows, channels}, {.row_gap = 16});
        conform("layer norm, affine", {&x, &weight, &bias}, {&out}, [&](dio_context* c) {
          return dio_layer_norm(c, x, weight, bias, nullptr, nullptr, nullptr, 1e-6f, out);
        });
        conform("rms norm", {&x, &weight, &scale}, {&out}, [&](dio_context* c) {
          return dio_rms_norm(c, x, weight, scale, nullptr, nullptr, 1e-6f, out);
        });
        conform("layer norm, shift of its own for each row", {&x, &shift}, {&out}, [&](dio_context* c) {
          return dio_layer_norm(c, x, nullptr, nullptr, nullptr, shift, nullptr, 1e-6f, out);
        });
        conform("gated residual", {&branch, &gate}, {&x},
                [&](dio_context* c) { return dio_gated_residual(c, branch, x, gate, nullptr, x); });
        if (kept != DIO_F32) continue;  // see the case above
        auto sum = TestTensor(kept, {rows, channels}, {.row_gap = gap});
        conform("gated residual with norm", {&branch, &x, &gate, &weight, &bias, &scale}, {&sum, &out},
                [&](dio_context* c) {
                  return dio_gated_residual_norm(c, branch, x, gate, weight, bias, scale, nullptr, nullptr,
                                                 1e-6f, sum, out);
                });
      }
    }
  }
}

TEST_CASE("q/k norm with rotary embedding of heads that are made of whole packs") {
  Random random(15);
  struct Case {
    int64_t batch, tokens, heads, size;
  };
  for (const dio_dtype from : kFloats) {
    for (const dio_dtype to : kFloats) {
      for (const Case& s : {Case{1, 5, 3, 8}, {2, 3, 5, 24}, {1, 3, 12, 128}, {1, 2, 40, 128}}) {
        auto x = TestTensor(from, {s.batch, s.tokens, s.heads, s.size}, {.row_gap = 8}).normal(random, 2);
        auto weight = TestTensor(DIO_BF16, {s.heads * s.size}).normal(random);
        auto cosine = TestTensor(DIO_F32, {s.tokens, s.size / 2}, {.row_gap = 4}).normal(random);
        auto sine = TestTensor(DIO_F32, {s.tokens, s.size / 2}).normal(random);
        auto out =
            TestTensor(to, {s.batch, s.tokens, s.heads, s.size}, {.row_gap = 16, .order = {0, 2, 1, 3}});
        conform("heads first in memory", {&x, &weight, &cosine, &sine}, {&out},
                [&](dio_context* c) { return dio_qk_norm_rope(c, x, weight, 1e-6f, cosine, sine, out); });
        conform("in place", {&cosine, &sine}, {&x},
                [&](dio_context* c) { return dio_qk_norm_rope(c, x, nullptr, 1e-6f, cosine, sine, x); });
      }
    }
  }
}

TEST_CASE("layer norm of a row longer than registers hold") {
  Random random(14);
  auto x = TestTensor(DIO_F32, {2, 40000}).normal(random, 1, 3);
  auto out = TestTensor(DIO_BF16, {2, 40000});
  conform("long", {&x}, {&out}, [&](dio_context* c) {
    return dio_layer_norm(c, x, nullptr, nullptr, nullptr, nullptr, nullptr, 1e-6f, out);
  });
}

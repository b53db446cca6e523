// Channel norm, affine, carried frames, residual resampling, patches, copies and 8-bit pixels on every
// backend.
#include "conformance.h"

using namespace diorama::test;

namespace {

constexpr dio_dtype kFloats[] = {DIO_F32, DIO_BF16, DIO_F16};
constexpr int64_t kRagged[] = {1, 17, 113, 1023};
constexpr float kInfinity = INFINITY;

}  // namespace

TEST_CASE("channel norm: ragged channels, dtypes, activations, in place") {
  Random random(1);
  for (const dio_dtype dtype : kFloats) {
    for (const int64_t channels : kRagged) {
      for (const auto kind : {DIO_ACTIVATION_NONE, DIO_ACTIVATION_SILU, DIO_ACTIVATION_GELU_ERF}) {
        auto x = TestTensor(dtype, {1, 2, 3, 5, channels}).normal(random, 4);
        auto gamma = TestTensor(DIO_F32, {channels}).normal(random);
        auto bias = TestTensor(dtype, {channels}).normal(random);
        auto out = TestTensor(dtype, {1, 2, 3, 5, channels});
        const bool biased = kind == DIO_ACTIVATION_SILU;
        conform("channel norm", {&x, &gamma, &bias}, {&out}, [&](dio_context* c) {
          return dio_channel_norm(c, x, gamma, biased ? bias.get() : nullptr, kind, out);
        });
        conform("in place", {&gamma, &bias}, {&x},
                [&](dio_context* c) { return dio_channel_norm(c, x, gamma, bias, kind, x); });
      }
    }
  }
}

TEST_CASE("channel norm in packs, of few and many channels") {
  Random random(9);
  for (const dio_dtype from : kFloats) {
    for (const dio_dtype to : kFloats) {
      for (const int64_t channels : {8, 24, 96, 264, 1024, 4104}) {
        auto x = TestTensor(from, {37, channels}).normal(random, 4);
        auto gamma = TestTensor(from, {channels}).normal(random);
        auto bias = TestTensor(to, {channels}).normal(random);
        auto out = TestTensor(to, {37, channels});
        const auto kind = channels % 3 == 0 ? DIO_ACTIVATION_SILU : DIO_ACTIVATION_NONE;
        conform("norm", {&x, &gamma, &bias}, {&out},
                [&](dio_context* c) { return dio_channel_norm(c, x, gamma, bias, kind, out); });
        if (from != to) continue;
        conform("norm in place", {&gamma}, {&x},
                [&](dio_context* c) { return dio_channel_norm(c, x, gamma, nullptr, kind, x); });
      }
    }
  }
}

TEST_CASE("dense pixels and videos go by packs") {
  Random random(10);
  for (const dio_dtype from : kFloats) {
    auto x = TestTensor(from, {7, 16, 3}).normal(random, 0.4, 0.5);
    x.set(5, NAN);
    auto bytes = TestTensor(DIO_U8, {7, 16, 3});
    conform("pixels", {&x}, {&bytes}, [&](dio_context* c) { return dio_to_rgb8(c, x, bytes); });
    auto scale = TestTensor(DIO_F32, {3}).normal(random);
    auto shift = TestTensor(DIO_F32, {1}).normal(random);
    for (const dio_dtype to : kFloats) {
      auto out = TestTensor(to, {7, 16, 3});
      conform("affine", {&x, &scale, &shift}, {&out},
              [&](dio_context* c) { return dio_channel_affine(c, x, scale, shift, -1, 1, out); });
      auto video = TestTensor(from, {2, 3, 2, 5, 24}, {.row_gap = 8}).normal(random);
      auto dense = TestTensor(to, {2, 3, 2, 5, 24});
      conform("rows", {&video}, {&dense}, [&](dio_context* c) { return dio_copy(c, video, dense); });
      auto turned = TestTensor(to, {2, 3, 2, 5, 24}, {.row_gap = 0, .order = {0, 4, 1, 2, 3}});
      conform("channels first", {&video}, {&turned},
              [&](dio_context* c) { return dio_copy(c, video, turned); });
      conform("channels last", {&turned}, {&dense},
              [&](dio_context* c) { return dio_copy(c, turned, dense); });
    }
  }
}

TEST_CASE("channel norm of zeros, tiny and large values and NaN") {
  auto x = TestTensor(DIO_F32, {5, 19}).filled(0);
  for (int64_t c = 0; c < 19; ++c) {
    x.set(19 + c, 1e-14 * (c + 1));
    x.set(38 + c, 1e16 * (c - 9.0));
  }
  x.set(3 * 19 + 18, NAN);
  auto gamma = TestTensor(DIO_F32, {19}).filled(0.5);
  auto out = TestTensor(DIO_F32, {5, 19});
  conform("extremes", {&x, &gamma}, {&out},
          [&](dio_context* c) { return dio_channel_norm(c, x, gamma, nullptr, DIO_ACTIVATION_SILU, out); });
}

TEST_CASE("channel affine: layouts, one value for all channels, clamping, NaN") {
  Random random(2);
  for (const dio_dtype dtype : kFloats) {
    for (const int64_t channels : kRagged) {
      auto x = TestTensor(dtype, {3, 4, channels}, {.row_gap = 0, .order = {2, 0, 1}}).normal(random);
      x.set(2, NAN);
      x.set(3, INFINITY);
      auto scale = TestTensor(DIO_F32, {channels}).normal(random);
      auto shift = TestTensor(DIO_F32, {1}).normal(random);
      auto out = TestTensor(DIO_F32, {3, 4, channels}, {.row_gap = 1});
      conform("to rows", {&x, &scale, &shift}, {&out},
              [&](dio_context* c) { return dio_channel_affine(c, x, scale, shift, -0.8f, 0.9f, out); });
      conform("in place, unbounded", {&scale, &shift}, {&x}, [&](dio_context* c) {
        return dio_channel_affine(c, x, shift, scale, -kInfinity, kInfinity, x);
      });
    }
  }
}

TEST_CASE("the carry keeps the last frames of everything seen") {
  Random random(3);
  for (const dio_dtype dtype : kFloats) {
    for (const int64_t kept : {1, 2, 5}) {
      for (const int64_t frames : {1, 2, 3, 7}) {
        auto x = TestTensor(dtype, {2, frames, 3, 4, 17}, {.row_gap = 2}).normal(random);
        auto carry = TestTensor(dtype, {2, kept, 3, 4, 17}).normal(random);
        conform("carry", {&x}, {&carry}, [&](dio_context* c) { return dio_carry_update(c, x, carry); });
      }
    }
  }
}

TEST_CASE("residual down- and up-sampling") {
  Random random(4);
  struct Case {
    int64_t frames, from, to;
    int32_t factor_t, factor_s;
  };
  const Case down[] = {{1, 3, 6, 1, 2},  {5, 4, 8, 2, 2},   {4, 16, 16, 2, 2},
                       {3, 12, 4, 1, 2}, {2, 20, 40, 2, 2}, {3, 6, 6, 1, 1}};
  const Case up[] = {{1, 6, 3, 1, 2},  {3, 8, 4, 2, 2},   {2, 16, 16, 2, 2},
                     {2, 4, 12, 1, 2}, {2, 24, 12, 1, 2}, {1, 6, 6, 1, 1}};
  for (const dio_dtype dtype : kFloats) {
    for (const Case& s : down) {
      const int64_t frames = (s.frames + s.factor_t - 1) / s.factor_t;
      auto x = TestTensor(dtype, {2, s.frames, 3 * s.factor_s, 5 * s.factor_s, s.from}).normal(random);
      auto out = TestTensor(DIO_F32, {2, frames, 3, 5, s.to});
      conform("down", {&x}, {&out},
              [&](dio_context* c) { return dio_avg_down(c, x, s.factor_t, s.factor_s, out); });
    }
    for (const Case& s : up) {
      for (int32_t skip = 0; skip < s.factor_t; ++skip) {
        auto x = TestTensor(dtype, {2, s.frames, 3, 5, s.from}).normal(random);
        auto out = TestTensor(dtype, {2, s.frames * s.factor_t - skip, 3 * s.factor_s, 5 * s.factor_s, s.to})
                       .normal(random);
        conform("up", {&x}, {&out},
                [&](dio_context* c) { return dio_dup_up(c, x, s.factor_t, s.factor_s, skip, out); });
      }
    }
  }
}

TEST_CASE("patches and back") {
  Random random(5);
  for (const dio_dtype dtype : kFloats) {
    for (const int32_t channels_first : {0, 1}) {
      for (const bool turned : {false, true}) {
        const Layout layout = {.row_gap = 1,
                               .order = turned ? std::vector<int>{0, 4, 1, 2, 3} : std::vector<int>{}};
        auto x = TestTensor(dtype, {2, 4, 6, 10, 7}, layout).normal(random);
        auto patches = TestTensor(DIO_F32, {2, 2 * 3 * 5, 7 * 2 * 2 * 2});
        conform("patchify", {&x}, {&patches},
                [&](dio_context* c) { return dio_patchify(c, x, 2, 2, 2, channels_first, patches); });
        REQUIRE(dio_patchify(shared_context(kHost), x, 2, 2, 2, channels_first, patches) == DIO_STATUS_OK);
        auto back = TestTensor(dtype, {2, 4, 6, 10, 7}, layout);
        conform("unpatchify", {&patches}, {&back},
                [&](dio_context* c) { return dio_unpatchify(c, patches, 2, 2, 2, channels_first, back); });
        REQUIRE(dio_unpatchify(shared_context(kHost), patches, 2, 2, 2, channels_first, back) ==
                DIO_STATUS_OK);
        CHECK(back.read() == x.read());
      }
    }
  }
}

TEST_CASE("copies between dtypes") {
  Random random(6);
  for (const dio_dtype from : kFloats) {
    for (const dio_dtype to : kFloats) {
      for (const int64_t n : kRagged) {
        auto x = TestTensor(from, {n, 9}, {.row_gap = 1}).normal(random);
        x.set(0, NAN);
        x.set(1, INFINITY);
        x.set(2, 65504);
        x.set(3, 3e-6);
        auto dense = TestTensor(to, {n, 9}, {.row_gap = 1});
        auto turned = TestTensor(to, {n, 9}, {.row_gap = 0, .order = {1, 0}});
        conform("rows", {&x}, {&dense}, [&](dio_context* c) { return dio_copy(c, x, dense); });
        conform("transposed", {&x}, {&turned}, [&](dio_context* c) { return dio_copy(c, x, turned); });
      }
    }
  }
}

TEST_CASE("copies of every layout, up to rank eight") {
  Random random(7);
  for (const dio_dtype dtype : {DIO_F32, DIO_F16, DIO_I32, DIO_U8}) {
    const std::vector<int> orders[] = {{0, 1, 2, 3, 4, 5, 6, 7},
                                       {7, 6, 5, 4, 3, 2, 1, 0},
                                       {0, 7, 1, 2, 3, 4, 5, 6},
                                       {3, 1, 0, 2, 7, 5, 6, 4}};
    for (const auto& order : orders) {
      auto x = TestTensor(dtype, {2, 1, 3, 2, 1, 4, 3, 33}, {.row_gap = 0, .order = order})
                   .integers(random, 0, 100);
      auto out = TestTensor(dtype, {2, 1, 3, 2, 1, 4, 3, 33}, {.row_gap = 2});
      conform("copy", {&x}, {&out}, [&](dio_context* c) { return dio_copy(c, x, out); });
    }
    auto x = TestTensor(dtype, {70, 5, 90}).integers(random, 0, 100);
    x->strides[1] = 0;  // one value for five places
    auto out = TestTensor(dtype, {70, 5, 90}, {.row_gap = 0, .order = {2, 1, 0}});
    conform("broadcast and turn", {&x}, {&out}, [&](dio_context* c) { return dio_copy(c, x, out); });
    auto backwards = TestTensor(dtype, {17}).integers(random, 0, 100);
    auto list = backwards.read();
    dio_tensor view = *backwards.get();
    view.data = static_cast<char*>(view.data) + 16 * diorama::element_size(dtype);
    view.strides[0] = -1;
    auto turned = TestTensor(dtype, {17});
    REQUIRE(dio_copy(shared_context(kHost), &view, turned) == DIO_STATUS_OK);
    std::reverse(list.begin(), list.end());
    CHECK(turned.read() == list);
  }
}

TEST_CASE("8-bit pixels") {
  Random random(8);
  for (const dio_dtype dtype : kFloats) {
    for (const bool turned : {false, true}) {
      const Layout layout = {.row_gap = 0, .order = turned ? std::vector<int>{2, 0, 1} : std::vector<int>{}};
      auto x = TestTensor(dtype, {13, 29, 3}, layout).normal(random, 0.4, 0.5);
      auto out = TestTensor(DIO_U8, {13, 29, 3});
      conform("pixels", {&x}, {&out}, [&](dio_context* c) { return dio_to_rgb8(c, x, out); });
    }
  }
  auto x = TestTensor(DIO_F32, {3, 3}).values({NAN, -INFINITY, INFINITY, -0.0, 1, 0.5, 0.25, 2, 1e-9});
  auto out = TestTensor(DIO_U8, {3, 3});
  REQUIRE(dio_to_rgb8(shared_context(kHost), x, out) == DIO_STATUS_OK);
  CHECK(out.read() == std::vector<double>{0, 0, 255, 0, 255, 128, 64, 255, 0});
}

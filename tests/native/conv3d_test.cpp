// dio_conv3d on every backend against plain loops in double.
#include "instruction_sets.h"

#include <array>
#include <optional>

using namespace diorama::test;

namespace {

struct Problem {
  std::array<int64_t, 4> size;    // B, T, H, W of x
  int64_t in, out;                // channels
  std::array<int64_t, 3> kernel;  // t, h, w
  dio_conv3d_params params = {1, 1, 1, 0, 0, 0, 0, 0, DIO_PADDING_ZERO, 1};
  int64_t carry = 0;  // frames carried; none when 0
  bool bias = true, residual = false;
  dio_dtype x_type = DIO_F32, w_type = DIO_F32, out_type = DIO_F32;
  Layout layout = {};

  // Stride 1, the same size, all frames before.
  Problem causal() const {
    Problem p = *this;
    p.params.frames_before = static_cast<int32_t>(kernel[0] - 1);
    p.params.pad_top = p.params.pad_bottom = static_cast<int32_t>(kernel[1] / 2);
    p.params.pad_left = p.params.pad_right = static_cast<int32_t>(kernel[2] / 2);
    return p;
  }
  std::array<int64_t, 3> output() const {
    const dio_conv3d_params& p = params;
    return {(p.frames_before + size[1] - kernel[0]) / p.stride_t + 1,
            (p.pad_top + size[2] * p.upsample + p.pad_bottom - kernel[1]) / p.stride_h + 1,
            (p.pad_left + size[3] * p.upsample + p.pad_right - kernel[2]) / p.stride_w + 1};
  }
};

struct Tensors {
  TestTensor x, w, out;
  std::optional<TestTensor> carry, bias, residual;
  dio_conv3d_params params;

  explicit Tensors(const Problem& p)
      : x(p.x_type, {p.size[0], p.size[1], p.size[2], p.size[3], p.in}, p.layout),
        w(p.w_type, {p.out, p.kernel[0], p.kernel[1], p.kernel[2], p.in}, {.row_gap = p.layout.row_gap}),
        out(p.out_type, {p.size[0], p.output()[0], p.output()[1], p.output()[2], p.out}),
        params(p.params) {
    Random random(7);
    const double scale = 1 / std::sqrt(static_cast<double>(p.kernel[0] * p.kernel[1] * p.kernel[2] * p.in));
    std::move(x).normal(random);
    std::move(w).normal(random, scale);
    std::move(out).normal(random);
    if (p.carry) {
      carry.emplace(
          TestTensor(p.x_type, {p.size[0], p.carry, p.size[2], p.size[3], p.in}, p.layout).normal(random));
    }
    if (p.bias) bias.emplace(TestTensor(p.w_type, {p.out}).normal(random));
    if (p.residual) {
      const Layout gaps = {.row_gap = p.layout.row_gap};
      residual.emplace(
          TestTensor(p.out_type, {p.size[0], p.output()[0], p.output()[1], p.output()[2], p.out}, gaps)
              .normal(random));
    }
  }
  static dio_tensor* get(std::optional<TestTensor>& t) { return t ? t->get() : nullptr; }
  std::vector<TestTensor*> inputs() {
    std::vector<TestTensor*> list = {&x, &w};
    for (auto* t : {&carry, &bias, &residual}) {
      if (*t) list.push_back(&**t);
    }
    return list;
  }
  dio_status run(dio_context* c, bool in_place = false) {
    return dio_conv3d(c, x, get(carry), w, get(bias), in_place ? out.get() : get(residual), &params, out);
  }
};

void check(const std::string& title, const Problem& p) {
  Tensors t(p);
  conform(title, t.inputs(), {&t.out}, [&](dio_context* c) { return t.run(c); });
}

}  // namespace

TEST_CASE("causal convolutions conform at every number of channels") {
  for (const auto& [in, out] : {std::array<int64_t, 2>{1, 1},
                                {3, 96},
                                {12, 16},
                                {16, 12},
                                {16, 48},
                                {17, 3},
                                {40, 3},
                                {24, 5},
                                {48, 33},
                                {33, 17},
                                {129, 20},
                                {400, 20}}) {
    check(std::to_string(in) + " to " + std::to_string(out),
          Problem{.size = {1, 2, 5, 7}, .in = in, .out = out, .kernel = {3, 3, 3}}.causal());
  }
}

TEST_CASE("carried frames may be absent, short, exact or more than needed") {
  for (const int64_t frames : {0, 1, 2, 3}) {
    for (const int64_t channels : {5, 20}) {
      for (const int64_t out : {4, 20}) {
        check("carry " + std::to_string(frames),
              Problem{.size = {2, 1, 4, 5}, .in = channels, .out = out, .kernel = {3, 3, 3}, .carry = frames}
                  .causal());
      }
    }
  }
}

TEST_CASE("the codecs' kinds of convolution conform") {
  for (const int64_t channels : {6, 20}) {
    const int64_t out = channels + 3;
    check("1x1x1", Problem{.size = {1, 3, 5, 7}, .in = channels, .out = out, .kernel = {1, 1, 1}});
    check("time, stride 2", {.size = {1, 5, 3, 4},
                             .in = channels,
                             .out = out,
                             .kernel = {3, 1, 1},
                             .params = {2, 1, 1, 0, 0, 0, 0, 0, 0, 1}});
    check("time, carried", {.size = {1, 4, 3, 4},
                            .in = channels,
                            .out = out,
                            .kernel = {3, 1, 1},
                            .params = {2, 1, 1, 1, 0, 0, 0, 0, 0, 1},
                            .carry = 1});
    check("time, stride 1",
          Problem{.size = {1, 4, 3, 4}, .in = channels, .out = out, .kernel = {3, 1, 1}}.causal());
    check("each frame, stride 2", {.size = {2, 3, 8, 6},
                                   .in = channels,
                                   .out = out,
                                   .kernel = {1, 3, 3},
                                   .params = {1, 2, 2, 0, 0, 1, 0, 1, DIO_PADDING_ZERO, 1}});
    check("replicated border", {.size = {1, 3, 5, 6},
                                .in = channels,
                                .out = out,
                                .kernel = {2, 3, 3},
                                .params = {1, 1, 1, 1, 1, 1, 1, 1, DIO_PADDING_REPLICATE, 1}});
    check("border wider than the picture", {.size = {1, 1, 1, 2},
                                            .in = channels,
                                            .out = out,
                                            .kernel = {1, 5, 5},
                                            .params = {1, 1, 1, 0, 2, 2, 2, 2, DIO_PADDING_REPLICATE, 1}});
    for (const int32_t mode : {DIO_PADDING_ZERO, DIO_PADDING_REPLICATE}) {
      check("enlarged", {.size = {1, 2, 5, 3},
                         .in = channels,
                         .out = out,
                         .kernel = {1, 3, 3},
                         .params = {1, 1, 1, 0, 1, 1, 1, 1, mode, 2}});
    }
    check("enlarged, carried, strided", {.size = {2, 2, 5, 3},
                                         .in = channels,
                                         .out = out,
                                         .kernel = {2, 3, 3},
                                         .params = {1, 2, 3, 1, 1, 0, 2, 1, DIO_PADDING_ZERO, 2},
                                         .carry = 1});
  }
  check("several steps and blocks",
        Problem{.size = {1, 2, 17, 33}, .in = 70, .out = 200, .kernel = {3, 3, 3}}.causal());
  check("thousands of pixels",
        Problem{.size = {1, 1, 43, 51}, .in = 16, .out = 17, .kernel = {1, 3, 3}}.causal());
}

// Large enough for Winograd's transforms to pay; with every border, carry, and dtype.
TEST_CASE("many channels and pixels conform") {
  for (const auto& [in, out] : {std::array<int64_t, 2>{32, 32}, {33, 50}, {70, 35}, {400, 32}}) {
    for (const int64_t frames : {0, 1, 2}) {
      Problem p = Problem{.size = {1, 2, 17, 16}, .in = in, .out = out, .kernel = {3, 3, 3}, .carry = frames}
                      .causal();
      p.residual = frames == 1;
      check("odd height, " + std::to_string(in) + " to " + std::to_string(out), p);
    }
  }
  check("one frame", Problem{.size = {1, 1, 23, 25}, .in = 40, .out = 60, .kernel = {3, 3, 3}}.causal());
  check("one row", Problem{.size = {1, 1, 1, 531}, .in = 40, .out = 33, .kernel = {3, 3, 3}}.causal());
  check("one column", Problem{.size = {1, 3, 200, 1}, .in = 40, .out = 33, .kernel = {2, 3, 3}}.causal());
  check("batches",
        Problem{.size = {3, 3, 9, 11}, .in = 34, .out = 200, .kernel = {3, 3, 3}, .carry = 1}.causal());
  check("no padding", {.size = {2, 5, 13, 16}, .in = 36, .out = 36, .kernel = {3, 3, 3}});
  check("uneven padding", {.size = {1, 3, 13, 16},
                           .in = 36,
                           .out = 36,
                           .kernel = {2, 3, 3},
                           .params = {1, 1, 1, 1, 0, 3, 2, 1, DIO_PADDING_ZERO, 1}});
  for (const int32_t mode : {DIO_PADDING_ZERO, DIO_PADDING_REPLICATE}) {
    check("enlarged", {.size = {1, 2, 11, 13},
                       .in = 36,
                       .out = 36,
                       .kernel = {1, 3, 3},
                       .params = {1, 1, 1, 0, 1, 1, 1, 1, mode, 2}});
  }
  for (const dio_dtype type : {DIO_BF16, DIO_F16}) {
    Problem p =
        Problem{.size = {1, 2, 17, 19}, .in = 45, .out = 37, .kernel = {3, 3, 3}, .carry = 2}.causal();
    p.residual = true;
    p.w_type = type;
    p.layout = {.row_gap = 5, .order = {1, 0, 3, 2, 4}};
    check("half-width weights", p);
    p.x_type = p.out_type = type;
    check("half-width", p);
  }
}

TEST_CASE("NaN reaches only the pixels around it, also among many channels") {
  const Problem p = Problem{.size = {1, 3, 16, 17}, .in = 32, .out = 32, .kernel = {3, 3, 3}}.causal();
  Tensors t(p);
  for (const int64_t pixel : {0, 40, 300, 700}) t.x.set(pixel * p.in + pixel % p.in, NAN);
  conform("NaN", t.inputs(), {&t.out}, [&](dio_context* c) { return t.run(c); });
}

TEST_CASE("every combination of dtypes and layouts conforms") {
  for (const dio_dtype x : {DIO_F32, DIO_BF16, DIO_F16}) {
    for (const dio_dtype w : {DIO_F32, DIO_BF16, DIO_F16}) {
      for (const dio_dtype out : {DIO_F32, DIO_BF16, DIO_F16}) {
        for (const int64_t channels : {3, 20}) {
          Problem p =
              Problem{.size = {1, 2, 3, 4}, .in = 18, .out = channels, .kernel = {3, 3, 3}, .carry = 2}
                  .causal();
          p.x_type = x;
          p.w_type = w;
          p.out_type = out;
          p.residual = true;
          check("dtypes", p);
          p.layout = {.row_gap = 5, .order = {1, 0, 3, 2, 4}};
          check("dtypes, strided", p);
        }
      }
    }
  }
}

// What tensor cores take: both dtypes 16 bits wide, channels in eights, aligned; every width of tile,
// pictures of more than one tile, and taps that fit no halo.
TEST_CASE("16-bit channels in eights conform") {
  for (const dio_dtype type : {DIO_BF16, DIO_F16}) {
    const auto check_half = [&](const std::string& title, Problem p) {
      p.x_type = p.w_type = type;
      for (const dio_dtype out : {type, DIO_F32}) {
        p.out_type = out;
        check(title, p);
      }
    };
    for (const auto& [in, out] :
         {std::array<int64_t, 2>{8, 3}, {16, 12}, {48, 16}, {40, 17}, {32, 96}, {24, 100}, {16, 128}}) {
      Problem p =
          Problem{.size = {1, 2, 5, 7}, .in = in, .out = out, .kernel = {3, 3, 3}, .carry = 1}.causal();
      check_half(std::to_string(in) + " to " + std::to_string(out), p);
      p.residual = true;
      p.layout = {.row_gap = 8, .order = {1, 0, 3, 2, 4}};
      check_half("strided", p);
    }
    check_half("several tiles",
               Problem{.size = {2, 1, 19, 37}, .in = 16, .out = 136, .kernel = {1, 3, 3}}.causal());
    check_half("one row", Problem{.size = {1, 1, 1, 531}, .in = 8, .out = 16, .kernel = {1, 3, 3}}.causal());
    check_half("1x1x1", {.size = {1, 2, 9, 17}, .in = 72, .out = 96, .kernel = {1, 1, 1}});
    check_half("time", Problem{.size = {1, 4, 3, 9}, .in = 40, .out = 96, .kernel = {3, 1, 1}}.causal());
    check_half("time, stride 2", {.size = {1, 4, 3, 4},
                                  .in = 40,
                                  .out = 24,
                                  .kernel = {3, 1, 1},
                                  .params = {2, 1, 1, 1, 0, 0, 0, 0, 0, 1},
                                  .carry = 1});
    check_half("each frame, stride 2", {.size = {2, 1, 18, 34},
                                        .in = 16,
                                        .out = 16,
                                        .kernel = {1, 3, 3},
                                        .params = {1, 2, 2, 0, 0, 1, 0, 1, DIO_PADDING_ZERO, 1}});
    for (const int32_t mode : {DIO_PADDING_ZERO, DIO_PADDING_REPLICATE}) {
      check_half("enlarged", {.size = {1, 2, 9, 10},
                              .in = 16,
                              .out = 8,
                              .kernel = {1, 3, 3},
                              .params = {1, 1, 1, 0, 1, 1, 1, 1, mode, 2}});
      check_half("enlarged, uneven, strided", {.size = {1, 1, 9, 7},
                                               .in = 16,
                                               .out = 8,
                                               .kernel = {1, 4, 2},
                                               .params = {1, 3, 1, 0, 2, 1, 3, 0, mode, 2}});
      check_half("far apart", {.size = {1, 1, 50, 49},
                               .in = 8,
                               .out = 8,
                               .kernel = {1, 4, 3},
                               .params = {1, 25, 24, 0, 2, 1, 1, 2, mode, 1}});
      check_half("far apart, enlarged", {.size = {1, 1, 17, 18},
                                         .in = 8,
                                         .out = 8,
                                         .kernel = {1, 2, 3},
                                         .params = {1, 17, 16, 0, 1, 1, 1, 2, mode, 2}});
    }
  }
}

TEST_CASE("f32 taps that fit no halo conform") {
  for (const int64_t out : {5, 20}) {
    check("far apart", {.size = {1, 2, 50, 49},
                        .in = 8,
                        .out = out,
                        .kernel = {2, 4, 3},
                        .params = {1, 25, 24, 1, 2, 1, 1, 2, DIO_PADDING_ZERO, 1},
                        .carry = 1});
  }
}

TEST_CASE("a convolution adds to its own output") {
  for (const int64_t out : {3, 40}) {
    const Problem p = Problem{.size = {1, 2, 6, 5}, .in = 50, .out = out, .kernel = {3, 3, 3}}.causal();
    Tensors t(p);
    conform("in place", t.inputs(), {&t.out}, [&](dio_context* c) { return t.run(c, true); });
  }
  Tensors many(Problem{.size = {1, 1, 25, 23}, .in = 50, .out = 40, .kernel = {1, 3, 3}}.causal());
  conform("in place", many.inputs(), {&many.out}, [&](dio_context* c) { return many.run(c, true); });
}

TEST_CASE("infinities and NaN reach only the pixels around them") {
  for (const int64_t channels : {3, 20}) {
    for (const int64_t out : {3, 20}) {
      const Problem p =
          Problem{.size = {1, 3, 6, 6}, .in = channels, .out = out, .kernel = {3, 3, 3}}.causal();
      Tensors t(p);
      t.x.set(0, NAN);
      t.x.set(40 * channels + 1, INFINITY);
      t.x.set(70 * channels + 2, -3e38);
      conform("specials", t.inputs(), {&t.out}, [&](dio_context* c) { return t.run(c); });
    }
  }
}

TEST_CASE("the number of threads changes no pixel") {
  for (const auto& [in, out] : {std::array<int64_t, 2>{5, 40}, {50, 3}, {50, 40}}) {
    const Problem p = Problem{.size = {1, 2, 23, 19}, .in = in, .out = out, .kernel = {3, 3, 3}}.causal();
    Tensors t(p);
    std::vector<double> one;
    for (const int threads : {1, 2, 3, 5, 16}) {
      dio_context* context = nullptr;
      REQUIRE(dio_context_create(kHost, threads, &context) == DIO_STATUS_OK);
      REQUIRE(t.run(context) == DIO_STATUS_OK);
      REQUIRE(dio_context_destroy(context) == DIO_STATUS_OK);
      if (one.empty()) one = t.out.read();
      CHECK(t.out.read() == one);
    }
  }
}

TEST_CASE("every instruction set of this processor convolves") {
  for_each_instruction_set([&](const std::string& name) {
    INFO(name);
    for (const auto& [in, out] : {std::array<int64_t, 2>{5, 40}, {50, 3}, {50, 40}}) {
      check("instruction set",
            Problem{.size = {1, 2, 5, 7}, .in = in, .out = out, .kernel = {3, 3, 3}, .residual = true}
                .causal());
    }
    check(
        "instruction set, many pixels",
        Problem{.size = {1, 2, 17, 19}, .in = 45, .out = 50, .kernel = {3, 3, 3}, .residual = true}.causal());
  });
}

// dio_conv3d on every backend against plain loops in double.
#include "conv3d_problem.h"
#include "instruction_sets.h"

using namespace diorama::test;

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
    check_conv3d(std::to_string(in) + " to " + std::to_string(out),
                 Problem{.size = {1, 2, 5, 7}, .in = in, .out = out, .kernel = {3, 3, 3}}.causal());
  }
}

TEST_CASE("carried frames may be absent, short, exact or more than needed") {
  for (const int64_t frames : {0, 1, 2, 3}) {
    for (const int64_t channels : {5, 20}) {
      for (const int64_t out : {4, 20}) {
        check_conv3d(
            "carry " + std::to_string(frames),
            Problem{.size = {2, 1, 4, 5}, .in = channels, .out = out, .kernel = {3, 3, 3}, .carry = frames}
                .causal());
      }
    }
  }
}

TEST_CASE("the codecs' kinds of convolution conform") {
  for (const int64_t channels : {6, 20}) {
    const int64_t out = channels + 3;
    check_conv3d("1x1x1", Problem{.size = {1, 3, 5, 7}, .in = channels, .out = out, .kernel = {1, 1, 1}});
    check_conv3d("time, stride 2", {.size = {1, 5, 3, 4},
                                    .in = channels,
                                    .out = out,
                                    .kernel = {3, 1, 1},
                                    .params = {2, 1, 1, 0, 0, 0, 0, 0, 0, 1}});
    check_conv3d("time, carried", {.size = {1, 4, 3, 4},
                                   .in = channels,
                                   .out = out,
                                   .kernel = {3, 1, 1},
                                   .params = {2, 1, 1, 1, 0, 0, 0, 0, 0, 1},
                                   .carry = 1});
    check_conv3d("time, stride 1",
                 Problem{.size = {1, 4, 3, 4}, .in = channels, .out = out, .kernel = {3, 1, 1}}.causal());
    check_conv3d("each frame, stride 2", {.size = {2, 3, 8, 6},
                                          .in = channels,
                                          .out = out,
                                          .kernel = {1, 3, 3},
                                          .params = {1, 2, 2, 0, 0, 1, 0, 1, DIO_PADDING_ZERO, 1}});
    check_conv3d("replicated border", {.size = {1, 3, 5, 6},
                                       .in = channels,
                                       .out = out,
                                       .kernel = {2, 3, 3},
                                       .params = {1, 1, 1, 1, 1, 1, 1, 1, DIO_PADDING_REPLICATE, 1}});
    check_conv3d("border wider than the picture",
                 {.size = {1, 1, 1, 2},
                  .in = channels,
                  .out = out,
                  .kernel = {1, 5, 5},
                  .params = {1, 1, 1, 0, 2, 2, 2, 2, DIO_PADDING_REPLICATE, 1}});
    for (const int32_t mode : {DIO_PADDING_ZERO, DIO_PADDING_REPLICATE}) {
      check_conv3d("enlarged", {.size = {1, 2, 5, 3},
                                .in = channels,
                                .out = out,
                                .kernel = {1, 3, 3},
                                .params = {1, 1, 1, 0, 1, 1, 1, 1, mode, 2}});
    }
    check_conv3d("enlarged, carried, strided", {.size = {2, 2, 5, 3},
                                                .in = channels,
                                                .out = out,
                                                .kernel = {2, 3, 3},
                                                .params = {1, 2, 3, 1, 1, 0, 2, 1, DIO_PADDING_ZERO, 2},
                                                .carry = 1});
  }
  check_conv3d("several steps and blocks",
               Problem{.size = {1, 2, 17, 33}, .in = 70, .out = 200, .kernel = {3, 3, 3}}.causal());
  check_conv3d("thousands of pixels",
               Problem{.size = {1, 1, 43, 51}, .in = 16, .out = 17, .kernel = {1, 3, 3}}.causal());
}

// Large enough for Winograd's transforms to pay; with every border, carry, and dtype.
TEST_CASE("many channels and pixels conform") {
  for (const auto& [in, out] : {std::array<int64_t, 2>{32, 32}, {33, 50}, {70, 35}, {400, 32}}) {
    for (const int64_t frames : {0, 1, 2}) {
      Problem p = Problem{.size = {1, 2, 17, 16}, .in = in, .out = out, .kernel = {3, 3, 3}, .carry = frames}
                      .causal();
      p.residual = frames == 1;
      check_conv3d("odd height, " + std::to_string(in) + " to " + std::to_string(out), p);
    }
  }
  check_conv3d("one frame",
               Problem{.size = {1, 1, 23, 25}, .in = 40, .out = 60, .kernel = {3, 3, 3}}.causal());
  check_conv3d("one row", Problem{.size = {1, 1, 1, 531}, .in = 40, .out = 33, .kernel = {3, 3, 3}}.causal());
  check_conv3d("one column",
               Problem{.size = {1, 3, 200, 1}, .in = 40, .out = 33, .kernel = {2, 3, 3}}.causal());
  check_conv3d(
      "batches",
      Problem{.size = {3, 3, 9, 11}, .in = 34, .out = 200, .kernel = {3, 3, 3}, .carry = 1}.causal());
  check_conv3d("no padding", {.size = {2, 5, 13, 16}, .in = 36, .out = 36, .kernel = {3, 3, 3}});
  check_conv3d("uneven padding", {.size = {1, 3, 13, 16},
                                  .in = 36,
                                  .out = 36,
                                  .kernel = {2, 3, 3},
                                  .params = {1, 1, 1, 1, 0, 3, 2, 1, DIO_PADDING_ZERO, 1}});
  for (const int32_t mode : {DIO_PADDING_ZERO, DIO_PADDING_REPLICATE}) {
    check_conv3d("enlarged", {.size = {1, 2, 11, 13},
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
    check_conv3d("half-width weights", p);
    p.x_type = p.out_type = type;
    check_conv3d("half-width", p);
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
          check_conv3d("dtypes", p);
          p.layout = {.row_gap = 5, .order = {1, 0, 3, 2, 4}};
          check_conv3d("dtypes, strided", p);
        }
      }
    }
  }
}

TEST_CASE("16-bit channels in eights conform") { check_conv3d_of_16_bits(); }

TEST_CASE("f32 taps that fit no halo conform") {
  for (const int64_t out : {5, 20}) {
    check_conv3d("far apart", {.size = {1, 2, 50, 49},
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
      check_conv3d("instruction set",
                   Problem{.size = {1, 2, 5, 7}, .in = in, .out = out, .kernel = {3, 3, 3}, .residual = true}
                       .causal());
    }
    check_conv3d(
        "instruction set, many pixels",
        Problem{.size = {1, 2, 17, 19}, .in = 45, .out = 50, .kernel = {3, 3, 3}, .residual = true}.causal());
  });
}

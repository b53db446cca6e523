#pragma once

// The cases of dio_conv3d that more than one test runs.

#include "conformance.h"

#include <array>
#include <optional>
#include <string>

namespace diorama::test {

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

inline void check_conv3d(const std::string& title, const Problem& p) {
  Tensors t(p);
  conform(title, t.inputs(), {&t.out}, [&](dio_context* c) { return t.run(c); });
}

// What tensor cores take: both dtypes 16 bits wide, channels in eights, aligned; every width of tile,
// pictures of more than one tile, and taps that fit no halo.
inline void check_conv3d_of_16_bits() {
  for (const dio_dtype type : {DIO_BF16, DIO_F16}) {
    const auto check_half = [&](const std::string& title, Problem p) {
      p.x_type = p.w_type = type;
      for (const dio_dtype out : {type, DIO_F32}) {
        p.out_type = out;
        check_conv3d(title, p);
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

}  // namespace diorama::test

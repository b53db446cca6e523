#include <cmath>

#include "api.h"

using namespace diorama;

namespace {

// Sizes and counts a caller may ask for; far above any model's, far below overflow.
constexpr int32_t kMaxFactor = 1024;

int64_t convolved(int64_t size, int64_t kernel, int64_t stride) {
  return size < kernel ? 0 : (size - kernel) / stride + 1;
}

void check_params(const Check& check, const dio_conv3d_params& p) {
  check.between("stride_t", p.stride_t, 1, kMaxFactor);
  check.between("stride_h", p.stride_h, 1, kMaxFactor);
  check.between("stride_w", p.stride_w, 1, kMaxFactor);
  check.between("frames_before", p.frames_before, 0, kMaxFactor);
  check.between("pad_top", p.pad_top, 0, kMaxFactor);
  check.between("pad_bottom", p.pad_bottom, 0, kMaxFactor);
  check.between("pad_left", p.pad_left, 0, kMaxFactor);
  check.between("pad_right", p.pad_right, 0, kMaxFactor);
  check.between("padding_mode", p.padding_mode, DIO_PADDING_ZERO, DIO_PADDING_REPLICATE);
  check.between("upsample", p.upsample, 1, 2);
}

// A size of out that follows from others; below 1 means that the kernel is larger than the input.
void name_output(Check& check, const char* name, int64_t value, const char* what) {
  if (value < 1) check.fail(std::string("w is larger than the padded x in ") + what);
  check.name_size(name, value, "x");
}

// x and the same values cut into patches of pt x ph x pw.
void check_patches(Check& check, const Check::Argument& video, const Check::Argument& patches, int32_t pt,
                   int32_t ph, int32_t pw) {
  check.between("patch_t", pt, 1, kMaxFactor);
  check.between("patch_h", ph, 1, kMaxFactor);
  check.between("patch_w", pw, 1, kMaxFactor);
  video.floating().shape({"B", "T", "H", "W", "C"});
  const int64_t t = check.size("T"), h = check.size("H"), w = check.size("W");
  if (t % pt != 0 || h % ph != 0 || w % pw != 0) {
    check.fail(std::string(video.name()) + " has shape " + shape_text(*video) + ", which patches of " +
               std::to_string(pt) + " x " + std::to_string(ph) + " x " + std::to_string(pw) +
               " do not divide");
  }
  check.name_size("tokens", t / pt * (h / ph) * (w / pw), video.name());
  check.name_size("features", check.size("C") * pt * ph * pw, video.name());
  patches.floating().shape({"B", "tokens", "features"}).contiguous();
}

}  // namespace

dio_status dio_conv3d(dio_context* context, const dio_tensor* x, const dio_tensor* carry, const dio_tensor* w,
                      const dio_tensor* bias, const dio_tensor* residual, const dio_conv3d_params* params,
                      dio_tensor* out) {
  return operation(
      "conv3d", context, &Operations::conv3d,
      [&](Check& check) {
        check.pointer("params", params);
        const dio_conv3d_params& p = *params;
        check_params(check, p);
        const auto input = check.required("x", x).floating().shape({"B", "T", "H", "W", "Cin"}).rows();
        const auto before =
            check.optional("carry", carry).dtype_of(input).shape({"B", "P", "H", "W", "Cin"}).rows();
        const auto weight = check.required("w", w).floating().shape({"Cout", "kt", "kh", "kw", "Cin"}).rows();
        const auto offset = check.optional("bias", bias).floating().shape({"Cout"}).contiguous();
        name_output(check, "To", convolved(p.frames_before + check.size("T"), check.size("kt"), p.stride_t),
                    "time");
        name_output(
            check, "Ho",
            convolved(p.pad_top + check.size("H") * p.upsample + p.pad_bottom, check.size("kh"), p.stride_h),
            "height");
        name_output(
            check, "Wo",
            convolved(p.pad_left + check.size("W") * p.upsample + p.pad_right, check.size("kw"), p.stride_w),
            "width");
        const auto result =
            check.required("out", out).floating().shape({"B", "To", "Ho", "Wo", "Cout"}).contiguous();
        const auto added = check.optional("residual", residual).dtype_of(result).shape_of(result).rows();
        result.apart_from({input, before, weight, offset}).in_place_or_apart_from({added});
      },
      [&](auto convolve, Context& c) { convolve(c, *x, carry, *w, bias, residual, *params, *out); });
}

dio_status dio_carry_update(dio_context* context, const dio_tensor* x, dio_tensor* carry) {
  return operation(
      "carry_update", context, &Operations::carry_update,
      [&](Check& check) {
        const auto input = check.required("x", x).floating().shape({"B", "T", "H", "W", "C"}).rows();
        check.required("carry", carry)
            .dtype_of(input)
            .shape({"B", "P", "H", "W", "C"})
            .rows()
            .output()
            .apart_from({input});
      },
      [&](auto update, Context& c) { update(c, *x, *carry); });
}

dio_status dio_channel_norm(dio_context* context, const dio_tensor* x, const dio_tensor* gamma,
                            const dio_tensor* bias, dio_activation_kind activation, dio_tensor* out) {
  return operation(
      "channel_norm", context, &Operations::channel_norm,
      [&](Check& check) {
        const auto input = check.required("x", x).floating().last("C").contiguous();
        const auto factor = check.required("gamma", gamma).floating().shape({"C"}).contiguous();
        const auto offset = check.optional("bias", bias).floating().shape({"C"}).contiguous();
        check.activation(activation);
        check.required("out", out)
            .floating()
            .shape_of(input)
            .contiguous()
            .in_place_or_apart_from({input})
            .apart_from({factor, offset});
      },
      [&](auto norm, Context& c) { norm(c, *x, *gamma, bias, activation, *out); });
}

dio_status dio_channel_affine(dio_context* context, const dio_tensor* x, const dio_tensor* scale,
                              const dio_tensor* shift, float low, float high, dio_tensor* out) {
  return operation(
      "channel_affine", context, &Operations::channel_affine,
      [&](Check& check) {
        const auto input = check.required("x", x).floating().last("C");
        const auto factor = check.required("scale", scale).dtype(DIO_F32).shape({"1|C"}).contiguous();
        const auto offset = check.required("shift", shift).dtype(DIO_F32).shape({"1|C"}).contiguous();
        if (!(low <= high)) {
          check.fail("low is " + std::to_string(low) + " and high " + std::to_string(high) +
                     ", expected numbers with low at most high");
        }
        check.required("out", out)
            .floating()
            .shape_of(input)
            .output()
            .in_place_or_apart_from({input})
            .apart_from({factor, offset});
      },
      [&](auto affine, Context& c) { affine(c, *x, *scale, *shift, low, high, *out); });
}

dio_status dio_avg_down(dio_context* context, const dio_tensor* x, int32_t factor_t, int32_t factor_s,
                        dio_tensor* out) {
  return operation(
      "avg_down", context, &Operations::avg_down,
      [&](Check& check) {
        check.between("factor_t", factor_t, 1, kMaxFactor);
        check.between("factor_s", factor_s, 1, kMaxFactor);
        const auto input = check.required("x", x).floating().shape({"B", "T", "H", "W", "Cin"}).contiguous();
        if (check.size("H") % factor_s != 0 || check.size("W") % factor_s != 0) {
          check.fail("x has shape " + shape_text(*x) + ", whose height and width factor_s " +
                     std::to_string(factor_s) + " does not divide");
        }
        check.name_size("T/ft", (check.size("T") + factor_t - 1) / factor_t, "x");
        check.name_size("H/fs", check.size("H") / factor_s, "x");
        check.name_size("W/fs", check.size("W") / factor_s, "x");
        check.required("out", out)
            .floating()
            .shape({"B", "T/ft", "H/fs", "W/fs", "Cout"})
            .contiguous()
            .apart_from({input});
        if (check.size("Cin") * factor_t * factor_s * factor_s % check.size("Cout") != 0) {
          check.fail("out has " + std::to_string(check.size("Cout")) + " channels, expected a divisor of " +
                     std::to_string(check.size("Cin") * factor_t * factor_s * factor_s) +
                     " (channels of x * factor_t * factor_s^2)");
        }
      },
      [&](auto down, Context& c) { down(c, *x, factor_t, factor_s, *out); });
}

dio_status dio_dup_up(dio_context* context, const dio_tensor* x, int32_t factor_t, int32_t factor_s,
                      int32_t skip_frames, dio_tensor* out) {
  return operation(
      "dup_up", context, &Operations::dup_up,
      [&](Check& check) {
        check.between("factor_t", factor_t, 1, kMaxFactor);
        check.between("factor_s", factor_s, 1, kMaxFactor);
        const auto input = check.required("x", x).floating().shape({"B", "T", "H", "W", "Cin"}).contiguous();
        check.between("skip_frames", skip_frames, 0, check.size("T") * factor_t - 1);
        check.name_size("T*ft-skip", check.size("T") * factor_t - skip_frames, "x");
        check.name_size("H*fs", check.size("H") * factor_s, "x");
        check.name_size("W*fs", check.size("W") * factor_s, "x");
        check.required("out", out)
            .floating()
            .shape({"B", "T*ft-skip", "H*fs", "W*fs", "Cout"})
            .contiguous()
            .apart_from({input});
        if (check.size("Cout") * factor_t * factor_s * factor_s % check.size("Cin") != 0) {
          check.fail("x has " + std::to_string(check.size("Cin")) + " channels, expected a divisor of " +
                     std::to_string(check.size("Cout") * factor_t * factor_s * factor_s) +
                     " (channels of out * factor_t * factor_s^2)");
        }
      },
      [&](auto up, Context& c) { up(c, *x, factor_t, factor_s, skip_frames, *out); });
}

dio_status dio_patchify(dio_context* context, const dio_tensor* x, int32_t patch_t, int32_t patch_h,
                        int32_t patch_w, int32_t channels_first, dio_tensor* out) {
  return operation(
      "patchify", context, &Operations::patchify,
      [&](Check& check) {
        const auto input = check.required("x", x);
        const auto result = check.required("out", out);
        check_patches(check, input, result, patch_t, patch_h, patch_w);
        result.apart_from({input});
      },
      [&](auto cut, Context& c) { cut(c, *x, patch_t, patch_h, patch_w, channels_first != 0, *out); });
}

dio_status dio_unpatchify(dio_context* context, const dio_tensor* x, int32_t patch_t, int32_t patch_h,
                          int32_t patch_w, int32_t channels_first, dio_tensor* out) {
  return operation(
      "unpatchify", context, &Operations::unpatchify,
      [&](Check& check) {
        const auto input = check.required("x", x);
        const auto result = check.required("out", out).output();
        check_patches(check, result, input, patch_t, patch_h, patch_w);
        result.apart_from({input});
      },
      [&](auto join, Context& c) { join(c, *x, patch_t, patch_h, patch_w, channels_first != 0, *out); });
}

dio_status dio_to_rgb8(dio_context* context, const dio_tensor* x, dio_tensor* out) {
  return operation(
      "to_rgb8", context, &Operations::to_rgb8,
      [&](Check& check) {
        const auto input = check.required("x", x).floating().last("3");
        check.required("out", out).dtype(DIO_U8).shape_of(input).output().apart_from({input});
      },
      [&](auto convert, Context& c) { convert(c, *x, *out); });
}

dio_status dio_copy(dio_context* context, const dio_tensor* x, dio_tensor* out) {
  return operation(
      "copy", context, &Operations::copy,
      [&](Check& check) {
        const auto input = check.required("x", x);
        const auto result = check.required("out", out).shape_of(input).output().apart_from({input});
        if (x->dtype > DIO_BF16) {
          result.dtype_of(input);
        } else {
          result.floating();
        }
      },
      [&](auto copy, Context& c) { copy(c, *x, *out); });
}

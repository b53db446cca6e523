// Channel norm, channel affine, residual resampling and 8-bit pixels, as plain loops.
#include "codec_reference.h"

#include <cmath>
#include <vector>

namespace diorama {

template <typename Real>
void channel_norm_plain(Context&, const Tensor& x, const Tensor& gamma, const Tensor* bias,
                        dio_activation_kind kind, const Tensor& out) {
  const int64_t channels = x.shape[x.rank - 1];
  const int64_t rows = channels > 0 ? element_count(x) / channels : 0;
  const Elements<Real> in(x), factor(gamma), result(out);
  for (int64_t row = 0; row < rows; ++row) {
    Real squares = 0;
    for (int64_t c = 0; c < channels; ++c) squares += in[row * channels + c] * in[row * channels + c];
    Real length = std::sqrt(squares);
    if (length < static_cast<Real>(1e-12)) length = static_cast<Real>(1e-12);
    for (int64_t c = 0; c < channels; ++c) {
      Real value = in[row * channels + c] / length * std::sqrt(static_cast<Real>(channels)) *
                   factor[c * gamma.strides[0]];
      if (bias) value += Elements<Real>(*bias)[c * bias->strides[0]];
      result.set(row * channels + c, activation(kind, value));
    }
  }
}

template <typename Real>
void channel_affine_plain(Context&, const Tensor& x, const Tensor& scale, const Tensor& shift, float low,
                          float high, const Tensor& out) {
  const Elements<Real> in(x), factor(scale), offset(shift), result(out);
  const int64_t scale_stride = scale.shape[0] == 1 ? 0 : scale.strides[0];
  const int64_t shift_stride = shift.shape[0] == 1 ? 0 : shift.strides[0];
  for_each_index(x, [&](const int64_t* index) {
    const int64_t c = index[x.rank - 1];
    Real value = in[offset_at(x, index)] * factor[c * scale_stride] + offset[c * shift_stride];
    if (value < static_cast<Real>(low)) value = static_cast<Real>(low);
    if (value > static_cast<Real>(high)) value = static_cast<Real>(high);
    result.set(offset_at(out, index), value);
  });
}

template <typename Real>
void avg_down_plain(Context&, const Tensor& x, int factor_t, int factor_s, const Tensor& out) {
  const int64_t frames = x.shape[1], height = x.shape[2], width = x.shape[3], channels = x.shape[4];
  const int64_t block = int64_t{factor_t} * factor_s * factor_s;
  const int64_t group = channels * block / out.shape[4];
  const int64_t missing = out.shape[1] * factor_t - frames;
  const Elements<Real> in(x), result(out);
  int64_t next = 0;
  for_each_index(out, [&](const int64_t* o) {
    Real sum = 0;
    for (int64_t j = o[4] * group; j < (o[4] + 1) * group; ++j) {
      const int64_t c = j / block;
      const int64_t t = o[1] * factor_t + j % block / (factor_s * factor_s) - missing;
      const int64_t y = o[2] * factor_s + j / factor_s % factor_s;
      const int64_t z = o[3] * factor_s + j % factor_s;
      if (t >= 0) sum += in[(((o[0] * frames + t) * height + y) * width + z) * channels + c];
    }
    result.set(next++, sum / static_cast<Real>(group));
  });
}

template <typename Real>
void dup_up_plain(Context&, const Tensor& x, int factor_t, int factor_s, int skip_frames, const Tensor& out) {
  const int64_t frames = x.shape[1], height = x.shape[2], width = x.shape[3], channels = x.shape[4];
  const int64_t repeats = out.shape[4] * factor_t * factor_s * factor_s / channels;
  const Elements<Real> in(x), result(out);
  int64_t next = 0;
  for_each_index(out, [&](const int64_t* o) {
    const int64_t t = o[1] + skip_frames;
    const int64_t j =
        ((o[4] * factor_t + t % factor_t) * factor_s + o[2] % factor_s) * factor_s + o[3] % factor_s;
    const int64_t pixel =
        ((o[0] * frames + t / factor_t) * height + o[2] / factor_s) * width + o[3] / factor_s;
    result.set(next, result[next] + in[pixel * channels + j / repeats]);
    ++next;
  });
}

template <typename Real>
void to_rgb8_plain(Context&, const Tensor& x, const Tensor& out) {
  const Elements<Real> in(x);
  for_each_index(x, [&](const int64_t* index) {
    Real value = in[offset_at(x, index)];
    if (!(value > 0)) value = 0;  // NaN too
    if (value > 1) value = 1;
    data<uint8_t>(out)[offset_at(out, index)] = static_cast<uint8_t>(std::nearbyint(value * 255));
  });
}

template void channel_norm_plain<float>(Context&, const Tensor&, const Tensor&, const Tensor*,
                                        dio_activation_kind, const Tensor&);
template void channel_norm_plain<double>(Context&, const Tensor&, const Tensor&, const Tensor*,
                                         dio_activation_kind, const Tensor&);
template void channel_affine_plain<float>(Context&, const Tensor&, const Tensor&, const Tensor&, float, float,
                                          const Tensor&);
template void channel_affine_plain<double>(Context&, const Tensor&, const Tensor&, const Tensor&, float,
                                           float, const Tensor&);
template void avg_down_plain<float>(Context&, const Tensor&, int, int, const Tensor&);
template void avg_down_plain<double>(Context&, const Tensor&, int, int, const Tensor&);
template void dup_up_plain<float>(Context&, const Tensor&, int, int, int, const Tensor&);
template void dup_up_plain<double>(Context&, const Tensor&, int, int, int, const Tensor&);
template void to_rgb8_plain<float>(Context&, const Tensor&, const Tensor&);
template void to_rgb8_plain<double>(Context&, const Tensor&, const Tensor&);

}  // namespace diorama

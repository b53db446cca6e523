// Channel norm with activation, channel affine, 8-bit pixels and the residual resampling with SIMD and
// threads.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/codec/codec_cpu.cpp"
#include <hwy/foreach_target.h>

#include <cmath>

#include "kernels/codec/codec_cpu.h"
#include "kernels/common/convert.h"
#include "kernels/common/floats.h"
#include "kernels/common/simd-inl.h"
#include "kernels/common/strided.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {
namespace {

template <dio_activation_kind kKind>
HWY_INLINE void channel_norm_row(const float* x, int64_t n, const float* gamma, const float* bias,
                                 float* out) {
  const FloatTag d;
  const int64_t step = lanes();
  FloatVector s0 = hn::Zero(d), s1 = s0;
  int64_t c = 0;
  for (; c + 2 * step <= n; c += 2 * step) {
    const FloatVector v0 = hn::LoadU(d, x + c), v1 = hn::LoadU(d, x + c + step);
    s0 = hn::MulAdd(v0, v0, s0);
    s1 = hn::MulAdd(v1, v1, s1);
  }
  for (; c < n; c += step) {
    const FloatVector v = c + step <= n ? hn::LoadU(d, x + c) : load_first(x + c, n - c);
    s0 = hn::MulAdd(v, v, s0);
  }
  const float length = std::sqrt(hn::GetLane(hn::SumOfLanes(d, hn::Add(s0, s1))));
  const FloatVector factor = splat(std::sqrt(static_cast<float>(n)) / (length < 1e-12f ? 1e-12f : length));
  for (c = 0; c + step <= n; c += step) {
    FloatVector v = hn::Mul(hn::Mul(hn::LoadU(d, x + c), factor), hn::LoadU(d, gamma + c));
    if (bias) v = hn::Add(v, hn::LoadU(d, bias + c));
    hn::StoreU(activate<kKind>(v), d, out + c);
  }
  if (c < n) {
    FloatVector v = hn::Mul(hn::Mul(load_first(x + c, n - c), factor), load_first(gamma + c, n - c));
    if (bias) v = hn::Add(v, load_first(bias + c, n - c));
    store_first(activate<kKind>(v), out + c, n - c);
  }
}

// `rows` pixels of n channels, dense. buffer: n floats.
void ChannelNorm(const char* x, int32_t x_dtype, int64_t rows, int64_t n, const float* gamma,
                 const float* bias, dio_activation_kind kind, char* out, int32_t out_dtype, float* buffer) {
  with_activation(kind, [&](auto chosen) HWY_ATTR {
    for (int64_t m = 0; m < rows; ++m) {
      const char* from = x + m * n * element_size(x_dtype);
      char* to = out + m * n * element_size(out_dtype);
      const float* row = reinterpret_cast<const float*>(from);
      if (x_dtype != DIO_F32) {
        widen(from, x_dtype, 1, n, buffer);
        row = buffer;
      }
      float* result = out_dtype == DIO_F32 ? reinterpret_cast<float*>(to) : buffer;
      channel_norm_row<decltype(chosen)::value>(row, n, gamma, bias, result);
      if (out_dtype != DIO_F32) narrow(buffer, n, to, out_dtype, 1);
    }
  });
}

// out[e] = clamp(x[e] * scale[e] + shift[e], low, high). NaN stays NaN. May be in place.
void Affine(const float* x, const float* scale, const float* shift, float low, float high, int64_t n,
            float* out) {
  const FloatTag d;
  const int64_t step = lanes();
  const FloatVector lowest = splat(low), highest = splat(high);
  const auto clamped = [&](FloatVector v) HWY_ATTR {
    v = hn::IfThenElse(hn::Lt(v, lowest), lowest, v);
    return hn::IfThenElse(hn::Gt(v, highest), highest, v);
  };
  int64_t e = 0;
  for (; e + step <= n; e += step) {
    hn::StoreU(clamped(hn::MulAdd(hn::LoadU(d, x + e), hn::LoadU(d, scale + e), hn::LoadU(d, shift + e))), d,
               out + e);
  }
  if (e < n) {
    const int64_t rest = n - e;
    const FloatVector v =
        hn::MulAdd(load_first(x + e, rest), load_first(scale + e, rest), load_first(shift + e, rest));
    store_first(clamped(v), out + e, rest);
  }
}

// out[e] = round(clamp(x[e], 0, 1) * 255). NaN gives 0.
void Rgb8(const float* x, int64_t n, uint8_t* out) {
  const FloatTag d;
  const hn::RebindToSigned<FloatTag> di;
  const hn::Rebind<uint8_t, FloatTag> bytes;
  const int64_t step = lanes();
  int64_t e = 0;
  for (; e + step <= n; e += step) {
    FloatVector v = hn::LoadU(d, x + e);
    v = hn::IfThenElseZero(hn::Gt(v, hn::Zero(d)), v);
    v = hn::IfThenElse(hn::Gt(v, splat(1.0f)), splat(1.0f), v);
    hn::StoreU(hn::DemoteTo(bytes, hn::ConvertTo(di, hn::Round(hn::Mul(v, splat(255.0f))))), bytes, out + e);
  }
  for (; e < n; ++e) {
    const float v = x[e] > 0 ? (x[e] > 1 ? 1.0f : x[e]) : 0.0f;
    out[e] = static_cast<uint8_t>(std::nearbyint(v * 255));
  }
}

// to[e] += from[e].
void AddRow(const float* from, int64_t n, float* to) {
  const FloatTag d;
  const int64_t step = lanes();
  int64_t e = 0;
  for (; e + step <= n; e += step)
    hn::StoreU(hn::Add(hn::LoadU(d, to + e), hn::LoadU(d, from + e)), d, to + e);
  for (; e < n; ++e) to[e] += from[e];
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace diorama {
namespace {

HWY_EXPORT(ChannelNorm);
HWY_EXPORT(Affine);
HWY_EXPORT(Rgb8);
HWY_EXPORT(AddRow);

constexpr int64_t kElementsPerThread = 16384;

}  // namespace

void channel_norm_cpu(Context& context, const Tensor& x, const Tensor& gamma, const Tensor* bias,
                      dio_activation_kind kind, const Tensor& out) {
  const int64_t channels = x.shape[x.rank - 1];
  const int64_t rows = channels > 0 ? element_count(x) / channels : 0;
  const FloatRows factor = float_rows(context, &gamma), offset = float_rows(context, bias);
  float* buffers = context.scratch_array<float>(static_cast<std::size_t>(context.threads() * channels));
  parallel_ranges(context.threads(), rows, kElementsPerThread / (channels + 1) + 1,
                  [&](int64_t begin, int64_t end, int thread) {
                    HWY_DYNAMIC_DISPATCH(ChannelNorm)
                    (data<char>(x) + begin * channels * element_size(x.dtype), x.dtype, end - begin, channels,
                     factor.data, offset.data, kind,
                     data<char>(out) + begin * channels * element_size(out.dtype), out.dtype,
                     buffers + thread * channels);
                  });
}

void channel_affine_cpu(Context& context, const Tensor& x, const Tensor& scale, const Tensor& shift,
                        float low, float high, const Tensor& out) {
  constexpr int64_t kPiece = 1024;
  const int64_t channels = out.shape[out.rank - 1];
  const FloatRows scales = float_rows(context, &scale), shifts = float_rows(context, &shift);
  // Scale and shift written out for a whole number of pixels: a piece of a run of dense pixels needs no
  // other.
  const int64_t period = (kPiece + channels - 1) / channels * channels;
  float* factors = context.scratch_array<float>(static_cast<std::size_t>(2 * period));
  float* summands = factors + period;
  for (int64_t e = 0; e < period; ++e) {
    factors[e] = scales.data[scale.shape[0] > 1 ? e % channels : 0];
    summands[e] = shifts.data[shift.shape[0] > 1 ? e % channels : 0];
  }
  float* buffers = context.scratch_array<float>(static_cast<std::size_t>(3 * context.threads() * period));
  const auto run = [&](char* to, int64_t to_stride, const char* from, int64_t from_stride,
                       const float* factor, const float* summand, int64_t n, float* buffer) {
    const float* values = as_floats(from, x.dtype, from_stride, n, buffer);
    const bool in_place = out.dtype == DIO_F32 && to_stride == 1;
    float* result = in_place ? reinterpret_cast<float*>(to) : buffer;
    HWY_DYNAMIC_DISPATCH(Affine)(values, factor, summand, low, high, n, result);
    if (!in_place) narrow_floats(result, n, to, out.dtype, to_stride);
  };
  const int64_t to_size = element_size(out.dtype), from_size = element_size(x.dtype);
  const auto dense = make_walk<2>({&out, &x});
  const int last = dense.rank - 1;
  if (out.strides[out.rank - 1] == 1 && dense.strides[0][last] == 1 && dense.shape[last] % channels == 0) {
    const int64_t from_stride = dense.strides[1][last];
    for_each_run(context.threads(), dense, period, [&](const int64_t* offsets, int64_t n, int thread) {
      run(data<char>(out) + offsets[0] * to_size, 1, data<char>(x) + offsets[1] * from_size, from_stride,
          factors, summands, n, buffers + 3 * thread * period);
    });
    return;
  }
  Tensor factor = out, summand = out;  // scale and shift in the shape of out
  factor.data = factors;
  summand.data = summands;
  for (int axis = 0; axis < out.rank; ++axis)
    factor.strides[axis] = summand.strides[axis] = axis == out.rank - 1;
  const auto walk = make_walk<4>({&out, &x, &factor, &summand});
  const int64_t* strides[4];
  for (int n = 0; n < 4; ++n) strides[n] = walk.strides[n] + walk.rank - 1;
  for_each_run(context.threads(), walk, kPiece, [&](const int64_t* offsets, int64_t n, int thread) {
    float* buffer = buffers + 3 * thread * period;
    run(data<char>(out) + offsets[0] * to_size, *strides[0], data<char>(x) + offsets[1] * from_size,
        *strides[1], as_floats(factors + offsets[2], DIO_F32, *strides[2], n, buffer + period),
        as_floats(summands + offsets[3], DIO_F32, *strides[3], n, buffer + 2 * period), n, buffer);
  });
}

void to_rgb8_cpu(Context& context, const Tensor& x, const Tensor& out) {
  constexpr int64_t kPiece = 2048;
  const auto walk = make_walk<2>({&out, &x});
  const int last = walk.rank - 1;
  const int64_t to_stride = walk.strides[0][last];
  for_each_run(context.threads(), walk, kPiece, [&](const int64_t* offsets, int64_t n, int) {
    alignas(64) float buffer[kPiece];
    alignas(64) uint8_t bytes[kPiece];
    uint8_t* to = data<uint8_t>(out) + offsets[0];
    const float* from = as_floats(data<char>(x) + offsets[1] * element_size(x.dtype), x.dtype,
                                  walk.strides[1][last], n, buffer);
    HWY_DYNAMIC_DISPATCH(Rgb8)(from, n, to_stride == 1 ? to : bytes);
    for (int64_t e = 0; to_stride != 1 && e < n; ++e) to[e * to_stride] = bytes[e];
  });
}

// Every value of x belongs to one average: the values of a pixel's block are added into `sums`, one row of
// channels for each average within a channel, or averages of several whole channels.
void avg_down_cpu(Context& context, const Tensor& x, int factor_t, int factor_s, const Tensor& out) {
  const int64_t frames = x.shape[1], height = x.shape[2], width = x.shape[3], channels = x.shape[4];
  const int64_t made = out.shape[4], block = int64_t{factor_t} * factor_s * factor_s;
  const int64_t group = channels * block / made;
  const int64_t missing = out.shape[1] * factor_t - frames;
  const int64_t pixels = element_count(out) / std::max<int64_t>(made, 1);
  const int64_t scratch = channels * block + channels + made;
  float* buffers = context.scratch_array<float>(static_cast<std::size_t>(context.threads() * scratch));
  const float factor = 1.0f / static_cast<float>(group);
  parallel_ranges(context.threads(), pixels, kElementsPerThread / (channels * block + 1) + 1,
                  [&](int64_t begin, int64_t end, int thread) {
                    float* values = buffers + thread * scratch;  // [channel, t, y, x]
                    float* row = values + channels * block;
                    float* averages = row + channels;
                    for (int64_t pixel = begin; pixel < end; ++pixel) {
                      const int64_t ox = pixel % out.shape[3], oy = pixel / out.shape[3] % out.shape[2];
                      const int64_t ot = pixel / (out.shape[3] * out.shape[2]) % out.shape[1];
                      const int64_t b = pixel / (out.shape[3] * out.shape[2] * out.shape[1]);
                      for (int64_t place = 0; place < block; ++place) {
                        const int64_t t = ot * factor_t + place / (factor_s * factor_s) - missing;
                        const int64_t y = oy * factor_s + place / factor_s % factor_s,
                                      z = ox * factor_s + place % factor_s;
                        if (t < 0) {
                          for (int64_t c = 0; c < channels; ++c) values[c * block + place] = 0;
                          continue;
                        }
                        const int64_t from = (((b * frames + t) * height + y) * width + z) * channels;
                        const float* input = as_floats(data<char>(x) + from * element_size(x.dtype), x.dtype,
                                                       1, channels, row);
                        for (int64_t c = 0; c < channels; ++c) values[c * block + place] = input[c];
                      }
                      for (int64_t c = 0; c < made; ++c) {
                        float sum = 0;
                        for (int64_t j = 0; j < group; ++j) sum += values[c * group + j];
                        averages[c] = sum * factor;
                      }
                      narrow_floats(averages, made, data<char>(out) + pixel * made * element_size(out.dtype),
                                    out.dtype, 1);
                    }
                  });
}

void dup_up_cpu(Context& context, const Tensor& x, int factor_t, int factor_s, int skip_frames,
                const Tensor& out) {
  const int64_t frames = x.shape[1], height = x.shape[2], width = x.shape[3], channels = x.shape[4];
  const int64_t made = out.shape[4], block = int64_t{factor_t} * factor_s * factor_s;
  const int64_t repeats = made * block / channels;
  const int64_t pixels = element_count(out) / std::max<int64_t>(made, 1);
  const int64_t scratch = channels + 2 * made;
  float* buffers = context.scratch_array<float>(static_cast<std::size_t>(context.threads() * scratch));
  // The source channel of every output channel, for every place in a block.
  int32_t* sources = context.scratch_array<int32_t>(static_cast<std::size_t>(made * block));
  for (int64_t place = 0; place < block; ++place) {
    for (int64_t c = 0; c < made; ++c)
      sources[place * made + c] = static_cast<int32_t>((c * block + place) / repeats);
  }
  parallel_ranges(
      context.threads(), pixels, kElementsPerThread / (made + 1) + 1,
      [&](int64_t begin, int64_t end, int thread) {
        float* row = buffers + thread * scratch;
        float* gathered = row + channels;
        float* sums = gathered + made;
        for (int64_t pixel = begin; pixel < end; ++pixel) {
          const int64_t ox = pixel % out.shape[3], oy = pixel / out.shape[3] % out.shape[2];
          const int64_t t = pixel / (out.shape[3] * out.shape[2]) % out.shape[1] + skip_frames;
          const int64_t b = pixel / (out.shape[3] * out.shape[2] * out.shape[1]);
          const int64_t from =
              (((b * frames + t / factor_t) * height + oy / factor_s) * width + ox / factor_s) * channels;
          const int64_t place = (t % factor_t * factor_s + oy % factor_s) * factor_s + ox % factor_s;
          const float* input =
              as_floats(data<char>(x) + from * element_size(x.dtype), x.dtype, 1, channels, row);
          if (repeats != block) {
            for (int64_t c = 0; c < made; ++c) gathered[c] = input[sources[place * made + c]];
            input = gathered;
          }
          char* to = data<char>(out) + pixel * made * element_size(out.dtype);
          if (out.dtype == DIO_F32) {
            HWY_DYNAMIC_DISPATCH(AddRow)(input, made, reinterpret_cast<float*>(to));
          } else {
            widen_floats(to, out.dtype, 1, made, sums);
            HWY_DYNAMIC_DISPATCH(AddRow)(input, made, sums);
            narrow_floats(sums, made, to, out.dtype, 1);
          }
        }
      });
}

}  // namespace diorama
#endif

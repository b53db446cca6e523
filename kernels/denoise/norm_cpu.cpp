// Layer norm, RMS norm, q/k norm with rotary embedding and the gated residual with SIMD and threads. A row is
// read from memory once: it stays in the first-level cache between the passes over it.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/denoise/norm_cpu.cpp"
#include <hwy/foreach_target.h>

#include <hwy/cache_control.h>

#include <cmath>

#include "kernels/common/simd-inl.h"
#include "kernels/common/parallel.h"
#include "kernels/denoise/norm.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {
namespace {

HWY_INLINE float row_sum(const float* x, int64_t n) {
  const FloatTag d;
  const int64_t step = lanes();
  FloatVector s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
  int64_t c = 0;
  for (; c + 4 * step <= n; c += 4 * step) {
    s0 = hn::Add(s0, hn::LoadU(d, x + c));
    s1 = hn::Add(s1, hn::LoadU(d, x + c + step));
    s2 = hn::Add(s2, hn::LoadU(d, x + c + 2 * step));
    s3 = hn::Add(s3, hn::LoadU(d, x + c + 3 * step));
  }
  for (; c + step <= n; c += step) s0 = hn::Add(s0, hn::LoadU(d, x + c));
  if (c < n) s1 = hn::Add(s1, load_first(x + c, n - c));
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3))));
}

// The sum of (x - mean)^2. Where this is not the first pass over the row, memory is idle: the next row is
// called for meanwhile.
template <bool kPrefetch>
HWY_INLINE float row_squares(const float* x, int64_t n, float mean) {
  constexpr int64_t kLine = 16;  // floats
  const FloatTag d;
  const int64_t step = lanes();
  const FloatVector middle = splat(mean);
  FloatVector s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
  int64_t c = 0;
  for (; c + 4 * step <= n; c += 4 * step) {
    for (int64_t line = 0; kPrefetch && line < 4 * step; line += kLine) hwy::Prefetch(x + n + c + line);
    const FloatVector v0 = hn::Sub(hn::LoadU(d, x + c), middle);
    const FloatVector v1 = hn::Sub(hn::LoadU(d, x + c + step), middle);
    const FloatVector v2 = hn::Sub(hn::LoadU(d, x + c + 2 * step), middle);
    const FloatVector v3 = hn::Sub(hn::LoadU(d, x + c + 3 * step), middle);
    s0 = hn::MulAdd(v0, v0, s0);
    s1 = hn::MulAdd(v1, v1, s1);
    s2 = hn::MulAdd(v2, v2, s2);
    s3 = hn::MulAdd(v3, v3, s3);
  }
  for (; c + step <= n; c += step) {
    const FloatVector v = hn::Sub(hn::LoadU(d, x + c), middle);
    s0 = hn::MulAdd(v, v, s0);
  }
  float sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3))));
  for (; c < n; ++c) sum += (x[c] - mean) * (x[c] - mean);
  return sum;
}

// What is applied to the normalised row, each part where it is present.
struct Parameters {
  const float *weight, *bias, *scale, *shift;

  HWY_INLINE FloatVector apply(FloatVector v, int64_t c) const {
    const FloatTag d;
    if (weight) v = hn::Mul(v, hn::LoadU(d, weight + c));
    if (bias) v = hn::Add(v, hn::LoadU(d, bias + c));
    if (scale) v = hn::MulAdd(v, hn::LoadU(d, scale + c), v);
    if (shift) v = hn::Add(v, hn::LoadU(d, shift + c));
    return v;
  }
  HWY_INLINE FloatVector apply_first(FloatVector v, int64_t c, int64_t n) const {
    if (weight) v = hn::Mul(v, load_first(weight + c, n));
    if (bias) v = hn::Add(v, load_first(bias + c, n));
    if (scale) v = hn::MulAdd(v, load_first(scale + c, n), v);
    if (shift) v = hn::Add(v, load_first(shift + c, n));
    return v;
  }
};

template <bool kStream>
HWY_INLINE void normalize_row(const float* x, int64_t n, float mean, float inverse,
                              const Parameters& parameters, float* out) {
  const FloatTag d;
  const int64_t step = lanes();
  const FloatVector middle = splat(mean), factor = splat(inverse);
  int64_t c = 0;
  for (; c + step <= n; c += step) {
    const FloatVector v = parameters.apply(hn::Mul(hn::Sub(hn::LoadU(d, x + c), middle), factor), c);
    if constexpr (kStream) {
      hn::Stream(v, d, out + c);
    } else {
      hn::StoreU(v, d, out + c);
    }
  }
  if (c < n) {
    const FloatVector v = hn::Mul(hn::Sub(load_first(x + c, n - c), middle), factor);
    store_first(parameters.apply_first(v, c, n - c), out + c, n - c);
  }
}

void NormRows(const NormArguments& a, int64_t begin, int64_t end, float* buffer) {
  const int64_t n = a.channels;
  for (int64_t m = begin; m < end; ++m) {
    const float* x = reinterpret_cast<const float*>(a.x.row(m));
    if (!a.x.plain()) {
      widen(a.x.row(m), a.x.dtype, 1, n, buffer);
      x = buffer;
    }
    float* out = a.out.plain() ? reinterpret_cast<float*>(a.out.row(m)) : buffer;
    const float mean = a.centred ? row_sum(x, n) / static_cast<float>(n) : 0.0f;
    const float variance =
        (a.centred ? row_squares<true>(x, n, mean) : row_squares<false>(x, n, mean)) / static_cast<float>(n);
    const int64_t group = a.scale.data || a.shift.data ? a.group(m) : 0;
    const Parameters parameters = {a.weight.data, a.bias.data, a.scale.row(group), a.shift.row(group)};
    const float inverse = 1.0f / std::sqrt(variance + a.eps);
    if (a.stream) {
      normalize_row<true>(x, n, mean, inverse, parameters, out);
    } else {
      normalize_row<false>(x, n, mean, inverse, parameters, out);
    }
    if (!a.out.plain()) narrow(buffer, n, a.out.row(m), a.out.dtype, 1);
  }
  if (a.stream) hwy::FlushStream();
}

// One head: v * factor * weight, then (a, b) -> (a cos - b sin, a sin + b cos) on pairs. rotation holds, for
// every element, its pair's cosine, and then size further on the sine with the sign that the element's
// partner takes.
template <bool kStream>
HWY_INLINE void rotate_head(const float* x, int64_t size, float factor, const float* weight,
                            const float* rotation, float* out) {
  int64_t c = 0;
#if HWY_TARGET != HWY_SCALAR
  const FloatTag d;
  const int64_t step = lanes();
  const FloatVector scale = splat(factor);
  for (; c + step <= size; c += step) {
    FloatVector v = hn::Mul(hn::LoadU(d, x + c), scale);
    if (weight) v = hn::Mul(v, hn::LoadU(d, weight + c));
    if (rotation) {
      const FloatVector partner = hn::Shuffle2301(v);
      v = hn::MulAdd(v, hn::LoadU(d, rotation + c), hn::Mul(partner, hn::LoadU(d, rotation + size + c)));
    }
    if constexpr (kStream) {
      hn::Stream(v, d, out + c);
    } else {
      hn::StoreU(v, d, out + c);
    }
  }
#endif
  for (; c + 2 <= size; c += 2) {
    float a = x[c] * factor, b = x[c + 1] * factor;
    if (weight) a *= weight[c], b *= weight[c + 1];
    out[c] = rotation ? a * rotation[c] + b * rotation[size + c] : a;
    out[c + 1] = rotation ? b * rotation[c + 1] + a * rotation[size + c + 1] : b;
  }
  if (c < size) out[c] = x[c] * factor * (weight ? weight[c] : 1.0f);
}

void QkRows(const QkArguments& a, int64_t begin, int64_t end, float* buffer) {
  const int64_t tokens = a.x.shape[1], heads = a.x.shape[2], size = a.x.shape[3];
  const int64_t channels = heads * size;
  const bool read_in_place = a.x.dtype == DIO_F32;
  const bool write_in_place = a.out.dtype == DIO_F32;
  float* rotation = a.cosine.data ? buffer + channels : nullptr;
  for (int64_t m = begin; m < end; ++m) {
    const int64_t b = m / tokens, s = m % tokens;
    const int64_t x_offset = b * a.x.strides[0] + s * a.x.strides[1];
    const int64_t out_offset = b * a.out.strides[0] + s * a.out.strides[1];
    const float* x = data<float>(a.x) + x_offset;
    int64_t x_head = a.x.strides[2];
    if (!read_in_place) {
      for (int64_t h = 0; h < heads; ++h) {
        const char* head = data<char>(a.x) + (x_offset + h * a.x.strides[2]) * element_size(a.x.dtype);
        widen(head, a.x.dtype, 1, size, buffer + h * size);
      }
      x = buffer;
      x_head = size;
    }
    float squares = 0;
    if (x_head == size) {
      squares = row_squares<false>(x, channels, 0);
    } else {
      for (int64_t h = 0; h < heads; ++h) squares += row_squares<false>(x + h * x_head, size, 0);
    }
    const float factor = 1.0f / std::sqrt(squares / static_cast<float>(channels) + a.eps);
    if (rotation) {
      const float* cosine = a.cosine.row(s);
      const float* sine = a.sine.row(s);
      for (int64_t i = 0; i < size / 2; ++i) {
        rotation[2 * i] = rotation[2 * i + 1] = cosine[i];
        rotation[size + 2 * i] = -sine[i];
        rotation[size + 2 * i + 1] = sine[i];
      }
    }
    for (int64_t h = 0; h < heads; ++h) {
      const float* weight = a.weight.data ? a.weight.data + h * size : nullptr;
      const int64_t to = out_offset + h * a.out.strides[2];
      float* out = write_in_place ? data<float>(a.out) + to : buffer + h * size;
      if (a.stream) {
        rotate_head<true>(x + h * x_head, size, factor, weight, rotation, out);
      } else {
        rotate_head<false>(x + h * x_head, size, factor, weight, rotation, out);
      }
      if (!write_in_place) {
        narrow(out, size, data<char>(a.out) + to * element_size(a.out.dtype), a.out.dtype, 1);
      }
    }
  }
  if (a.stream) hwy::FlushStream();
}

void GatedRows(const GatedArguments& a, int64_t begin, int64_t end, float* buffer) {
  const FloatTag d;
  const int64_t step = lanes(), n = a.channels;
  for (int64_t m = begin; m < end; ++m) {
    const float* x = reinterpret_cast<const float*>(a.x.row(m));
    const float* residual = reinterpret_cast<const float*>(a.residual.row(m));
    if (!a.x.plain()) {
      widen(a.x.row(m), a.x.dtype, 1, n, buffer);
      x = buffer;
    }
    if (!a.residual.plain()) {
      widen(a.residual.row(m), a.residual.dtype, 1, n, buffer + n);
      residual = buffer + n;
    }
    float* out = a.out.plain() ? reinterpret_cast<float*>(a.out.row(m)) : buffer;
    const float* gate = a.gate.row(a.group(m));
    int64_t c = 0;
    for (; c + step <= n; c += step) {
      const FloatVector v = hn::LoadU(d, x + c);
      hn::StoreU(hn::MulAdd(hn::LoadU(d, gate + c), v, hn::LoadU(d, residual + c)), d, out + c);
    }
    for (; c < n; ++c) out[c] = residual[c] + gate[c] * x[c];
    if (!a.out.plain()) narrow(buffer, n, a.out.row(m), a.out.dtype, 1);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace diorama {
namespace {

HWY_EXPORT(NormRows);
HWY_EXPORT(QkRows);
HWY_EXPORT(GatedRows);

// A thread should have this many elements at least: less is done sooner than a thread wakes.
constexpr int64_t kElementsPerThread = 16384;

// Writing past the caches saves reading the lines that are overwritten. It pays where the output is larger
// than the caches anyway, every vector of it is aligned, and nothing of it lies in a cache already (as it
// does in place).
bool streams(const void* x, const Tensor& out, int64_t row_length, int64_t row_stride) {
  constexpr int64_t kBytes = int64_t{16} << 20;
  constexpr int64_t kVector = 64;
  return out.dtype == DIO_F32 && out.data != x && element_count(out) * 4 >= kBytes &&
         reinterpret_cast<uintptr_t>(out.data) % kVector == 0 && row_length * 4 % kVector == 0 &&
         row_stride * 4 % kVector == 0;
}

void norm(Context& context, bool centred, const Tensor& x, const Tensor* weight, const Tensor* bias,
          const Tensor* scale, const Tensor* shift, const Tensor* index, float eps, const Tensor& out) {
  const int64_t rows = x.shape[0], channels = x.shape[1];
  const NormArguments arguments = {RowLayout(x),
                                   RowLayout(out),
                                   channels,
                                   centred,
                                   eps,
                                   float_rows(context, weight),
                                   float_rows(context, bias),
                                   float_rows(context, scale),
                                   float_rows(context, shift),
                                   row_groups(scale ? scale : shift, index, rows),
                                   streams(x.data, out, channels, out.strides[0])};
  float* buffers = context.scratch_array<float>(static_cast<std::size_t>(context.threads() * channels));
  parallel_ranges(context.threads(), rows, kElementsPerThread / (channels + 1) + 1,
                  [&](int64_t begin, int64_t end, int thread) {
                    HWY_DYNAMIC_DISPATCH(NormRows)(arguments, begin, end, buffers + thread * channels);
                  });
}

}  // namespace

void layer_norm_cpu(Context& context, const Tensor& x, const Tensor* weight, const Tensor* bias,
                    const Tensor* scale, const Tensor* shift, const Tensor* index, float eps,
                    const Tensor& out) {
  norm(context, true, x, weight, bias, scale, shift, index, eps, out);
}

void rms_norm_cpu(Context& context, const Tensor& x, const Tensor* weight, const Tensor* scale,
                  const Tensor* shift, const Tensor* index, float eps, const Tensor& out) {
  norm(context, false, x, weight, nullptr, scale, shift, index, eps, out);
}

void qk_norm_rope_cpu(Context& context, const Tensor& x, const Tensor* weight, float eps,
                      const Tensor* cosine, const Tensor* sine, const Tensor& out) {
  const int64_t rows = x.shape[0] * x.shape[1], size = x.shape[3], channels = x.shape[2] * size;
  const bool dense_heads = out.strides[0] % 16 == 0 && out.strides[1] % 16 == 0;
  const QkArguments arguments = {x,
                                 out,
                                 float_rows(context, weight),
                                 float_rows(context, cosine),
                                 float_rows(context, sine),
                                 eps,
                                 dense_heads && streams(x.data, out, size, out.strides[2])};
  const int64_t buffer = channels + 2 * size;
  float* buffers = context.scratch_array<float>(static_cast<std::size_t>(context.threads() * buffer));
  parallel_ranges(context.threads(), rows, kElementsPerThread / (channels + 1) + 1,
                  [&](int64_t begin, int64_t end, int thread) {
                    HWY_DYNAMIC_DISPATCH(QkRows)(arguments, begin, end, buffers + thread * buffer);
                  });
}

void gated_residual_cpu(Context& context, const Tensor& x, const Tensor& residual, const Tensor& gate,
                        const Tensor* index, const Tensor& out) {
  const int64_t rows = x.shape[0], channels = x.shape[1];
  const GatedArguments arguments = {RowLayout(x), RowLayout(residual),        RowLayout(out),
                                    channels,     float_rows(context, &gate), row_groups(&gate, index, rows)};
  float* buffers = context.scratch_array<float>(static_cast<std::size_t>(context.threads() * 2 * channels));
  parallel_ranges(context.threads(), rows, kElementsPerThread / (channels + 1) + 1,
                  [&](int64_t begin, int64_t end, int thread) {
                    HWY_DYNAMIC_DISPATCH(GatedRows)(arguments, begin, end, buffers + thread * 2 * channels);
                  });
}

}  // namespace diorama
#endif

// Layer norm, RMS norm and q/k norm with rotary embedding with SIMD and threads. A row is read from memory
// once: it stays in the first-level cache between the passes over it.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/denoise/norm_cpu.cpp"
#include <hwy/foreach_target.h>

#include <cmath>

#include "kernels/common/parallel.h"
#include "kernels/denoise/norm-inl.h"
#include "kernels/denoise/norm.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {
namespace {

void NormRows(const NormArguments& a, int64_t begin, int64_t end, float* buffer) {
  const int64_t n = a.channels;
  for (int64_t m = begin; m < end; ++m) {
    const float* x = reinterpret_cast<const float*>(a.x.row(m));
    if (!a.x.plain()) {
      widen(a.x.row(m), a.x.dtype, 1, n, buffer);
      x = buffer;
    }
    float* out = a.out.plain() ? reinterpret_cast<float*>(a.out.row(m)) : buffer;
    const int64_t group = a.scale.data || a.shift.data ? a.group(m) : 0;
    const NormParameters parameters = {a.weight.data, a.bias.data, a.scale.row(group), a.shift.row(group)};
    norm_row(a.centred, a.eps, x, n, parameters, a.stream, out);
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

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace diorama {
namespace {

HWY_EXPORT(NormRows);
HWY_EXPORT(QkRows);

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

}  // namespace diorama
#endif

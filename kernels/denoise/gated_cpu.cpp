// The gated residual, alone and with the layer norm that follows it, with SIMD and threads.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/denoise/gated_cpu.cpp"
#include <hwy/foreach_target.h>

#include "kernels/common/parallel.h"
#include "kernels/denoise/norm-inl.h"
#include "kernels/denoise/norm.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {
namespace {

// out = residual + gate * x; without a gate, residual + x. out may be one of the inputs.
HWY_INLINE void gated_row(const float* x, const float* residual, const float* gate, int64_t n, float* out) {
  const FloatTag d;
  const int64_t step = lanes();
  int64_t c = 0;
  for (; c + step <= n; c += step) {
    const FloatVector v = hn::LoadU(d, x + c), kept = hn::LoadU(d, residual + c);
    hn::StoreU(gate ? hn::MulAdd(hn::LoadU(d, gate + c), v, kept) : hn::Add(kept, v), d, out + c);
  }
  for (; c < n; ++c) out[c] = residual[c] + (gate ? gate[c] * x[c] : x[c]);
}

// The row as floats: where it lies, or in the buffer.
HWY_INLINE const float* floats_of(const RowLayout& rows, int64_t m, int64_t n, float* buffer) {
  if (rows.plain()) return reinterpret_cast<const float*>(rows.row(m));
  widen(rows.row(m), rows.dtype, 1, n, buffer);
  return buffer;
}

void GatedRows(const GatedArguments& a, int64_t begin, int64_t end, float* buffer) {
  const int64_t n = a.channels;
  for (int64_t m = begin; m < end; ++m) {
    const float* x = floats_of(a.x, m, n, buffer);
    const float* residual = floats_of(a.residual, m, n, buffer + n);
    float* out = a.out.plain() ? reinterpret_cast<float*>(a.out.row(m)) : buffer;
    gated_row(x, residual, a.gate.row(a.group(m)), n, out);
    if (!a.out.plain()) narrow(buffer, n, a.out.row(m), a.out.dtype, 1);
  }
}

// The sum lies in the first-level cache when it is normalised.
void GatedNormRows(const GatedNormArguments& a, int64_t begin, int64_t end, float* buffer) {
  const int64_t n = a.channels;
  const bool grouped = a.gate.data || a.scale.data || a.shift.data;
  for (int64_t m = begin; m < end; ++m) {
    const int64_t group = grouped ? a.group(m) : 0;
    const float* x = floats_of(a.x, m, n, buffer);
    const float* residual = floats_of(a.residual, m, n, buffer + n);
    float* sum = a.sum.plain() ? reinterpret_cast<float*>(a.sum.row(m)) : buffer;
    gated_row(x, residual, a.gate.row(group), n, sum);
    if (!a.sum.plain()) {  // what is normalised is what is kept
      narrow(sum, n, a.sum.row(m), a.sum.dtype, 1);
      widen(a.sum.row(m), a.sum.dtype, 1, n, sum);
    }
    float* out = a.out.plain() ? reinterpret_cast<float*>(a.out.row(m)) : buffer;
    const NormParameters parameters = {a.weight.data, a.bias.data, a.scale.row(group), a.shift.row(group)};
    norm_row(true, a.eps, sum, n, parameters, a.stream, out);
    if (!a.out.plain()) narrow(buffer, n, a.out.row(m), a.out.dtype, 1);
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

HWY_EXPORT(GatedRows);
HWY_EXPORT(GatedNormRows);

}  // namespace

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

void gated_residual_norm_cpu(Context& context, const Tensor& x, const Tensor& residual, const Tensor* gate,
                             const Tensor* weight, const Tensor* bias, const Tensor* scale,
                             const Tensor* shift, const Tensor* index, float eps, const Tensor& sum,
                             const Tensor& out) {
  const int64_t rows = x.shape[0], channels = x.shape[1];
  const Tensor* groups = gate ? gate : scale ? scale : shift;
  const GatedNormArguments arguments = {RowLayout(x),
                                        RowLayout(residual),
                                        RowLayout(sum),
                                        RowLayout(out),
                                        channels,
                                        eps,
                                        float_rows(context, weight),
                                        float_rows(context, bias),
                                        float_rows(context, gate),
                                        float_rows(context, scale),
                                        float_rows(context, shift),
                                        row_groups(groups, index, rows),
                                        streams(x.data, out, channels, out.strides[0])};
  float* buffers = context.scratch_array<float>(static_cast<std::size_t>(context.threads() * 2 * channels));
  parallel_ranges(context.threads(), rows, kElementsPerThread / (channels + 1) + 1,
                  [&](int64_t begin, int64_t end, int thread) {
                    HWY_DYNAMIC_DISPATCH(GatedNormRows)
                    (arguments, begin, end, buffers + thread * 2 * channels);
                  });
}

}  // namespace diorama
#endif

// Layer norm, RMS norm, q/k norm with rotary embedding and the gated residual, alone and with the norm that
// follows, as plain loops.
#include <cmath>
#include <vector>

#include "denoise_reference.h"

namespace diorama {

template <typename Real>
void norm_plain(bool centred, const Tensor& x, const Tensor* weight, const Tensor* bias, const Tensor* scale,
                const Tensor* shift, const Tensor* index, float eps, const Tensor& out) {
  const int64_t rows = x.shape[0];
  const int64_t channels = x.shape[1];
  const Elements<Real> in(x), result(out);
  const RowGroups group = row_groups(scale ? scale : shift, index, rows);
  const auto modulation = [&](const Tensor* t, int64_t m, int64_t c) {
    return Elements<Real>(*t)[group(m) * t->strides[0] + c * t->strides[1]];
  };
  std::vector<Real> row(static_cast<std::size_t>(channels));
  for (int64_t m = 0; m < rows; ++m) {
    Real sum = 0;
    for (int64_t c = 0; c < channels; ++c) {
      row[c] = in[m * x.strides[0] + c * x.strides[1]];
      sum += row[c];
    }
    const Real mean = centred ? sum / static_cast<Real>(channels) : Real(0);
    Real squares = 0;
    for (const Real value : row) squares += (value - mean) * (value - mean);
    const Real inverse = 1 / std::sqrt(squares / static_cast<Real>(channels) + static_cast<Real>(eps));
    for (int64_t c = 0; c < channels; ++c) {
      Real value = (row[c] - mean) * inverse;
      if (weight) value *= Elements<Real>(*weight)[c * weight->strides[0]];
      if (bias) value += Elements<Real>(*bias)[c * bias->strides[0]];
      if (scale) value *= 1 + modulation(scale, m, c);
      if (shift) value += modulation(shift, m, c);
      result.set(m * out.strides[0] + c * out.strides[1], value);
    }
  }
}

template <typename Real>
void qk_norm_rope_plain(Context&, const Tensor& x, const Tensor* weight, float eps, const Tensor* cosine,
                        const Tensor* sine, const Tensor& out) {
  const int64_t heads = x.shape[2];
  const int64_t size = x.shape[3];
  const int64_t channels = heads * size;
  const Elements<Real> in(x), result(out);
  std::vector<Real> row(static_cast<std::size_t>(channels));
  for (int64_t b = 0; b < x.shape[0]; ++b) {
    for (int64_t s = 0; s < x.shape[1]; ++s) {
      Real squares = 0;
      for (int64_t c = 0; c < channels; ++c) {
        row[c] = in[b * x.strides[0] + s * x.strides[1] + c / size * x.strides[2] + c % size * x.strides[3]];
        squares += row[c] * row[c];
      }
      const Real inverse = 1 / std::sqrt(squares / static_cast<Real>(channels) + static_cast<Real>(eps));
      for (int64_t c = 0; c < channels; ++c) {
        row[c] *= inverse;
        if (weight) row[c] *= Elements<Real>(*weight)[c * weight->strides[0]];
      }
      for (int64_t c = 0; cosine && c < channels; c += 2) {
        const int64_t pair = c % size / 2;
        const Real cos = Elements<Real>(*cosine)[s * cosine->strides[0] + pair * cosine->strides[1]];
        const Real sin = Elements<Real>(*sine)[s * sine->strides[0] + pair * sine->strides[1]];
        const Real first = row[c], second = row[c + 1];
        row[c] = first * cos - second * sin;
        row[c + 1] = first * sin + second * cos;
      }
      for (int64_t c = 0; c < channels; ++c) {
        result.set(
            b * out.strides[0] + s * out.strides[1] + c / size * out.strides[2] + c % size * out.strides[3],
            row[c]);
      }
    }
  }
}

template <typename Real>
void gated_residual_plain(Context&, const Tensor& x, const Tensor& residual, const Tensor& gate,
                          const Tensor* index, const Tensor& out) {
  const Elements<Real> in(x), kept(residual), factor(gate), result(out);
  const RowGroups group = row_groups(&gate, index, x.shape[0]);
  for (int64_t m = 0; m < x.shape[0]; ++m) {
    for (int64_t c = 0; c < x.shape[1]; ++c) {
      const Real gated =
          factor[group(m) * gate.strides[0] + c * gate.strides[1]] * in[m * x.strides[0] + c * x.strides[1]];
      result.set(m * out.strides[0] + c * out.strides[1],
                 kept[m * residual.strides[0] + c * residual.strides[1]] + gated);
    }
  }
}

template <typename Real>
void gated_residual_norm_plain(Context&, const Tensor& x, const Tensor& residual, const Tensor* gate,
                               const Tensor* weight, const Tensor* bias, const Tensor* scale,
                               const Tensor* shift, const Tensor* index, float eps, const Tensor& sum,
                               const Tensor& out) {
  const Elements<Real> in(x), kept(residual), result(sum);
  const RowGroups group = row_groups(gate, index, x.shape[0]);
  for (int64_t m = 0; m < x.shape[0]; ++m) {
    for (int64_t c = 0; c < x.shape[1]; ++c) {
      Real value = in[m * x.strides[0] + c * x.strides[1]];
      if (gate) value *= Elements<Real>(*gate)[group(m) * gate->strides[0] + c * gate->strides[1]];
      result.set(m * sum.strides[0] + c * sum.strides[1],
                 kept[m * residual.strides[0] + c * residual.strides[1]] + value);
    }
  }
  norm_plain<Real>(true, sum, weight, bias, scale, shift, index, eps, out);
}

template void norm_plain<float>(bool, const Tensor&, const Tensor*, const Tensor*, const Tensor*,
                                const Tensor*, const Tensor*, float, const Tensor&);
template void norm_plain<double>(bool, const Tensor&, const Tensor*, const Tensor*, const Tensor*,
                                 const Tensor*, const Tensor*, float, const Tensor&);
template void qk_norm_rope_plain<float>(Context&, const Tensor&, const Tensor*, float, const Tensor*,
                                        const Tensor*, const Tensor&);
template void qk_norm_rope_plain<double>(Context&, const Tensor&, const Tensor*, float, const Tensor*,
                                         const Tensor*, const Tensor&);
template void gated_residual_plain<float>(Context&, const Tensor&, const Tensor&, const Tensor&,
                                          const Tensor*, const Tensor&);
template void gated_residual_plain<double>(Context&, const Tensor&, const Tensor&, const Tensor&,
                                           const Tensor*, const Tensor&);
template void gated_residual_norm_plain<float>(Context&, const Tensor&, const Tensor&, const Tensor*,
                                               const Tensor*, const Tensor*, const Tensor*, const Tensor*,
                                               const Tensor*, float, const Tensor&, const Tensor&);
template void gated_residual_norm_plain<double>(Context&, const Tensor&, const Tensor&, const Tensor*,
                                                const Tensor*, const Tensor*, const Tensor*, const Tensor*,
                                                const Tensor*, float, const Tensor&, const Tensor&);

}  // namespace diorama

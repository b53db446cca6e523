// The formula as plain loops.
#include "linear.h"

#include "kernels/common/elements.h"
#include "register.h"

namespace diorama {

template <typename Real>
void linear_plain(Context&, const Tensor& x, const Tensor& w, const Tensor* bias, dio_activation_kind kind,
                  const Tensor* gate, const Tensor* index, const Tensor* residual, const Tensor& out) {
  const int64_t rows = out.shape[0], columns = out.shape[1], depth = x.shape[1];
  const Elements<Real> in(x), weight(w), result(out);
  const RowGroups group = row_groups(gate, index, rows);
  for (int64_t m = 0; m < rows; ++m) {
    for (int64_t n = 0; n < columns; ++n) {
      Real sum = 0;
      for (int64_t k = 0; k < depth; ++k) {
        sum += in[m * x.strides[0] + k * x.strides[1]] * weight[n * w.strides[0] + k * w.strides[1]];
      }
      if (bias) sum += Elements<Real>(*bias)[n * bias->strides[0]];
      Real value = activation(kind, sum);
      if (gate) value *= Elements<Real>(*gate)[group(m) * gate->strides[0] + n * gate->strides[1]];
      if (residual) value += Elements<Real>(*residual)[m * residual->strides[0] + n * residual->strides[1]];
      result.set(m * out.strides[0] + n * out.strides[1], value);
    }
  }
}

template void linear_plain<float>(Context&, const Tensor&, const Tensor&, const Tensor*, dio_activation_kind,
                                  const Tensor*, const Tensor*, const Tensor*, const Tensor&);
template void linear_plain<double>(Context&, const Tensor&, const Tensor&, const Tensor*, dio_activation_kind,
                                   const Tensor*, const Tensor*, const Tensor*, const Tensor&);

void add_linear_reference(Operations& operations) { operations.linear = linear_plain<double>; }
void add_linear_plain(Operations& operations) { operations.linear = linear_plain<float>; }

}  // namespace diorama

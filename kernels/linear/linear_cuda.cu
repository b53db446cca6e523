// Products on CUDA devices: which kernel for which dtypes, strides and sizes.
#include <algorithm>

#include "linear_cuda.h"
#include "product.h"

namespace diorama::cuda {
namespace {

constexpr int64_t kLeastSteps = 8;                    // of a part, so that its pipeline fills
constexpr int64_t kMostSplits = 32;                   // which the sum of the parts reads one after the other
constexpr int64_t kMostPartial = int64_t{16} << 20;   // floats

Operand operand(const Tensor& tensor) {
  Operand result;
  result.data = tensor.data;
  result.rows = tensor.shape[0];
  result.stride = tensor.strides[0];
  result.dtype = tensor.dtype;
  return result;
}

bool in_quads(const Tensor& tensor) {
  const auto bytes = static_cast<std::uintptr_t>(4 * element_size(tensor.dtype));
  return reinterpret_cast<std::uintptr_t>(tensor.data) % bytes == 0 &&
         (tensor.shape[0] == 1 || tensor.strides[0] % 4 == 0);
}

Epilogue epilogue(const Tensor* bias, dio_activation_kind activation, const Tensor* gate, const Tensor* index,
                  const Tensor* residual, const Tensor& out) {
  Epilogue e;
  e.rows = out.shape[0];
  e.columns = out.shape[1];
  e.bias = AnyFloats(bias);
  e.activation = activation;
  e.aligned = in_quads(out);
  if (gate) {
    e.gate = data<float>(*gate);
    e.gate_stride = gate->strides[0];
    e.groups = DeviceRowGroups(gate, index, e.rows);
    e.aligned = e.aligned && in_quads(*gate);
  }
  if (residual) {
    e.residual = residual->data;
    e.residual_stride = residual->strides[0];
    e.aligned = e.aligned && in_quads(*residual);
  }
  e.out = out.data;
  e.out_stride = out.strides[0];
  e.dtype = out.dtype;
  return e;
}

// Whether mma.sync can read the operands where they are.
bool suits_mma(const Product& product, bool allow_tf32) {
  const int64_t pack = 16 / element_size(product.x.dtype);
  return product.x.dtype == product.w.dtype && (product.x.dtype != DIO_F32 || allow_tf32) &&
         product.depth % pack == 0 && product.x.aligned(16) && product.w.aligned(16);
}

// Few rows keep the tensor cores idle whatever is done, but 16-bit operands reach the memory's rate with
// them; the general units need several times as long for each row.
bool prefers_few_rows(const Product& product, bool on_tensor_cores) {
  return can_multiply_few_rows(product) && (!on_tensor_cores || product.rows() <= kMostFewRows);
}

}  // namespace

void linear_cuda(Context& context, const Tensor& x, const Tensor& w, const Tensor* bias,
                 dio_activation_kind activation, const Tensor* gate, const Tensor* index,
                 const Tensor* residual, const Tensor& out) {
  const Product product = {operand(x), operand(w), x.shape[1],
                           epilogue(bias, activation, gate, index, residual, out)};
  const bool on_tensor_cores = suits_mma(product, context.allow_tf32());
  if (prefers_few_rows(product, on_tensor_cores)) {
    multiply_few_rows(context, product);
  } else if (on_tensor_cores) {
    multiply_sm80(context, product);
  } else {
    multiply_f32(context, product);
  }
}

Splits choose_splits(const Device& device, int64_t tiles, int64_t steps, int at_once, int64_t result_size) {
  const int64_t slots = static_cast<int64_t>(device.multiprocessors) * at_once;
  int64_t splits = std::min({slots / std::max<int64_t>(tiles, 1), steps / kLeastSteps, kMostSplits,
                             kMostPartial / std::max<int64_t>(result_size, 1)});
  splits = std::max<int64_t>(splits, 1);
  const int64_t each = (steps + splits - 1) / splits;
  return {(steps + each - 1) / each, each};
}

}  // namespace diorama::cuda

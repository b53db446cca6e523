// Products on CUDA devices: which kernel for which dtypes, strides and sizes.
#include "cublaslt.h"
#include "linear_cuda.h"
#include "product.h"

namespace diorama::cuda {
namespace {

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

// Operations below which a call of the library costs more than it saves; fewer rows are bound by the weights'
// bytes.
constexpr double kLeastOperations = 1e8;
constexpr int64_t kLeastRows = 65;

// What the library does after the product as it is defined here: bias and residual, or bias and GELU, whose
// form with tanh it computes to no more than 16 bits.
bool fuses(const Epilogue& e) {
  if (e.gate || (e.bias && (e.bias.dtype != e.dtype || reinterpret_cast<std::uintptr_t>(e.bias.data) % 16)))
    return false;
  if (e.activation == DIO_ACTIVATION_NONE) return true;
  return e.activation == DIO_ACTIVATION_GELU_TANH && e.dtype != DIO_F32 && !e.residual;
}

// Whether a product by the library, kept as floats, and a pass over them are faster than a product of ours
// with all in one. With `share` of the library's rate and a device that makes `ratio` operations in the time
// of a byte: 2 M N K + 8 M N ratio < 2 M N K / share.
bool pays_without_fusion(const Device& device, const Product& product, bool tf32) {
  const bool general = product.x.dtype == DIO_F32 && !tf32;
  // Shares are what other kernels of these kinds are known for, ratios by the data sheets.
  double share = 0.8;
  if (!general && device.is_hopper() && product.x.dtype != DIO_F32) share = 0.75;
  if (!general && (device.major == 10 || (device.is_hopper() && product.x.dtype == DIO_F32))) share = 0.4;
  const double ratio = general ? 20 : 290;
  return static_cast<double>(product.depth) * (1 - share) > 4 * ratio * share;
}

bool in_rows_of_16_bytes(const void* data, int64_t rows, int64_t stride, int32_t dtype) {
  Operand operand;
  operand.data = data;
  operand.rows = rows;
  operand.stride = stride;
  operand.dtype = dtype;
  return operand.aligned(16);
}

// False where the library is absent, not allowed, unsuitable or fails.
bool multiply_by_library(Context& context, const Product& product) {
  const Epilogue& e = product.epilogue;
  const bool tf32 = product.x.dtype == DIO_F32 && context.allow_tf32();
  if (!context.allow_cublas() || product.rows() < kLeastRows || product.operations() < kLeastOperations ||
      product.x.dtype != product.w.dtype || !product.x.aligned(16) || !product.w.aligned(16) ||
      (product.x.rows > 1 && product.x.stride < product.depth) ||
      (product.w.rows > 1 && product.w.stride < product.depth))
    return false;
  const bool fused = fuses(e) && (e.dtype == product.x.dtype || e.dtype == DIO_F32) &&
                     in_rows_of_16_bytes(e.out, e.rows, e.out_stride, e.dtype) &&
                     (!e.residual || (e.residual_stride >= e.columns &&
                                      in_rows_of_16_bytes(e.residual, e.rows, e.residual_stride, e.dtype)));
  CudaContext& device_context = on_cuda(context);
  if (!fused && (product.columns() % 4 != 0 || !pays_without_fusion(device_context.device(), product, tf32)))
    return false;
  CublasLt& library = device_context.part<CublasLt>();
  if (!library.available()) return false;
  CublasLtProduct call;
  call.rows = product.rows();
  call.columns = product.columns();
  call.depth = product.depth;
  call.x = product.x.data;
  call.w = product.w.data;
  call.x_stride = product.x.stride;
  call.w_stride = product.w.stride;
  call.dtype = product.x.dtype;
  call.tf32 = tf32;
  if (fused) {
    call.bias = e.bias.data;
    call.gelu = e.activation == DIO_ACTIVATION_GELU_TANH;
    call.c = e.residual;
    call.c_stride = e.residual_stride;
    call.out = e.out;
    call.out_stride = e.out_stride;
    call.out_dtype = e.dtype;
    return library.multiply(call);
  }
  const Epilogue sums = parts_of_k(context, product, 1);
  call.out = sums.out;
  call.out_stride = sums.out_stride;
  call.out_dtype = DIO_F32;
  if (!library.multiply(call)) return false;
  add_splits(context, static_cast<const float*>(sums.out), 1, e);
  return true;
}

}  // namespace

void linear_cuda(Context& context, const Tensor& x, const Tensor& w, const Tensor* bias,
                 dio_activation_kind activation, const Tensor* gate, const Tensor* index,
                 const Tensor* residual, const Tensor& out) {
  const Product product = {operand(x), operand(w), x.shape[1],
                           epilogue(bias, activation, gate, index, residual, out)};
  const bool on_tensor_cores = suits_mma(product, context.allow_tf32());
  if (multiply_by_library(context, product)) return;
  if (prefers_few_rows(product, on_tensor_cores)) {
    multiply_few_rows(context, product);
  } else if (can_multiply_sm90(on_cuda(context).device(), product)) {
    multiply_sm90(context, product);
  } else if (on_tensor_cores) {
    multiply_sm80(context, product);
  } else {
    multiply_f32(context, product);
  }
}

}  // namespace diorama::cuda

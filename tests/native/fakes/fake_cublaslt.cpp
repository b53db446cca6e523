// Stands in for libcublasLt.so where the backend simt looks for one: plain loops over memory that the test
// fetches for it. It refuses what the library's documentation does not allow. With FAKE_INCOMPLETE it lacks a
// function.
#include "fake_cublaslt.h"

#include <cmath>
#include <vector>

#include "kernels/common/elements.h"
#include "kernels/linear/cublaslt_api.h"

using namespace diorama::cuda::cublaslt;

namespace {

constexpr int kInvalidValue = 7;  // CUBLAS_STATUS_INVALID_VALUE

FakeCublasLt fake;

int dtype_of(int type) { return type == kR32F ? DIO_F32 : type == kR16F ? DIO_F16 : DIO_BF16; }

}  // namespace

namespace diorama::cuda::cublaslt {

struct HandleOfCublasLt {};
struct MatmulDescOfCublasLt {
  int compute_type, scale_type;
  int32_t trans_a = 0;
  uint32_t epilogue = kDefault;
  const void* bias = nullptr;
  int bias_type = -1;
};
struct MatrixLayoutOfCublasLt {
  int type;
  uint64_t rows, columns;
  int64_t stride;

  // Columns lie `stride` apart.
  std::vector<float> read(const void* from) const {
    const int dtype = dtype_of(type);
    const auto size = static_cast<std::size_t>(diorama::element_size(dtype));
    const auto count = static_cast<std::size_t>(stride) * (columns - 1) + rows;
    std::vector<unsigned char> bytes(count * size);
    fake.read(bytes.data(), from, bytes.size());
    std::vector<float> values(rows * columns);
    for (uint64_t c = 0; c < columns; ++c) {
      for (uint64_t r = 0; r < rows; ++r) {
        values[c * rows + r] = diorama::load_float(
            bytes.data(), dtype, static_cast<int64_t>(c) * stride + static_cast<int64_t>(r));
      }
    }
    return values;
  }
};
struct PreferenceOfCublasLt {
  uint32_t reduction_mask = 7, alignments = 0;
};

}  // namespace diorama::cuda::cublaslt

#define FAKE extern "C" __attribute__((visibility("default")))

FAKE FakeCublasLt* fake_cublaslt() { return &fake; }

FAKE std::size_t cublasLtGetVersion() { return fake.version; }

FAKE int cublasLtCreate(Handle* handle) {
  if (fake.create_status) return fake.create_status;
  *handle = new HandleOfCublasLt;
  ++fake.handles;
  return kSuccess;
}
FAKE int cublasLtDestroy(Handle handle) {
  delete handle;
  --fake.handles;
  return kSuccess;
}

FAKE int cublasLtMatmulDescCreate(MatmulDesc* desc, int compute_type, int scale_type) {
  *desc = new MatmulDescOfCublasLt{compute_type, scale_type};
  ++fake.objects;
  return kSuccess;
}
FAKE int cublasLtMatmulDescDestroy(MatmulDesc desc) {
  delete desc;
  --fake.objects;
  return kSuccess;
}
FAKE int cublasLtMatmulDescSetAttribute(MatmulDesc desc, int attribute, const void* value,
                                        std::size_t bytes) {
  if (attribute == kBiasPointer && bytes == 8)
    desc->bias = *static_cast<const void* const*>(value);
  else if (attribute == kTransA && bytes == 4)
    desc->trans_a = *static_cast<const int32_t*>(value);
  else if (attribute == kEpilogue && bytes == 4)
    desc->epilogue = *static_cast<const uint32_t*>(value);
  else if (attribute == kBiasDataType && bytes == 4)
    desc->bias_type = *static_cast<const int*>(value);
  else
    return kInvalidValue;
  return kSuccess;
}

FAKE int cublasLtMatrixLayoutCreate(MatrixLayout* layout, int type, uint64_t rows, uint64_t columns,
                                    int64_t stride) {
  if (stride < static_cast<int64_t>(rows)) return kInvalidValue;
  *layout = new MatrixLayoutOfCublasLt{type, rows, columns, stride};
  ++fake.objects;
  return kSuccess;
}
FAKE int cublasLtMatrixLayoutDestroy(MatrixLayout layout) {
  delete layout;
  --fake.objects;
  return kSuccess;
}

FAKE int cublasLtMatmulPreferenceCreate(Preference* preference) {
  *preference = new PreferenceOfCublasLt;
  ++fake.objects;
  return kSuccess;
}
FAKE int cublasLtMatmulPreferenceDestroy(Preference preference) {
  delete preference;
  --fake.objects;
  return kSuccess;
}
FAKE int cublasLtMatmulPreferenceSetAttribute(Preference preference, int attribute, const void* value,
                                              std::size_t bytes) {
  if (attribute == kMaxWorkspaceBytes) return bytes == 8 ? kSuccess : kInvalidValue;
  if (bytes != 4) return kInvalidValue;
  if (attribute == kReductionSchemeMask) preference->reduction_mask = *static_cast<const uint32_t*>(value);
  if (attribute >= kMinAlignmentA && attribute <= kMinAlignmentD) ++preference->alignments;
  return kSuccess;
}

FAKE int cublasLtMatmulAlgoGetHeuristic(Handle, MatmulDesc desc, MatrixLayout a, MatrixLayout b,
                                        MatrixLayout c, MatrixLayout d, Preference preference, int requested,
                                        HeuristicResult* result, int* found) {
  ++fake.heuristics;
  const bool agree = desc->trans_a == kTranspose && a->rows == b->rows && a->columns == d->rows &&
                     b->columns == d->columns && c->rows == d->rows && c->columns == d->columns &&
                     c->type == d->type && a->type == b->type;
  const bool has_bias = desc->epilogue == kBias || desc->epilogue == kGeluBias;
  if (!agree || requested < 1 || (desc->bias != nullptr) != has_bias ||
      (has_bias && desc->bias_type != d->type) || preference->alignments != 4 ||
      preference->reduction_mask != kReductionComputeType)
    return kInvalidValue;
  *found = fake.algorithms;
  if (fake.heuristic_status == 0 && fake.algorithms > 0) {
    *result = {};
    result->algorithm.data[0] = 4711;
    result->workspace_bytes = fake.workspace_bytes;
  }
  return fake.heuristic_status;
}

#ifndef FAKE_INCOMPLETE
FAKE int cublasLtMatmul(Handle, MatmulDesc desc, const void* alpha, const void* a, MatrixLayout a_layout,
                        const void* b, MatrixLayout b_layout, const void* beta, const void* c,
                        MatrixLayout c_layout, void* d, MatrixLayout d_layout, const Algorithm* algorithm,
                        void* workspace, std::size_t workspace_bytes, void*) {
  ++fake.products;
  fake.compute_type = desc->compute_type;
  fake.epilogue = desc->epilogue;
  fake.beta = *static_cast<const float*>(beta);
  fake.has_workspace = workspace != nullptr && workspace_bytes >= fake.workspace_bytes;
  if (fake.matmul_status) return fake.matmul_status;
  if (algorithm->data[0] != 4711 || *static_cast<const float*>(alpha) != 1) return kInvalidValue;
  const std::vector<float> w = a_layout->read(a), x = b_layout->read(b);
  const std::vector<float> added = fake.beta != 0 ? c_layout->read(c) : std::vector<float>();
  const uint64_t columns = d_layout->rows, rows = d_layout->columns, depth = a_layout->rows;
  const MatrixLayoutOfCublasLt bias_layout{d_layout->type, columns, 1, static_cast<int64_t>(columns)};
  const std::vector<float> bias =
      desc->bias ? bias_layout.read(desc->bias) : std::vector<float>(columns, 0.0f);
  const int dtype = dtype_of(d_layout->type);
  const int64_t size = diorama::element_size(dtype);
  std::vector<unsigned char> row(columns * static_cast<std::size_t>(size));
  for (uint64_t m = 0; m < rows; ++m) {
    for (uint64_t n = 0; n < columns; ++n) {
      float sum = 0;
      for (uint64_t k = 0; k < depth; ++k) sum += x[m * depth + k] * w[n * depth + k];
      if (fake.beta != 0) sum += fake.beta * added[m * columns + n];
      sum += bias[n];
      if (desc->epilogue & kGelu) sum = diorama::activation(DIO_ACTIVATION_GELU_TANH, sum);
      diorama::store_float(row.data(), dtype, static_cast<int64_t>(n), sum);
    }
    fake.write(static_cast<char*>(d) + static_cast<int64_t>(m) * d_layout->stride * size, row.data(),
               row.size());
  }
  return kSuccess;
}
#endif

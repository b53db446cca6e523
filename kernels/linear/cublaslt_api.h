#pragma once

// What this project uses of cuBLASLt, declared here so that neither its headers nor the library are needed to
// build. Names, values and layouts are those of NVIDIA's cuBLAS documentation, chapter "Using the cuBLASLt
// API" (https://docs.nvidia.com/cuda/cublas/), and the same in versions 12 and 13.

#include <cstddef>
#include <cstdint>

namespace diorama::cuda::cublaslt {

using Handle = struct HandleOfCublasLt*;
using MatmulDesc = struct MatmulDescOfCublasLt*;
using MatrixLayout = struct MatrixLayoutOfCublasLt*;
using Preference = struct PreferenceOfCublasLt*;

constexpr int kSuccess = 0;  // cublasStatus_t

// cudaDataType_t
enum DataType : int { kR32F = 0, kR16F = 2, kR16BF = 14 };

// cublasComputeType_t
enum ComputeType : int { kCompute32F = 68, kCompute32FFastTf32 = 77 };

// cublasLtMatmulDescAttributes_t
enum DescAttribute : int { kTransA = 3, kEpilogue = 7, kBiasPointer = 8, kBiasDataType = 26 };

constexpr int32_t kTranspose = 1;  // cublasOperation_t: CUBLAS_OP_T

// cublasLtEpilogue_t. GELU is the form with tanh, as PyTorch's _addmm_activation relies on.
enum EpilogueKind : uint32_t { kDefault = 1, kBias = 4, kGelu = 32, kGeluBias = 36 };

// cublasLtMatmulPreferenceAttributes_t
enum PreferenceAttribute : int {
  kMaxWorkspaceBytes = 1,
  kReductionSchemeMask = 3,
  kMinAlignmentA = 5,
  kMinAlignmentB = 6,
  kMinAlignmentC = 7,
  kMinAlignmentD = 8
};

// cublasLtReductionScheme_t: parts of K are added up in the compute type, in a fixed order; without INPLACE
// (1), which uses atomics, and OUTPUT_TYPE (4), which rounds each part.
constexpr uint32_t kReductionComputeType = 2;

struct Algorithm {
  uint64_t data[8];
};

// cublasLtMatmulHeuristicResult_t
struct HeuristicResult {
  Algorithm algorithm;
  std::size_t workspace_bytes;
  int state;
  float waves;
  int reserved[4];
};
static_assert(sizeof(HeuristicResult) == 96, "as the library writes it");

struct Functions {
  std::size_t (*get_version)() = nullptr;
  int (*create)(Handle*) = nullptr;
  int (*destroy)(Handle) = nullptr;
  int (*desc_create)(MatmulDesc*, int compute_type, int scale_type) = nullptr;
  int (*desc_destroy)(MatmulDesc) = nullptr;
  int (*desc_set)(MatmulDesc, int attribute, const void*, std::size_t) = nullptr;
  int (*layout_create)(MatrixLayout*, int type, uint64_t rows, uint64_t columns, int64_t stride) = nullptr;
  int (*layout_destroy)(MatrixLayout) = nullptr;
  int (*preference_create)(Preference*) = nullptr;
  int (*preference_destroy)(Preference) = nullptr;
  int (*preference_set)(Preference, int attribute, const void*, std::size_t) = nullptr;
  int (*get_heuristic)(Handle, MatmulDesc, MatrixLayout a, MatrixLayout b, MatrixLayout c, MatrixLayout d,
                       Preference, int requested, HeuristicResult*, int* returned) = nullptr;
  int (*matmul)(Handle, MatmulDesc, const void* alpha, const void* a, MatrixLayout, const void* b,
                MatrixLayout, const void* beta, const void* c, MatrixLayout, void* d, MatrixLayout,
                const Algorithm*, void* workspace, std::size_t workspace_bytes, void* stream) = nullptr;
};

}  // namespace diorama::cuda::cublaslt

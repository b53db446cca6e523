#pragma once

// Products by NVIDIA's library where it is installed: libcublasLt.so.13 or .12, opened at run time.

#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "cublaslt_api.h"
#include "cuda/cuda_context.h"

namespace diorama::cuda {

// out = beta c + x w^T + bias, or GELU (with tanh) of x w^T + bias. Pointers and rows in whole multiples of
// 16 bytes.
struct CublasLtProduct {
  int64_t rows = 0, columns = 0, depth = 0;  // M, N, K
  const void* x = nullptr;                   // [M, K]
  const void* w = nullptr;                   // [N, K], of x's dtype
  const void* bias = nullptr;                // [N] or null, of out's dtype
  const void* c = nullptr;                   // [M, N] or null, of out's dtype; may be out
  void* out = nullptr;                       // [M, N]
  int64_t x_stride = 0, w_stride = 0, c_stride = 0, out_stride = 0;
  int32_t dtype = DIO_F32, out_dtype = DIO_F32;
  bool gelu = false, tf32 = false;
};

// The library as one context uses it, with what it has found out about each shape. Never unloaded once found:
// it registers kernels with the driver.
class CublasLt final : public ContextPart {
 public:
  explicit CublasLt(CudaContext& context);
  CublasLt(const CublasLt&) = delete;
  CublasLt& operator=(const CublasLt&) = delete;
  ~CublasLt() override;

  bool available() const { return handle_ != nullptr; }
  // "cuBLASLt 13.0.2", or why there is none.
  const std::string& description() const { return description_; }

  // False where the library has no algorithm for it or refuses the call; out is then as it was.
  bool multiply(const CublasLtProduct& product);

 private:
  // What an algorithm depends on.
  using Key = std::tuple<int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int32_t, int32_t, int,
                         uint32_t>;
  struct Choice {
    bool usable = false;
    cublaslt::Algorithm algorithm = {};
    std::size_t workspace_bytes = 0;
  };
  class Call;

  bool open(const char* name);
  Choice choose(const Call& call, uint32_t alignment);

  CudaContext& context_;
  cublaslt::Functions api_;
  cublaslt::Handle handle_ = nullptr;
  std::string description_;
  std::map<Key, Choice> choices_;
};

}  // namespace diorama::cuda

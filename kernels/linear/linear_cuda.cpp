#include "kernels/linear/linear_cuda.h"

#include "kernels/linear/cublaslt.h"
#include "kernels/linear/register_cuda.h"

namespace diorama {

void add_linear_cuda(Operations& operations) { operations.linear = cuda::linear_cuda; }

std::string describe_linear_cuda(Context& context) {
  if (!context.allow_cublas()) return "products by own kernels: cuBLASLt is not allowed";
  const auto& library = cuda::on_cuda(context).part<cuda::CublasLt>();
  return "products by " + std::string(library.available() ? "" : "own kernels: ") + library.description();
}

}  // namespace diorama

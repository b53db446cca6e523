#pragma once

// Starting kernels on a context's stream.

#include "platform.cuh"

#include <tuple>

#include "cuda/cuda_context.h"

namespace diorama::cuda {

struct LaunchShape {
  dim3 grid;
  dim3 block;
  std::size_t shared_bytes = 0;
};

// ceil(count / size) as a grid's extent.
inline unsigned blocks_for(int64_t count, int64_t size) {
  return static_cast<unsigned>((count + size - 1) / size);
}

// kernel(arguments...) with each converted to the parameter's type. `name` is for messages. Throws Error;
// what goes wrong on the device itself comes out of a later call, as CUDA has it.
template <typename... Parameters, typename... Arguments>
void launch(Context& context, const char* name, void (*kernel)(Parameters...), const LaunchShape& shape,
            const Arguments&... arguments) {
  static_assert(sizeof...(Parameters) == sizeof...(Arguments),
                "as many arguments as the kernel has parameters");
  CudaContext& device = on_cuda(context);
#if defined(__CUDACC__)
  if (shape.shared_bytes > std::size_t{48} << 10) {
    check_cuda(cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel),
                                    cudaFuncAttributeMaxDynamicSharedMemorySize,
                                    static_cast<int>(shape.shared_bytes)),
               name);
  }
  std::tuple<std::remove_cv_t<Parameters>...> values(static_cast<std::remove_cv_t<Parameters>>(arguments)...);
  std::apply(
      [&](auto&... value) {
        void* pointers[] = {const_cast<void*>(static_cast<const void*>(&value))..., nullptr};
        check_cuda(cudaLaunchKernel(reinterpret_cast<const void*>(kernel), shape.grid, shape.block, pointers,
                                    shape.shared_bytes, device.cuda_stream()),
                   name);
      },
      values);
#else
  check_cuda(simt::launch_kernel(name, shape.grid, shape.block, shape.shared_bytes, device.cuda_stream(),
                                 [kernel, values = std::tuple<std::remove_cv_t<Parameters>...>(
                                              static_cast<std::remove_cv_t<Parameters>>(arguments)...)] {
                                   std::apply(kernel, values);
                                 }),
             name);
#endif
}

}  // namespace diorama::cuda

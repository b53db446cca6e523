#pragma once

// The two worlds in which a kernel's source is compiled: nvcc's, and a host compiler's with kernels/simt,
// whose folder `include` then stands in for the toolkit's headers. Kernels include this file first and keep
// to:
//  - shared memory by DIO_SHARED alone, a struct or array of the kernel's own;
//  - one-instruction wrappers (ptx.cuh) instead of assembly;
//  - `launch` (launch.h) instead of <<<>>>.

#include <cuda_runtime.h>

#include <type_traits>

#define DIO_DEVICE __device__ __forceinline__
#define DIO_HOST_DEVICE __host__ __device__ __forceinline__

#if defined(__CUDACC__)

// Whether device code is being compiled for this architecture or a later one.
#define DIO_ARCH_AT_LEAST(number) (defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= (number)*10)
// wgmma, setmaxnreg: sm_90a alone.
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
#define DIO_ARCH_HOPPER 1
#endif

// The block's dynamic shared memory as a T, aligned to 1024 bytes: DIO_SHARED(Tiles, tiles); tiles.q[0] = ...
// Its size is what LaunchShape::shared_bytes says.
#define DIO_SHARED(type, name)                                         \
  extern __shared__ __align__(1024) unsigned char dio_shared_memory[]; \
  std::type_identity_t<type>& name = *reinterpret_cast<std::type_identity_t<type>*>(dio_shared_memory)

#else

#define DIO_ARCH_AT_LEAST(number) 1
#define DIO_ARCH_HOPPER 1
#define DIO_SHARED(type, name)       \
  std::type_identity_t<type>& name = \
      *static_cast<std::type_identity_t<type>*>(::diorama::simt::shared_memory(sizeof(type)))

#endif

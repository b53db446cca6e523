#pragma once

// DIO_BOTH before a function: it may be called on the host and in a CUDA kernel. For mathematics that both
// need; what only kernels use takes kernels/cuda/platform.cuh.

#if defined(__CUDACC__)
#define DIO_BOTH __host__ __device__
#else
#define DIO_BOTH
#endif

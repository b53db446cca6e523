#pragma once

// The activations of diorama.h in float, by exact library functions: an activation is never what limits a
// kernel.

#include "diorama.h"
#include "platform.cuh"

namespace diorama::cuda {

template <dio_activation_kind kKind>
DIO_DEVICE float activate(float x) {
  if constexpr (kKind == DIO_ACTIVATION_GELU_TANH) {
    return x / (1.0f + expf(-1.59576912f * (x + 0.044715f * x * x * x)));  // (1 + tanh(u)) / 2
  } else if constexpr (kKind == DIO_ACTIVATION_GELU_ERF) {
    return 0.5f * x * (1.0f + erff(0.707106781f * x));
  } else if constexpr (kKind == DIO_ACTIVATION_SILU) {
    return x / (1.0f + expf(-x));
  } else if constexpr (kKind == DIO_ACTIVATION_QUICK_GELU) {
    return x / (1.0f + expf(-1.702f * x));
  } else {
    return x;
  }
}

// The same, chosen at run time: for kernels that wait for memory anyway.
DIO_DEVICE float activate(dio_activation_kind kind, float x) {
  switch (kind) {
    case DIO_ACTIVATION_GELU_TANH:
      return activate<DIO_ACTIVATION_GELU_TANH>(x);
    case DIO_ACTIVATION_GELU_ERF:
      return activate<DIO_ACTIVATION_GELU_ERF>(x);
    case DIO_ACTIVATION_SILU:
      return activate<DIO_ACTIVATION_SILU>(x);
    case DIO_ACTIVATION_QUICK_GELU:
      return activate<DIO_ACTIVATION_QUICK_GELU>(x);
    default:
      return x;
  }
}

}  // namespace diorama::cuda

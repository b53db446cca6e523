// What happens to a row of sums while it is hot: bias, activation, gate, residual, and the way out in any
// dtype. Compiled once for each SIMD target.
#if defined(DIORAMA_KERNELS_LINEAR_EPILOGUE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DIORAMA_KERNELS_LINEAR_EPILOGUE_INL_H_
#undef DIORAMA_KERNELS_LINEAR_EPILOGUE_INL_H_
#else
#define DIORAMA_KERNELS_LINEAR_EPILOGUE_INL_H_
#endif

#include <hwy/highway.h>

#include <cstring>

#include "kernels/common/simd-inl.h"
#include "kernels/linear/load-inl.h"
#include "tensor.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {
namespace product {

namespace hn = hwy::HWY_NAMESPACE;

struct Epilogue {
  const float* bias = nullptr;  // [N]
  dio_activation_kind activation = DIO_ACTIVATION_NONE;
  const float* gate = nullptr;  // [G, N]
  int64_t gate_stride = 0;
  RowGroups groups = {nullptr, 1};
  const void* residual = nullptr;  // [M, N], of out's dtype; may be out
  int64_t residual_stride = 0;
  void* out = nullptr;  // [M, N]
  int64_t out_stride = 0;
  int32_t dtype = DIO_F32;
};

HWY_INLINE void store_from_float(FloatVector v, float* to) { hn::StoreU(v, FloatTag(), to); }
HWY_INLINE void store_from_float(FloatVector v, hwy::bfloat16_t* to) {
  store_bf16(v, reinterpret_cast<uint16_t*>(to));
}
HWY_INLINE void store_from_float(FloatVector v, hwy::float16_t* to) {
  store_f16(v, reinterpret_cast<uint16_t*>(to));
}

template <dio_activation_kind kActivation, typename T>
HWY_INLINE void finish_vector(const float* sums, const float* bias, const float* gate, const T* residual,
                              T* out) {
  const FloatTag d;
  FloatVector v = hn::LoadU(d, sums);
  if (bias) v = hn::Add(v, hn::LoadU(d, bias));
  v = activate<kActivation>(v);
  if (gate && residual) {
    v = hn::MulAdd(v, hn::LoadU(d, gate), load_as_float(d, residual));
  } else if (gate) {
    v = hn::Mul(v, hn::LoadU(d, gate));
  } else if (residual) {
    v = hn::Add(v, load_as_float(d, residual));
  }
  store_from_float(v, out);
}

template <dio_activation_kind kActivation, typename T>
void finish_rows(const Epilogue& e, int64_t row, int64_t rows, int64_t column, int64_t columns,
                 const float* sums, int64_t stride) {
  const int64_t step = lanes();
  for (int64_t r = 0; r < rows; ++r, sums += stride) {
    const int64_t m = row + r;
    const float* bias = e.bias ? e.bias + column : nullptr;
    const float* gate = e.gate ? e.gate + e.groups(m) * e.gate_stride + column : nullptr;
    const T* residual =
        e.residual ? static_cast<const T*>(e.residual) + m * e.residual_stride + column : nullptr;
    T* out = static_cast<T*>(e.out) + m * e.out_stride + column;
    int64_t n = 0;
    for (; n + step <= columns; n += step) {
      finish_vector<kActivation>(sums + n, bias ? bias + n : nullptr, gate ? gate + n : nullptr,
                                 residual ? residual + n : nullptr, out + n);
    }
    const int64_t rest = columns - n;
    if (rest == 0) continue;
    float ends[3][hn::MaxLanes(FloatTag())] = {};
    T end[hn::MaxLanes(FloatTag())];
    const std::size_t floats = static_cast<std::size_t>(rest) * sizeof(float);
    const std::size_t bytes = static_cast<std::size_t>(rest) * sizeof(T);
    std::memcpy(ends[0], sums + n, floats);
    if (bias) std::memcpy(ends[1], bias + n, floats);
    if (gate) std::memcpy(ends[2], gate + n, floats);
    std::memset(static_cast<void*>(end), 0, sizeof(end));
    if (residual) std::memcpy(static_cast<void*>(end), residual + n, bytes);
    finish_vector<kActivation>(ends[0], bias ? ends[1] : nullptr, gate ? ends[2] : nullptr,
                               residual ? static_cast<const T*>(end) : nullptr, static_cast<T*>(end));
    std::memcpy(static_cast<void*>(out + n), end, bytes);
  }
}

using FinishRows = void (*)(const Epilogue&, int64_t row, int64_t rows, int64_t column, int64_t columns,
                            const float* sums, int64_t stride);

HWY_INLINE FinishRows finisher(const Epilogue& e) {
  FinishRows chosen = nullptr;
  with_activation(e.activation, [&](auto kind) HWY_ATTR {
    constexpr dio_activation_kind kKind = decltype(kind)::value;
    if (e.dtype == DIO_BF16) {
      chosen = finish_rows<kKind, hwy::bfloat16_t>;
    } else if (e.dtype == DIO_F16) {
      chosen = finish_rows<kKind, hwy::float16_t>;
    } else {
      chosen = finish_rows<kKind, float>;
    }
  });
  return chosen;
}

}  // namespace product
}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#endif

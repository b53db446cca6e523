#pragma once

// What follows a product on CUDA devices, shared by all products: bias, activation, gate, residual, rounding
// to out's dtype. A warp puts a piece of its sums into shared memory and finishes it row by row, four columns
// to a lane, so that neighbouring lanes read and write neighbouring memory whatever layout the sums had in
// registers, and so that the code of the activations exists once in a kernel.

#include "kernels/cuda/activation.cuh"
#include "kernels/cuda/dispatch.h"

namespace diorama::cuda {

struct Epilogue {
  int64_t rows = 0, columns = 0;  // of out
  AnyFloats bias;
  const float* gate = nullptr;
  int64_t gate_stride = 0;
  DeviceRowGroups groups;
  const void* residual = nullptr;  // of out's dtype; may be out
  int64_t residual_stride = 0;
  void* out = nullptr;
  int64_t out_stride = 0;
  int64_t split_stride = 0;  // between the sums of the parts of K, in elements of out; 0 where K is whole
  int32_t dtype = DIO_F32;   // of out
  dio_activation_kind activation = DIO_ACTIVATION_NONE;
  bool aligned = false;  // four neighbours in one access, in gate, residual and out
};

// Four neighbours of a row.
struct Quad {
  float values[4];
};

template <typename T>
DIO_DEVICE Quad load_quad(const T* from, bool aligned, int count) {
  Quad quad;
  if (aligned && count == 4) {
    const auto pack = load_pack<4>(from);
#pragma unroll
    for (int i = 0; i < 4; ++i) quad.values[i] = to_float(pack[i]);
  } else {
#pragma unroll
    for (int i = 0; i < 4; ++i) quad.values[i] = i < count ? to_float(from[i]) : 0.0f;
  }
  return quad;
}

template <typename T>
DIO_DEVICE void store_quad(T* to, const Quad& quad, bool aligned, int count) {
  if (aligned && count == 4) {
    Pack<T, 4> pack;
#pragma unroll
    for (int i = 0; i < 4; ++i) pack[i] = from_float<T>(quad.values[i]);
    store_pack(to, pack);
  } else {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      if (i < count) to[i] = from_float<T>(quad.values[i]);
    }
  }
}

// Of a dtype chosen at run time; `offset` counts elements. Elements from `count` on are 0 and not looked at.
DIO_DEVICE Quad load_quad(const void* data, int32_t dtype, int64_t offset, bool aligned, int count) {
  switch (dtype) {
    case DIO_F16:
      return load_quad(static_cast<const f16*>(data) + offset, aligned, count);
    case DIO_BF16:
      return load_quad(static_cast<const bf16*>(data) + offset, aligned, count);
    default:
      return load_quad(static_cast<const float*>(data) + offset, aligned, count);
  }
}

DIO_DEVICE void store_quad(void* data, int32_t dtype, int64_t offset, const Quad& quad, bool aligned,
                           int count) {
  switch (dtype) {
    case DIO_F16:
      return store_quad(static_cast<f16*>(data) + offset, quad, aligned, count);
    case DIO_BF16:
      return store_quad(static_cast<bf16*>(data) + offset, quad, aligned, count);
    default:
      return store_quad(static_cast<float*>(data) + offset, quad, aligned, count);
  }
}

DIO_DEVICE Quad load_bias(const Epilogue& e, int64_t n, int count) {
  Quad bias = {};
  if (e.bias) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      if (i < count) bias.values[i] = e.bias[n + i];
    }
  }
  return bias;
}

DIO_DEVICE void activate_quad(const Epilogue& e, Quad& sums, const Quad& bias) {
#pragma unroll
  for (int i = 0; i < 4; ++i) sums.values[i] = activate(e.activation, sums.values[i] + bias.values[i]);
}

// 32-bit division where it will do.
DIO_DEVICE int64_t gate_row(const Epilogue& e, int64_t m) {
  if (e.groups.index || e.rows > INT32_MAX) return e.groups(m);
  return static_cast<uint32_t>(m) / static_cast<uint32_t>(e.groups.rows_per_group);
}

// What is left after bias and activation.
DIO_DEVICE void finish_quad(const Epilogue& e, int64_t m, int64_t n, int count, const Quad& residual,
                            Quad values) {
  if (e.gate) {
    const Quad gate = load_quad(e.gate + gate_row(e, m) * e.gate_stride + n, e.aligned, count);
#pragma unroll
    for (int i = 0; i < 4; ++i) values.values[i] *= gate.values[i];
  }
  if (e.residual) {
#pragma unroll
    for (int i = 0; i < 4; ++i) values.values[i] += residual.values[i];
  }
  store_quad(e.out, e.dtype, m * e.out_stride + n, values, e.aligned, count);
}

DIO_DEVICE Quad load_residual(const Epilogue& e, int64_t m, int64_t n, int count) {
  if (!e.residual) return {};
  return load_quad(e.residual, e.dtype, m * e.residual_stride + n, e.aligned, count);
}

// Floats from one row of a piece in shared memory to the next: neither the writes of an mma's layout nor the
// reads of rows meet in one bank.
template <int kColumns>
inline constexpr int kPieceStride = kColumns + 8;

// A warp's piece of kRows x kColumns sums, out[row..., column...]. All lanes have passed a __syncwarp since
// it was written, and pass another before it is written again. kBatch: residuals of a lane under way
// together.
template <int kRows, int kColumns, int kBatch>
DIO_DEVICE void finish_piece(const Epilogue& e, float* piece, int64_t row, int64_t column) {
  constexpr int kQuads = kColumns / 4, kRowsAtOnce = 32 / kQuads, kSteps = kRows / kRowsAtOnce;
  static_assert(32 % kQuads == 0 && kRows % kRowsAtOnce == 0 && kSteps % kBatch == 0,
                "a warp covers whole rows of the piece");
  const int lane = threadIdx.x % 32, first = lane / kQuads;
  const int64_t n = column + lane % kQuads * 4;
  if (n >= e.columns) return;
  const int count = e.columns - n < 4 ? static_cast<int>(e.columns - n) : 4;
  const int rows = e.rows - row < kRows ? static_cast<int>(e.rows - row) : kRows;
  float* own = piece + first * kPieceStride<kColumns> + lane % kQuads * 4;
  constexpr int kStep = kRowsAtOnce * kPieceStride<kColumns>;
  const Quad bias = load_bias(e, n, count);
  const bool activated = e.activation != DIO_ACTIVATION_NONE;
  if (activated) {
#pragma unroll 1
    for (int i = 0; i < kSteps; ++i) {
      if (first + i * kRowsAtOnce >= rows) break;
      Quad sums = load_quad(own + i * kStep, true, 4);
      activate_quad(e, sums, bias);
      store_quad(own + i * kStep, sums, true, 4);
    }
  }
#pragma unroll 1
  for (int i = 0; i < kSteps; i += kBatch) {
    Quad residual[kBatch];
#pragma unroll
    for (int j = 0; j < kBatch; ++j) {
      const int r = first + (i + j) * kRowsAtOnce;
      residual[j] = r < rows ? load_residual(e, row + r, n, count) : Quad{};
    }
#pragma unroll
    for (int j = 0; j < kBatch; ++j) {
      const int r = first + (i + j) * kRowsAtOnce;
      if (r >= rows) continue;
      Quad values = load_quad(own + (i + j) * kStep, true, 4);
      if (!activated) {
#pragma unroll
        for (int k = 0; k < 4; ++k) values.values[k] += bias.values[k];
      }
      finish_quad(e, row + r, n, count, residual[j], values);
    }
  }
}

// The epilogue of one part of K.
DIO_DEVICE Epilogue of_split(Epilogue e, int64_t split) {
  e.out = static_cast<float*>(e.out) + split * e.split_stride;
  return e;
}

}  // namespace diorama::cuda

#pragma once

// Products on the tensor cores by mma.sync (sm_80 and later): f16, bf16, and f32 rounded to tf32.
//
// A block makes kRows x kColumns of out. Its operands come in steps of kStepBytes along K by cp.async,
// several steps ahead, into swizzled shared memory: the 16 bytes at chunk c of row r lie at chunk c ^ f(r),
// so that neither the copies nor ldmatrix meet in a bank. A warp holds kWarpRows x kWarpColumns of the sums
// in registers; while it multiplies, ldmatrix fetches what the next multiplication needs. tf32 has the same
// geometry in bytes: 8 of K are two chunks, as 16 of K are with 16-bit types.

#include <bit>

#include "epilogue.cuh"
#include "kernels/cuda/ptx.cuh"
#include "product.h"
#include "tile_order.cuh"

namespace diorama::cuda {

template <int kRows_, int kColumns_, int kStepBytes_, int kWarpRows_, int kWarpColumns_, int kStages_>
struct MmaShape {
  static constexpr int kRows = kRows_, kColumns = kColumns_, kStepBytes = kStepBytes_;
  static constexpr int kWarpRows = kWarpRows_, kWarpColumns = kWarpColumns_, kStages = kStages_;
  static constexpr int kWarps = kRows / kWarpRows * (kColumns / kWarpColumns);
  static constexpr int kThreads = kWarps * 32;
  static constexpr int kChunks = kStepBytes / 16;  // of a row, in a step
  static constexpr int kPieceRows = 32;            // of a warp's sums, finished together
  static_assert(kStepBytes == 64 || kStepBytes == 128, "the swizzle is made for these");
  static_assert(kWarpRows % kPieceRows == 0, "whole pieces");
};

using LargeMma = MmaShape<128, 256, 64, 64, 64, 4>;
using MediumMma = MmaShape<128, 128, 64, 64, 64, 4>;
using MediumTf32Mma = MmaShape<128, 128, 64, 64, 32, 4>;
using SmallMma = MmaShape<64, 64, 128, 32, 32, 4>;

template <typename Shape>
union MmaShared {
  struct Stage {
    unsigned char x[Shape::kRows * Shape::kStepBytes];
    unsigned char w[Shape::kColumns * Shape::kStepBytes];
  };
  Stage stages[Shape::kStages];
  float pieces[Shape::kWarps][Shape::kPieceRows * kPieceStride<Shape::kWarpColumns>];
};

template <int kStepBytes>
DIO_DEVICE int swizzled(int row, int chunk) {
  const int turn = kStepBytes == 128 ? row % 8 : row / 2 % 4;
  return row * kStepBytes + (chunk ^ turn) * 16;
}

// Copies kCount rows of an operand, a step of K at a time. A thread has the same chunk of every kApart-th
// row.
template <typename T, typename Shape, int kCount>
class MmaCopy {
 public:
  DIO_DEVICE MmaCopy(const Operand& operand, int64_t first, int64_t depth)
      : data_(static_cast<const T*>(operand.data)), stride_(operand.stride), depth_(depth) {
    const int row = threadIdx.x / Shape::kChunks;
    k_ = threadIdx.x % Shape::kChunks * kPackOf<T>;
    const int64_t left = operand.rows - first - row;
    valid_ = left <= 0 ? 0 : left > kCount ? kCount : static_cast<int>(left);
    from_ = data_ + (valid_ ? first + row : 0) * stride_ + k_;
    to_ = swizzled<Shape::kStepBytes>(row, threadIdx.x % Shape::kChunks);
  }
  // The step that begins at k.
  DIO_DEVICE void operator()(unsigned char* to, int64_t k) const {
    const bool inside = k + k_ < depth_;
#pragma unroll
    for (int i = 0; i < kEach; ++i) {
      const bool valid = inside && i * kApart < valid_;
      cp_async_16(to + to_ + i * kApart * Shape::kStepBytes, valid ? from_ + i * kApart * stride_ + k : data_,
                  valid);
    }
  }

 private:
  static constexpr int kApart = Shape::kThreads / Shape::kChunks;
  static constexpr int kEach = kCount / kApart;
  static_assert(kCount % kApart == 0 && kApart % 8 == 0, "rows of a thread share their swizzle");
  const T* data_;
  const T* from_;
  int64_t stride_, depth_;
  int k_, valid_, to_;
};

template <typename T>
struct MmaProduct {
  static DIO_DEVICE void prepare(uint32_t (&)[4]) {}
  static DIO_DEVICE void multiply(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    mma_m16n8k16<T>(d, a, b);
  }
};

template <>
struct MmaProduct<float> {
  static DIO_DEVICE void prepare(uint32_t (&r)[4]) {
#pragma unroll
    for (int i = 0; i < 4; ++i) r[i] = to_tf32(std::bit_cast<float>(r[i]));
  }
  static DIO_DEVICE void multiply(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    mma_m16n8k8_tf32(d, a, b);
  }
};

// What a warp multiplies in 32 bytes of K.
template <typename T, typename Shape>
struct MmaFragments {
  static constexpr int kRowTiles = Shape::kWarpRows / 16, kColumnPairs = Shape::kWarpColumns / 16;
  uint32_t x[kRowTiles][4];
  uint32_t w[kColumnPairs][4];  // two tiles of 8 columns each

  DIO_DEVICE void load(const typename MmaShared<Shape>::Stage& stage, int part, int warp_row,
                       int warp_column) {
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int i = 0; i < kRowTiles; ++i) {
      ldmatrix_x4(x[i],
                  stage.x + swizzled<Shape::kStepBytes>(warp_row + i * 16 + lane % 16, part * 2 + lane / 16));
      MmaProduct<T>::prepare(x[i]);
    }
#pragma unroll
    for (int j = 0; j < kColumnPairs; ++j) {
      ldmatrix_x4(w[j], stage.w + swizzled<Shape::kStepBytes>(warp_column + j * 16 + lane / 16 * 8 + lane % 8,
                                                              part * 2 + lane / 8 % 2));
      MmaProduct<T>::prepare(w[j]);
    }
  }
  DIO_DEVICE void multiply(float (&sums)[kRowTiles][2 * kColumnPairs][4]) const {
#pragma unroll
    for (int i = 0; i < kRowTiles; ++i) {
#pragma unroll
      for (int j = 0; j < 2 * kColumnPairs; ++j) {
        const uint32_t b[2] = {w[j / 2][j % 2 * 2], w[j / 2][j % 2 * 2 + 1]};
        MmaProduct<T>::multiply(sums[i][j], x[i], b);
      }
    }
  }
};

// Grid: tiles of out, by parts of K. K is a multiple of 16 bytes, and so are the operands' strides and
// addresses; steps_per_split steps to a part.
template <typename T, typename Shape>
__global__ void __launch_bounds__(Shape::kThreads)
    linear_mma(Operand x, Operand w, int64_t depth, int64_t steps_per_split, Epilogue epilogue) {
  using Fragments = MmaFragments<T, Shape>;
  constexpr int kParts = Shape::kStepBytes / 32;
  constexpr int64_t kStep = Shape::kStepBytes / sizeof(T);
  DIO_SHARED(MmaShared<Shape>, shared);
  const TilePlace place = tile_place(blockIdx.x, (x.rows + Shape::kRows - 1) / Shape::kRows,
                                     (w.rows + Shape::kColumns - 1) / Shape::kColumns);
  const int64_t row = place.row * Shape::kRows, column = place.column * Shape::kColumns;
  const int warp = threadIdx.x / 32;
  const int warp_row = warp % (Shape::kRows / Shape::kWarpRows) * Shape::kWarpRows;
  const int warp_column = warp / (Shape::kRows / Shape::kWarpRows) * Shape::kWarpColumns;

  const int64_t first_step = blockIdx.y * steps_per_split;
  const int64_t all_steps = (depth + kStep - 1) / kStep - first_step;
  const int steps = static_cast<int>(all_steps < steps_per_split ? all_steps : steps_per_split);
  const MmaCopy<T, Shape, Shape::kRows> copy_x(x, row, depth);
  const MmaCopy<T, Shape, Shape::kColumns> copy_w(w, column, depth);
  const auto copy = [&](int step) {
    auto& stage = shared.stages[step % Shape::kStages];
    if (step < steps) {
      copy_x(stage.x, (first_step + step) * kStep);
      copy_w(stage.w, (first_step + step) * kStep);
    }
    cp_async_commit();
  };

  float sums[Fragments::kRowTiles][2 * Fragments::kColumnPairs][4] = {};
  Fragments fragments[2];
#pragma unroll
  for (int step = 0; step < Shape::kStages - 1; ++step) copy(step);
  cp_async_wait<Shape::kStages - 2>();
  __syncthreads();
  fragments[0].load(shared.stages[0], 0, warp_row, warp_column);
#pragma unroll 1
  for (int step = 0; step < steps; ++step) {
#pragma unroll
    for (int part = 0; part < kParts; ++part) {
      if (part + 1 < kParts) {
        fragments[(part + 1) % 2].load(shared.stages[step % Shape::kStages], part + 1, warp_row, warp_column);
      } else {
        // The next step has arrived, and nobody reads this one's stage any more.
        cp_async_wait<Shape::kStages - 2>();
        __syncthreads();
        if (step + 1 < steps) {
          fragments[0].load(shared.stages[(step + 1) % Shape::kStages], 0, warp_row, warp_column);
        }
      }
      if (part == 0) copy(step + Shape::kStages - 1);
      fragments[part % 2].multiply(sums);
    }
  }
  cp_async_wait<0>();
  __syncthreads();

  const Epilogue own = of_split(epilogue, blockIdx.y);
  float* piece = shared.pieces[warp];
  const int lane = threadIdx.x % 32;
  constexpr int kTilesInPiece = Shape::kPieceRows / 16;
#pragma unroll 1
  for (int p = 0; p < Shape::kWarpRows / Shape::kPieceRows; ++p) {
#pragma unroll
    for (int i = 0; i < Fragments::kRowTiles; ++i) {
      if (i / kTilesInPiece != p) continue;
      float* to =
          piece + (i % kTilesInPiece * 16 + lane / 4) * kPieceStride<Shape::kWarpColumns> + lane % 4 * 2;
#pragma unroll
      for (int j = 0; j < 2 * Fragments::kColumnPairs; ++j) {
        store_pack(to + j * 8, Pack<float, 2>{sums[i][j][0], sums[i][j][1]});
        store_pack(to + j * 8 + 8 * kPieceStride<Shape::kWarpColumns>,
                   Pack<float, 2>{sums[i][j][2], sums[i][j][3]});
      }
    }
    __syncwarp();
    finish_piece<Shape::kPieceRows, Shape::kWarpColumns, 4>(
        own, piece, row + warp_row + p * Shape::kPieceRows, column + warp_column);
    __syncwarp();
  }
}

}  // namespace diorama::cuda

#pragma once

// Products in f32 on the general units, of operands of any dtype and stride: 16-bit elements are widened on
// their way into shared memory. A block of 256 threads makes kTile x kTile of out; a thread holds 4 x 4 sums
// in each of (kTile / 64)^2 places 64 apart, reads four neighbours of x and of w at once, and keeps the next
// step of K in registers while it multiplies this one.

#include "product.h"
#include "tile_order.cuh"

namespace diorama::cuda {

inline constexpr int kF32Threads = 256;
inline constexpr int kF32Step = 16;  // of K

template <int kTile>
union F32Shared {
  static constexpr int kStride = kTile + 4;
  struct Step {
    float x[kF32Step][kStride];
    float w[kF32Step][kStride];
  };
  Step steps[2];
  float pieces[kF32Threads / 32][8 * kPieceStride<64>];
};

// kTile rows of an operand: four neighbours along K of every 64th row are a thread's.
template <int kTile>
class F32Copy {
 public:
  DIO_DEVICE F32Copy(const Operand& operand, int64_t first, int64_t begin, int64_t end)
      : dtype_(operand.dtype), aligned_(operand.in_quads) {
    const int64_t row = first + threadIdx.x / 4, left = operand.rows - row, k = begin + threadIdx.x % 4 * 4;
    rows_ = left <= 0 ? 0 : left <= 64 ? 1 : 2;
    row_bytes_ = operand.stride * (dtype_ == DIO_F32 ? 4 : 2);
    from_ = static_cast<const char*>(operand.data) + row * row_bytes_ + k * (dtype_ == DIO_F32 ? 4 : 2);
    left_ = end - k;
  }
  // The next step along K.
  DIO_DEVICE void load() {
    const int count = left_ < 4 ? static_cast<int>(left_) : 4;
#pragma unroll
    for (int i = 0; i < kTile / 64; ++i) {
      values_[i] = i < rows_ && count > 0 ? load_quad(from_ + i * 64 * row_bytes_, dtype_, 0, aligned_, count)
                                          : Quad{};
    }
    from_ += kF32Step * (dtype_ == DIO_F32 ? 4 : 2);
    left_ -= kF32Step;
  }
  DIO_DEVICE void store(float (&to)[kF32Step][kTile + 4]) const {
#pragma unroll
    for (int i = 0; i < kTile / 64; ++i) {
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        to[threadIdx.x % 4 * 4 + j][threadIdx.x / 4 + i * 64] = values_[i].values[j];
      }
    }
  }

 private:
  const char* from_;
  int64_t row_bytes_, left_;
  int32_t dtype_, rows_;
  bool aligned_;
  Quad values_[kTile / 64];
};

// Grid: tiles of out, by parts of K.
template <int kTile>
__global__ void __launch_bounds__(kF32Threads, 2)
    linear_f32(Operand x, Operand w, int64_t depth, int64_t steps_per_split, Epilogue epilogue) {
  constexpr int kPlaces = kTile / 64;
  DIO_SHARED(F32Shared<kTile>, shared);
  const TilePlace place = tile_place(blockIdx.x, (x.rows + kTile - 1) / kTile, (w.rows + kTile - 1) / kTile);
  const int64_t row = place.row * kTile, column = place.column * kTile;
  const int across = threadIdx.x % 16, down = threadIdx.x / 16;

  const int64_t begin = blockIdx.y * steps_per_split * kF32Step;
  const int64_t limit = begin + steps_per_split * kF32Step;
  const int64_t end = limit < depth ? limit : depth;
  F32Copy<kTile> copy_x(x, row, begin, end), copy_w(w, column, begin, end);

  float sums[kPlaces * 4][kPlaces * 4] = {};
  copy_x.load();
  copy_w.load();
  const int steps = static_cast<int>((end - begin + kF32Step - 1) / kF32Step);
  int stage = 0;
#pragma unroll 1
  for (int step = 0; step < steps; ++step, stage ^= 1) {
    copy_x.store(shared.steps[stage].x);
    copy_w.store(shared.steps[stage].w);
    __syncthreads();
    if (step + 1 < steps) {
      copy_x.load();
      copy_w.load();
    }
#pragma unroll 2
    for (int i = 0; i < kF32Step; ++i) {
      Pack<float, 4> a[kPlaces], b[kPlaces];
#pragma unroll
      for (int p = 0; p < kPlaces; ++p) {
        a[p] = load_pack<4>(&shared.steps[stage].x[i][p * 64 + down * 4]);
        b[p] = load_pack<4>(&shared.steps[stage].w[i][p * 64 + across * 4]);
      }
#pragma unroll
      for (int m = 0; m < kPlaces * 4; ++m) {
#pragma unroll
        for (int n = 0; n < kPlaces * 4; ++n) sums[m][n] += a[m / 4][m % 4] * b[n / 4][n % 4];
      }
    }
  }
  __syncthreads();

  // A warp has eight rows of 64 columns in each of the places.
  const Epilogue own = of_split(epilogue, blockIdx.y);
  float* piece = shared.pieces[threadIdx.x / 32];
#pragma unroll 1
  for (int part = 0; part < kPlaces * kPlaces; ++part) {
#pragma unroll
    for (int p = 0; p < kPlaces * kPlaces; ++p) {
      if (p != part) continue;
#pragma unroll
      for (int m = 0; m < 4; ++m) {
        Pack<float, 4> sum;
#pragma unroll
        for (int n = 0; n < 4; ++n) sum[n] = sums[p / kPlaces * 4 + m][p % kPlaces * 4 + n];
        store_pack(piece + (down % 2 * 4 + m) * kPieceStride<64> + across * 4, sum);
      }
    }
    __syncwarp();
    finish_piece<8, 64, 2>(own, piece, row + part / kPlaces * 64 + down / 2 * 8,
                           column + part % kPlaces * 64);
    __syncwarp();
  }
}

}  // namespace diorama::cuda

#pragma once

// The loss of one picture and its gradient in one pass down the rows: a thread has a column of values
// (channels interleaved, so a neighbour in the picture is three values away), a block a strip of columns and
// a stretch of rows. Sums down a column come from registers, sums along a row through a line of shared
// memory. What SSIM's slopes are at a row is needed by the rows around it alone, so that nothing but the
// gradient is ever written.

#include "kernels/cuda/floats.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/splat/training/training.h"

namespace diorama::cuda {

inline constexpr int kLossThreads = 256;
// Values of a row on either side of a window's centre.
inline constexpr int kLossReach = 3 * kSsimRadius;
// Columns of a strip: those that see all windows over them, and whole pixels.
inline constexpr int kLossColumns = (kLossThreads - 4 * kLossReach) / 3 * 3;
inline constexpr int kLossSums = 3;  // |difference|, SSIM, squared difference

struct LossTask {
  const float* image;
  const uint8_t* target_bytes;  // one of the two is null
  const float* target_floats;
  const float* mask;        // [H, W] or null
  float* gradient;          // or null
  double* sums;             // [blocks, kLossSums]
  int64_t height, columns;  // columns: values in a row
  int rounds;               // a block walks kSsimTaps rows in each
  float window[kSsimTaps];
  float difference_factor;  // of the gradient's two parts
  float similarity_factor;
};

// Rows whose loss and gradient a block gives; it walks so many more above and below.
DIO_HOST_DEVICE int loss_rows(int rounds) { return rounds * kSsimTaps - 4 * kSsimRadius; }

struct LossLines {
  float x[kLossThreads], y[kLossThreads], squares[kLossThreads], products[kLossThreads];
  float by_x[kLossThreads], by_squares[kLossThreads], by_products[kLossThreads];
  double partial[kLossThreads / 32];
};

struct LossValues {
  float x, y;
};

// The picture and its target, multiplied by the mask; zeros outside.
DIO_DEVICE LossValues load_values(const LossTask& task, int64_t row, int64_t column) {
  if (row < 0 || row >= task.height || column < 0 || column >= task.columns) return {0, 0};
  const int64_t at = row * task.columns + column;
  LossValues v;
  v.x = task.image[at];
  v.y = task.target_bytes ? static_cast<float>(task.target_bytes[at]) / 255.0f : task.target_floats[at];
  if (task.mask) {
    const float weight = task.mask[at / 3];
    v.x *= weight;
    v.y *= weight;
  }
  return v;
}

// The window's sum down a column whose last kSsimTaps values are in `ring`, the oldest at `oldest`.
template <typename Value>
DIO_DEVICE float down(const LossTask& task, int oldest, const Value& value) {
  float sum = 0;
#pragma unroll
  for (int tap = 0; tap < kSsimTaps; ++tap) {
    sum = fmaf(task.window[tap], value((oldest + tap) % kSsimTaps), sum);
  }
  return sum;
}

DIO_DEVICE float along(const LossTask& task, const float* line) {
  float sum = 0;
#pragma unroll
  for (int tap = 0; tap < kSsimTaps; ++tap) {
    sum = fmaf(task.window[tap], line[3 * (tap - kSsimRadius)], sum);
  }
  return sum;
}

// SSIM and its slopes against the window's sums of x, of x x and of x y. squares: of x x + y y.
struct Similarity {
  float value, by_x, by_squares, by_products;

  DIO_DEVICE Similarity(float mx, float my, float squares, float products) {
    const float c1 = static_cast<float>(kSsimC1), c2 = static_cast<float>(kSsimC2);
    const float xy = mx * my, xx_yy = mx * mx + my * my;
    const float a = 2 * xy + c1, b = 2 * (products - xy) + c2, c = xx_yy + c1, d = (squares - xx_yy) + c2;
    const float inverse = 1 / (c * d);
    value = a * b * inverse;
    by_x = 2 * (my * (b - a) - mx * value * (d - c)) * inverse;
    by_squares = -value * c * inverse;
    by_products = 2 * a * inverse;
  }
};

template <bool kGradient>
__global__ void __launch_bounds__(kLossThreads, 2) splat_loss(const __grid_constant__ LossTask task) {
  DIO_SHARED(LossLines, lines);
  const int t = threadIdx.x;
  const int64_t column = static_cast<int64_t>(blockIdx.x) * kLossColumns + t - 2 * kLossReach;
  const int64_t first = static_cast<int64_t>(blockIdx.y) * loss_rows(task.rounds);
  const int64_t end = min(first + loss_rows(task.rounds), task.height);
  // Whether the thread's windows lie inside the lines, and those of all its neighbours too.
  const bool sees = t >= kLossReach && t < kLossThreads - kLossReach;
  const bool owns = t >= 2 * kLossReach && t < 2 * kLossReach + kLossColumns && column < task.columns;
  const bool inside = column >= 0 && column < task.columns;

  // The last rows of this column, by row modulo kSsimTaps.
  float x[kSsimTaps] = {}, y[kSsimTaps] = {};
  float by_x[kSsimTaps] = {}, by_squares[kSsimTaps] = {}, by_products[kSsimTaps] = {};
  double sums[kLossSums] = {};
  LossValues next = load_values(task, first - 2 * kSsimRadius, column);
  for (int round = 0; round < task.rounds; ++round) {
    float parts[kLossSums] = {};
#pragma unroll
    for (int phase = 0; phase < kSsimTaps; ++phase) {
      // Row `row` comes in; SSIM is known at `row - kSsimRadius`, the gradient at twice that before.
      const int64_t row = first - 2 * kSsimRadius + round * kSsimTaps + phase;
      x[phase] = next.x;
      y[phase] = next.y;
      next = load_values(task, row + 1, column);
      const int oldest = phase + 1;
      lines.x[t] = down(task, oldest, [&](int i) { return x[i]; });
      lines.y[t] = down(task, oldest, [&](int i) { return y[i]; });
      lines.squares[t] = down(task, oldest, [&](int i) { return fmaf(x[i], x[i], y[i] * y[i]); });
      lines.products[t] = down(task, oldest, [&](int i) { return x[i] * y[i]; });
      __syncthreads();

      const int64_t centre = row - kSsimRadius;
      const int middle = (phase + kSsimTaps - kSsimRadius) % kSsimTaps;
      by_x[phase] = by_squares[phase] = by_products[phase] = 0;
      if (sees && inside && centre >= 0 && centre < task.height) {
        const Similarity s(along(task, lines.x + t), along(task, lines.y + t), along(task, lines.squares + t),
                           along(task, lines.products + t));
        by_x[phase] = s.by_x;
        by_squares[phase] = s.by_squares;
        by_products[phase] = s.by_products;
        if (owns && centre >= first && centre < end) {
          const float difference = x[middle] - y[middle];
          parts[0] += fabsf(difference);
          parts[1] += s.value;
          parts[2] += difference * difference;
        }
      }
      if constexpr (kGradient) {
        lines.by_x[t] = down(task, oldest, [&](int i) { return by_x[i]; });
        lines.by_squares[t] = down(task, oldest, [&](int i) { return by_squares[i]; });
        lines.by_products[t] = down(task, oldest, [&](int i) { return by_products[i]; });
      }
      __syncthreads();

      if constexpr (kGradient) {
        const int64_t done = row - 2 * kSsimRadius;
        if (owns && done >= first && done < end) {
          const float vx = x[oldest % kSsimTaps], vy = y[oldest % kSsimTaps];
          float slope = vx > vy ? task.difference_factor : vx < vy ? -task.difference_factor : 0;
          if (task.similarity_factor != 0) {
            const float sum = along(task, lines.by_x + t) + 2 * vx * along(task, lines.by_squares + t) +
                              vy * along(task, lines.by_products + t);
            slope = fmaf(-task.similarity_factor, sum, slope);
          }
          const int64_t at = done * task.columns + column;
          if (task.mask) slope *= task.mask[at / 3];
          task.gradient[at] = slope;
        }
      }
    }
#pragma unroll
    for (int k = 0; k < kLossSums; ++k) sums[k] += static_cast<double>(parts[k]);
  }
  const int64_t block = static_cast<int64_t>(blockIdx.y) * gridDim.x + blockIdx.x;
  for (int k = 0; k < kLossSums; ++k) {
    const double sum = block_sum<kLossThreads>(sums[k], lines.partial);
    if (t == 0) task.sums[block * kLossSums + k] = sum;
    __syncthreads();
  }
}

// The blocks' sums in their order, by one block: a thread adds every kLossThreads-th.
__global__ void __launch_bounds__(kLossThreads)
    splat_loss_sums(const double* sums, const int64_t blocks, const double count, const double weight,
                    float* losses) {
  DIO_SHARED(LossLines, lines);
  double means[kLossSums];
  for (int k = 0; k < kLossSums; ++k) {
    double sum = 0;
    for (int64_t i = threadIdx.x; i < blocks; i += kLossThreads) sum += sums[i * kLossSums + k];
    means[k] = block_sum<kLossThreads>(sum, lines.partial) / count;
    __syncthreads();
  }
  if (threadIdx.x != 0) return;
  losses[0] = static_cast<float>((1 - weight) * means[0] + weight * (1 - means[1]));
  for (int k = 0; k < kLossSums; ++k) losses[1 + k] = static_cast<float>(means[k]);
}

}  // namespace diorama::cuda

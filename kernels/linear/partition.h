#pragma once

#include <algorithm>
#include <cstdint>

namespace diorama {

// How a product's tiles are shared out: the grid of threads over rows and columns of the result. Never over
// k, so that the number of threads changes no sum.
struct ThreadGrid {
  int rows = 1;
  int columns = 1;
};

struct Range {
  int64_t begin, end;
  int64_t size() const { return end - begin; }
};

// The part of [0, count) that belongs to `index` of `parts`.
inline Range part_of(int64_t count, int64_t index, int64_t parts) {
  return {count * index / parts, count * (index + 1) / parts};
}

// Threads worth waking for this many multiply-adds.
inline int useful_threads(int threads, int64_t rows, int64_t columns, int64_t depth) {
  constexpr double kPerThread = 65536;  // some microseconds, as much as waking one costs
  const double work = static_cast<double>(rows) * static_cast<double>(columns) * static_cast<double>(depth);
  return static_cast<int>(std::clamp(work / kPerThread, 1.0, static_cast<double>(std::max(threads, 1))));
}

// The grid whose slowest thread has least to do. Beside its tiles, a thread that sees n columns pays for
// packing their weights, as much as `column_cost` rows of tiles, and a thread that sees m rows pays as much
// as `row_cost` columns of tiles for reaching x.
inline ThreadGrid choose_grid(int threads, int64_t row_tiles, int64_t column_tiles, double column_cost,
                              double row_cost) {
  ThreadGrid best;
  double least = -1;
  for (int columns = 1; columns <= threads && columns <= column_tiles; ++columns) {
    const int rows = static_cast<int>(std::min<int64_t>(threads / columns, row_tiles));
    const double m = static_cast<double>((row_tiles + rows - 1) / rows);
    const double n = static_cast<double>((column_tiles + columns - 1) / columns);
    const double cost = m * n + n * column_cost + m * row_cost;
    if (least < 0 || cost < least) {
      least = cost;
      best = {rows, columns};
    }
  }
  return best;
}

}  // namespace diorama

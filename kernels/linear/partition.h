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

// A product's tiles cut into rectangles that threads take one after the other, whoever is free: cores are not
// equally fast where others share them. The last ones are small, so that all threads end at about the same
// time.
class Rectangles {
 public:
  struct Rectangle {
    Range rows, columns;  // of tiles
  };

  // most_rows, most_columns: of one rectangle. row_parts: rows are cut at least into so many.
  Rectangles(int threads, int64_t row_tiles, int64_t column_tiles, int64_t most_rows, int64_t most_columns,
             int64_t row_parts)
      : row_tiles_(row_tiles), column_tiles_(column_tiles) {
    const auto parts = [](int64_t count, int64_t most) { return (count + most - 1) / most; };
    rows_ = std::max(parts(row_tiles, most_rows), row_parts);
    columns_ = parts(column_tiles, most_columns);
    if (threads > 1) {
      columns_ = std::max(columns_, parts(kForThread * threads, rows_));
      columns_ = std::min(columns_, parts(column_tiles, kLeastColumns));
      cuts_ = std::clamp<int64_t>(column_tiles / columns_ / kLeastColumns, 1, kMostCuts);
      cut_ = cuts_ > 1 ? std::min<int64_t>(2 * threads, rows_ * columns_) : 0;
    }
  }

  int64_t count() const { return whole() + cut_ * cuts_; }
  Rectangle operator[](int64_t i) const {
    const int64_t place = i < whole() ? i : whole() + (i - whole()) / cuts_;
    Rectangle all = {part_of(row_tiles_, place / columns_, rows_),
                     part_of(column_tiles_, place % columns_, columns_)};
    if (i < whole()) return all;
    const Range part = part_of(all.columns.size(), (i - whole()) % cuts_, cuts_);
    return {all.rows, {all.columns.begin + part.begin, all.columns.begin + part.end}};
  }

 private:
  static constexpr int64_t kForThread = 6, kLeastColumns = 3, kMostCuts = 4;
  int64_t whole() const { return rows_ * columns_ - cut_; }

  int64_t row_tiles_, column_tiles_, rows_, columns_, cuts_ = 1, cut_ = 0;
};

}  // namespace diorama

#pragma once

#include "kernels/cuda/platform.cuh"

#include <cstdint>

namespace diorama::cuda {

struct TilePlace {
  int64_t row, column;  // in tiles
};

// Tiles in the order in which blocks take them: sixteen tiles of rows are swept along the columns together,
// so that blocks that run side by side share rows and weights in the second-level cache.
DIO_DEVICE TilePlace tile_place(int64_t tile, int64_t row_tiles, int64_t column_tiles) {
  constexpr int64_t kSwept = 16;
  const int64_t sweep = tile / (kSwept * column_tiles), within = tile - sweep * kSwept * column_tiles;
  const int64_t left = row_tiles - sweep * kSwept, height = left < kSwept ? left : kSwept;
  const int64_t column = within / height;
  return {sweep * kSwept + within - column * height, column};
}

}  // namespace diorama::cuda

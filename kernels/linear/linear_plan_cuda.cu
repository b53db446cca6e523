// How a product is divided among blocks.
#include <algorithm>

#include "product.h"

namespace diorama::cuda {
namespace {

constexpr int64_t kLeastSteps = 8;                   // of a part of K, so that its pipeline fills
constexpr int64_t kMostSplits = 32;                  // which the sum of the parts reads one after the other
constexpr int64_t kMostPartial = int64_t{16} << 20;  // floats
// How many multiplications a multiprocessor makes in the time of one byte of the parts' sums: 1024 and some
// 20 in a cycle.
constexpr double kMultiplicationsPerByte = 50;

}  // namespace

Splits choose_splits(const Device& device, int64_t tiles, int64_t steps, int at_once, int64_t result_size) {
  const int64_t slots = static_cast<int64_t>(device.multiprocessors) * at_once;
  const int64_t most =
      std::min({slots / tiles, steps / kLeastSteps, kMostSplits, kMostPartial / result_size});
  const int64_t splits = std::max<int64_t>(most, 1);
  const int64_t each = (steps + splits - 1) / splits;
  return {(steps + each - 1) / each, each};
}

TilePlan plan_tiles(const Device& device, const Product& product, const Tile& tile) {
  const int64_t tiles =
      (product.rows() + tile.rows - 1) / tile.rows * ((product.columns() + tile.columns - 1) / tile.columns);
  const int64_t step = tile.step_bytes / element_size(product.x.dtype);
  const int64_t steps = (product.depth + step - 1) / step;
  const int64_t results = product.rows() * product.columns(), multiprocessors = device.multiprocessors;
  // A multiprocessor's shared memory is what a block may have and 1 KiB; each block takes 1 KiB more.
  const std::size_t room = (device.shared_bytes_per_block + 1024) / (tile.shared_bytes + 1024);
  const int at_once = std::clamp(static_cast<int>(room), 1, tile.at_once);
  const Splits splits = choose_splits(device, tiles, steps, at_once, results);
  const int64_t in_turn = (tiles * splits.splits + multiprocessors - 1) / multiprocessors;
  const auto size = static_cast<double>(tile.rows * tile.columns * splits.steps_per_split * step);
  double time = static_cast<double>(in_turn) * size / tile.efficiency;
  if (splits.splits > 1) {
    const auto bytes = static_cast<double>(8 * splits.splits * results);
    time += bytes / static_cast<double>(multiprocessors) * kMultiplicationsPerByte;
  }
  return {tiles, steps, splits, time};
}

Epilogue parts_of_k(Context& context, const Product& product, int64_t splits) {
  Epilogue sums;
  sums.rows = product.rows();
  sums.columns = product.columns();
  sums.split_stride = product.rows() * product.columns();
  sums.out_stride = product.columns();
  sums.out = context.scratch_array<float>(static_cast<std::size_t>(splits * sums.split_stride));
  sums.aligned = product.columns() % 4 == 0;
  return sums;
}

}  // namespace diorama::cuda

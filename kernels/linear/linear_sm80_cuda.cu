// Products on the tensor cores by mma.sync: which tile.
#include "linear_sm80.cuh"

namespace diorama::cuda {
namespace {

// A tile's shape as the choice sees it.
struct Candidate {
  int64_t rows, columns, step_bytes;
  int at_once;        // blocks that share a multiprocessor
  double efficiency;  // of a multiprocessor full of them, by how often operands are read from shared memory
};

constexpr Candidate kLarge = {LargeMma::kRows, LargeMma::kColumns, LargeMma::kStepBytes, 1, 1.0};
constexpr Candidate kMedium = {MediumMma::kRows, MediumMma::kColumns, MediumMma::kStepBytes, 2, 0.95};
constexpr Candidate kMediumTf32 = {MediumTf32Mma::kRows, MediumTf32Mma::kColumns, MediumTf32Mma::kStepBytes, 1,
                                   0.9};
constexpr Candidate kSmall = {SmallMma::kRows, SmallMma::kColumns, SmallMma::kStepBytes, 3, 0.5};

struct Plan {
  int64_t tiles;
  Splits splits;
  double time;  // of a multiprocessor, in multiplications at full rate
};

// How many multiplications a multiprocessor makes in the time of one byte of the parts' sums: 1024 and some 20
// in a cycle.
constexpr double kMultiplicationsPerByte = 50;

Plan plan(const Device& device, const Product& product, const Candidate& tile) {
  const int64_t tiles = (product.rows() + tile.rows - 1) / tile.rows *
                        ((product.columns() + tile.columns - 1) / tile.columns);
  const int64_t step = tile.step_bytes / element_size(product.x.dtype);
  const int64_t steps = (product.depth + step - 1) / step;
  const int64_t results = product.rows() * product.columns(), multiprocessors = device.multiprocessors;
  const Splits splits = choose_splits(device, tiles, steps, tile.at_once, results);
  const int64_t in_turn = (tiles * splits.splits + multiprocessors - 1) / multiprocessors;
  const auto size = static_cast<double>(tile.rows * tile.columns * splits.steps_per_split * step);
  double time = static_cast<double>(in_turn) * size / tile.efficiency;
  if (splits.splits > 1) {
    const auto bytes = static_cast<double>(8 * splits.splits * results) / static_cast<double>(multiprocessors);
    time += bytes * kMultiplicationsPerByte;
  }
  return {tiles, splits, time};
}

template <typename T, typename Shape>
void start(Context& context, const Product& product, const Plan& plan) {
  launch_product(context, "linear mma", linear_mma<T, Shape>, plan.tiles, Shape::kThreads,
                 sizeof(MmaShared<Shape>), plan.splits, product);
}

}  // namespace

void multiply_sm80(Context& context, const Product& product) {
  const Device& device = on_cuda(context).device();
  const Plan small = plan(device, product, kSmall);
  if (product.x.dtype == DIO_F32) {
    // Rounding to tf32 takes the registers that larger tiles' sums would fill.
    const Plan medium = plan(device, product, kMediumTf32);
    if (small.time < medium.time) return start<float, SmallMma>(context, product, small);
    return start<float, MediumTf32Mma>(context, product, medium);
  }
  const Plan large = plan(device, product, kLarge), medium = plan(device, product, kMedium);
  with_float_type(product.x.dtype, [&](auto type) {
    using T = typename decltype(type)::type;
    if constexpr (sizeof(T) == 2) {
      if (small.time < medium.time && small.time < large.time) {
        start<T, SmallMma>(context, product, small);
      } else if (medium.time < large.time) {
        start<T, MediumMma>(context, product, medium);
      } else {
        start<T, LargeMma>(context, product, large);
      }
    }
  });
}

}  // namespace diorama::cuda

// Products on the tensor cores by mma.sync: which tile.
#include "linear_sm80.cuh"

namespace diorama::cuda {
namespace {

template <typename Shape>
constexpr Tile tile_of(int at_once, double efficiency) {
  return {Shape::kRows, Shape::kColumns, Shape::kStepBytes, sizeof(MmaShared<Shape>), at_once, efficiency};
}

// Efficiencies by how often operands are read from shared memory for each multiplication.
constexpr Tile kLarge = tile_of<LargeMma>(1, 1.0), kMedium = tile_of<MediumMma>(2, 0.95),
               kMediumTf32 = tile_of<MediumTf32Mma>(1, 0.9), kSmall = tile_of<SmallMma>(3, 0.5);

template <typename T, typename Shape>
void start(Context& context, const Product& product, const TilePlan& plan) {
  launch_product(context, "linear mma", linear_mma<T, Shape>, plan.tiles, Shape::kThreads,
                 sizeof(MmaShared<Shape>), plan.splits, product);
}

}  // namespace

void multiply_sm80(Context& context, const Product& product) {
  const Device& device = on_cuda(context).device();
  const TilePlan small = plan_tiles(device, product, kSmall);
  if (product.x.dtype == DIO_F32) {
    // Rounding to tf32 takes the registers that larger tiles' sums would fill.
    const TilePlan medium = plan_tiles(device, product, kMediumTf32);
    if (small.time < medium.time) return start<float, SmallMma>(context, product, small);
    return start<float, MediumTf32Mma>(context, product, medium);
  }
  const TilePlan large = plan_tiles(device, product, kLarge), medium = plan_tiles(device, product, kMedium);
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

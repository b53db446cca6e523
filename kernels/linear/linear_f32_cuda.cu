// Products in f32 on the general units of CUDA devices: which tile.
#include "linear_f32.cuh"

namespace diorama::cuda {
namespace {

template <int kTile>
void start(Context& context, const Product& product, int at_once) {
  const int64_t tiles = (product.rows() + kTile - 1) / kTile * ((product.columns() + kTile - 1) / kTile);
  const int64_t steps = (product.depth + kF32Step - 1) / kF32Step;
  const Splits splits =
      choose_splits(on_cuda(context).device(), tiles, steps, at_once, product.rows() * product.columns());
  launch_product(context, "linear f32", linear_f32<kTile>, tiles, kF32Threads, sizeof(F32Shared<kTile>),
                 splits, product);
}

}  // namespace

void multiply_f32(Context& context, const Product& given) {
  Product product = given;
  for (Operand* operand : {&product.x, &product.w}) {
    operand->in_quads = operand->aligned(static_cast<std::size_t>(4 * element_size(operand->dtype)));
  }
  // Large tiles read each operand half as often; small ones where large ones would leave the device idle.
  const int64_t large = (product.rows() + 127) / 128 * ((product.columns() + 127) / 128);
  if (large >= on_cuda(context).device().multiprocessors) {
    start<128>(context, product, 2);
  } else {
    start<64>(context, product, 4);
  }
}

}  // namespace diorama::cuda

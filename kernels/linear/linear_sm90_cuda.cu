// Products with Hopper's own units: which tile, tensor maps, the grid.
#include <algorithm>

#include "kernels/cuda/tensor_map.h"
#include "linear_sm90.cuh"

namespace diorama::cuda {
namespace {

constexpr int64_t kLeastRows = 65;  // below, half of a tile of rows would be idle: mma.sync has smaller ones

// Wide tiles read shared memory and the second-level cache less often for each multiplication.
constexpr Tile kWide = {LinearSm90<bf16, 256>::kRows,          256, 128,
                        sizeof(LinearSm90<bf16, 256>::Shared), 1,   1.0};
constexpr Tile kNarrow = {LinearSm90<bf16, 128>::kRows,          128, 128,
                          sizeof(LinearSm90<bf16, 128>::Shared), 1,   0.8};

// Steps of 64 along K of `rows` rows at a time.
CUtensorMap rows_map(const Operand& operand, int64_t depth, int rows) {
  TensorMapShape map;
  map.data = operand.data;
  map.dtype = operand.dtype;
  map.sizes[0] = depth;
  map.sizes[1] = operand.rows;
  map.strides[0] = 1;
  map.strides[1] = operand.stride;
  map.box[0] = 64;
  map.box[1] = rows;
  return make_tensor_map(map);
}

template <typename T, int kColumns>
void start(Context& context, const Product& product, const TilePlan& plan) {
  using Kernel = LinearSm90<T, kColumns>;
  Sm90Work work;
  work.row_tiles = (product.rows() + Kernel::kRows - 1) / Kernel::kRows;
  work.column_tiles = (product.columns() + kColumns - 1) / kColumns;
  work.items = plan.tiles * plan.splits.splits;
  work.steps = plan.steps;
  work.steps_per_split = plan.splits.steps_per_split;
  const bool whole = plan.splits.splits == 1;
  const Epilogue epilogue = whole ? product.epilogue : parts_of_k(context, product, plan.splits.splits);
  const int64_t blocks = std::min<int64_t>(work.items, on_cuda(context).device().multiprocessors);
  launch(context, "linear sm90", linear_sm90<T, kColumns>,
         {dim3(static_cast<unsigned>(blocks)), dim3(Kernel::kThreads), sizeof(typename Kernel::Shared)},
         rows_map(product.x, product.depth, Kernel::kRows), rows_map(product.w, product.depth, kColumns),
         work, epilogue);
  if (!whole)
    add_splits(context, static_cast<const float*>(epilogue.out), plan.splits.splits, product.epilogue);
}

template <typename T>
void start(Context& context, const Product& product) {
  const Device& device = on_cuda(context).device();
  const TilePlan wide = plan_tiles(device, product, kWide), narrow = plan_tiles(device, product, kNarrow);
  if (narrow.time < wide.time) return start<T, 128>(context, product, narrow);
  start<T, 256>(context, product, wide);
}

// What a tensor map takes: coordinates of 32 bits, strides below 2^40 bytes.
bool is_mappable(const Operand& operand, int64_t depth) {
  return operand.aligned(16) && operand.rows <= INT32_MAX && depth <= INT32_MAX &&
         (operand.rows == 1 || (operand.stride >= depth && operand.stride < int64_t{1} << 39));
}

}  // namespace

bool can_multiply_sm90(const Device& device, const Product& product) {
  return device.is_hopper() && product.x.dtype == product.w.dtype && product.x.dtype != DIO_F32 &&
         product.rows() >= kLeastRows && is_mappable(product.x, product.depth) &&
         is_mappable(product.w, product.depth);
}

void multiply_sm90(Context& context, const Product& product) {
  if (product.x.dtype == DIO_BF16) return start<bf16>(context, product);
  start<f16>(context, product);
}

}  // namespace diorama::cuda

// Products of few rows on CUDA devices, and the sum of the parts of a divided K.
#include "linear_rows.cuh"
#include "linear_splits.cuh"

namespace diorama::cuda {
namespace {

template <typename T, int kRows, int kColumns>
void start(Context& context, const Product& product) {
  const int64_t row_groups = (product.rows() + kRows - 1) / kRows;
  const int64_t column_groups = (product.columns() + kColumns - 1) / kColumns;
  launch(context, "linear of few rows", linear_few_rows<T, kRows, kColumns>,
         {dim3(static_cast<unsigned>(row_groups * column_groups)), dim3(kRowsThreads),
          sizeof(float) * kRowsThreads / 32 * kRows * kColumns},
         product.x, product.w, product.depth, static_cast<int>(row_groups), product.epilogue);
}

}  // namespace

bool can_multiply_few_rows(const Product& product) {
  const auto pack = static_cast<int64_t>(16 / element_size(product.w.dtype));
  const int64_t x_bytes = std::min<int64_t>(16, pack * element_size(product.x.dtype));
  return product.rows() <= 2 * kMostFewRows && product.depth % pack == 0 && product.w.aligned(16) &&
         product.x.aligned(static_cast<std::size_t>(x_bytes));
}

void multiply_few_rows(Context& context, const Product& product) {
  with_float_type(product.w.dtype, [&](auto type) {
    using T = typename decltype(type)::type;
    if (product.rows() == 1) {
      start<T, 1, 4>(context, product);
    } else if (product.rows() <= 4) {
      start<T, 4, 4>(context, product);
    } else {
      start<T, kMostFewRows, 4>(context, product);
    }
  });
}

void add_splits(Context& context, const float* partial, int64_t splits, const Epilogue& epilogue) {
  const int64_t quads = epilogue.rows * ((epilogue.columns + 3) / 4);
  launch(context, "linear, adding the parts of K", linear_add_splits,
         {blocks_for(quads, kSplitThreads), kSplitThreads}, partial, splits, epilogue);
}

}  // namespace diorama::cuda

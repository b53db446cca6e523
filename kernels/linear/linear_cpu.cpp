// SIMD and threads: chooses between the product for few rows and the blocked one.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/linear/linear_cpu.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <omp.h>

#include "kernels/linear/dot-inl.h"
#include "kernels/linear/gemm-inl.h"
#include "kernels/linear/linear.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {
namespace product {
namespace {

// Up to here, reading both operands where they lie beats packing the weights.
constexpr int64_t kFewRows = 32;
// x is packed this many bytes at a time, and threads wait for each other between.
constexpr int64_t kPackedBytes = 32 << 20;

struct Rows {
  const void* data;
  int32_t dtype;
  int64_t stride;
  int64_t rows;   // M
  int64_t depth;  // K
};

template <typename T>
void pack_rows_as(const Rows& x, int64_t row, int64_t panel, int64_t panels, int64_t step, float* to) {
  const T* from = static_cast<const T*>(x.data) + (row + panel * kTileRows) * x.stride;
  const int64_t rows = std::min<int64_t>(kTileRows, x.rows - row - panel * kTileRows);
  for (int64_t k = 0; k < x.depth; k += step) {
    const int64_t length = std::min(step, x.depth - k);
    pack_panel<kTileRows>(from + k, x.stride, rows, length,
                          to + k * panels * kTileRows + panel * kTileRows * length);
  }
}

void pack_rows(const Rows& x, int64_t row, int64_t panel, int64_t panels, int64_t step, float* to) {
  if (x.dtype == DIO_BF16) return pack_rows_as<hwy::bfloat16_t>(x, row, panel, panels, step, to);
  if (x.dtype == DIO_F16) return pack_rows_as<hwy::float16_t>(x, row, panel, panels, step, to);
  pack_rows_as<float>(x, row, panel, panels, step, to);
}

void multiply_blocked(Context& context, const Rows& x, const Weights& w, const Epilogue& epilogue) {
  const int64_t pieces = tiles(x.depth, kDepth);
  const int64_t step = tiles(tiles(x.depth, pieces), 4) * 4;
  const int64_t column_tiles = tiles(w.rows, kTileColumns);
  const int64_t packed_rows = std::max<int64_t>(kPackedBytes / 4 / x.depth, kSuperRows / 2);
  const int64_t rounds = tiles(x.rows, packed_rows);
  const int64_t round_panels = tiles(tiles(x.rows, rounds), kTileRows);
  const double packing = 32.0 / kTileRows * static_cast<double>(tiles(round_panels * kTileRows, kSuperRows));
  const int threads = useful_threads(context.threads(), x.rows, w.rows, x.depth);
  const ThreadGrid grid = choose_grid(threads, round_panels, column_tiles, packing, 1.0);
  float* packed = context.scratch_array<float>(static_cast<std::size_t>(round_panels * kTileRows * x.depth));
  const int64_t weight_floats = Workspace::weight_floats(step);
  const int64_t own_floats = weight_floats + Workspace::sum_floats(round_panels * kTileRows);
  float* own = context.scratch_array<float>(static_cast<std::size_t>(threads * own_floats));
#pragma omp parallel num_threads(threads)
  {
    float* memory = own + omp_get_thread_num() * own_floats;
    for (int64_t row = 0; row < x.rows; row += round_panels * kTileRows) {
      const int64_t row_limit = std::min(round_panels * kTileRows, x.rows - row);
      const int64_t panels = tiles(row_limit, kTileRows);
#pragma omp for schedule(static)
      for (int64_t p = 0; p < panels; ++p) pack_rows(x, row, p, panels, step, packed);
      const Rectangles parts(threads, panels, column_tiles, kSuperRows / kTileRows,
                             kBlockColumns / kTileColumns, grid.rows);
#pragma omp for schedule(dynamic)
      for (int64_t i = 0; i < parts.count(); ++i) {
        const auto [m, n] = parts[i];
        PackedRows source{packed, panels, x.depth, step};
        multiply(source, w, {m.begin * kTileRows, m.end * kTileRows}, row_limit,
                 {n.begin * kTileColumns, n.end * kTileColumns}, row, epilogue,
                 {memory, memory + weight_floats});
      }
    }
  }
}

// ---- few rows
// --------------------------------------------------------------------------------------------------

constexpr int64_t kDotColumns = 96;  // of sums, finished together

template <int kRows, typename T>
void dot_columns(const float* const* x, const T* w, int64_t stride, int64_t columns, int64_t depth,
                 float* c) {
  constexpr int kColumns = kRows == 4 ? 3 : 4;
  const T* column[kColumns];
  int64_t n = 0;
  for (; n + kColumns <= columns; n += kColumns) {
    for (int j = 0; j < kColumns; ++j) column[j] = w + (n + j) * stride;
    dot_tile<kRows, kColumns>(x, column, 1, depth, c + n, kDotColumns);
  }
  for (; n < columns; ++n) {
    column[0] = w + n * stride;
    dot_tile<kRows, 1>(x, column, 1, depth, c + n, kDotColumns);
  }
}

template <typename T>
void dot_block(const float* x, int64_t rows, const T* w, int64_t stride, int64_t columns, int64_t depth,
               float* c) {
  constexpr int64_t kGroup = 12;  // columns whose weights stay in cache while all rows pass
  for (int64_t n = 0; n < columns; n += kGroup) {
    const int64_t count = std::min(kGroup, columns - n);
    for (int64_t m = 0; m < rows; m += 4) {
      const float* row[4];
      for (int64_t i = 0; i < 4; ++i) row[i] = x + std::min(m + i, rows - 1) * depth;
      const T* from = w + n * stride;
      float* to = c + m * kDotColumns + n;
      switch (std::min<int64_t>(4, rows - m)) {
        case 1:
          dot_columns<1>(row, from, stride, count, depth, to);
          break;
        case 2:
          dot_columns<2>(row, from, stride, count, depth, to);
          break;
        case 3:
          dot_columns<3>(row, from, stride, count, depth, to);
          break;
        default:
          dot_columns<4>(row, from, stride, count, depth, to);
      }
    }
  }
}

void dot_block(const float* x, int64_t rows, const Weights& w, int64_t n, int64_t columns, float* c) {
  if (w.dtype == DIO_BF16) {
    const auto* from = static_cast<const hwy::bfloat16_t*>(w.data) + n * w.stride;
    dot_block(x, rows, from, w.stride, columns, w.depth, c);
  } else if (w.dtype == DIO_F16) {
    const auto* from = static_cast<const hwy::float16_t*>(w.data) + n * w.stride;
    dot_block(x, rows, from, w.stride, columns, w.depth, c);
  } else {
    dot_block(x, rows, static_cast<const float*>(w.data) + n * w.stride, w.stride, columns, w.depth, c);
  }
}

void multiply_few_rows(Context& context, const Rows& x, const Weights& w, const Epilogue& epilogue) {
  float* dense = context.scratch_array<float>(static_cast<std::size_t>(x.rows * x.depth));
  for (int64_t m = 0; m < x.rows; ++m) {
    const char* row = static_cast<const char*>(x.data) + m * x.stride * element_size(x.dtype);
    widen(row, x.dtype, 1, x.depth, dense + m * x.depth);
  }
  const int64_t groups = tiles(w.rows, 12);
  const int threads = useful_threads(context.threads(), x.rows, w.rows, x.depth);
  const int tasks = static_cast<int>(std::min<int64_t>(threads, groups));
  float* own = context.scratch_array<float>(static_cast<std::size_t>(tasks * x.rows * kDotColumns));
  const FinishRows finish = finisher(epilogue);
#pragma omp parallel num_threads(tasks)
  for (int64_t task = omp_get_thread_num(); task < tasks; task += omp_get_num_threads()) {
    const Range mine = part_of(groups, task, tasks);
    const int64_t end = std::min(mine.end * 12, w.rows);
    float* sums = own + task * x.rows * kDotColumns;
    for (int64_t n = mine.begin * 12; n < end; n += kDotColumns) {
      const int64_t columns = std::min(kDotColumns, end - n);
      dot_block(dense, x.rows, w, n, columns, sums);
      finish(epilogue, 0, x.rows, n, columns, sums, kDotColumns);
    }
  }
}

void run(Context& context, const Rows& x, const Weights& w, const Epilogue& epilogue) {
  if (x.rows <= kFewRows) {
    multiply_few_rows(context, x, w, epilogue);
  } else {
    multiply_blocked(context, x, w, epilogue);
  }
}

}  // namespace
}  // namespace product

void linear(Context& context, const Tensor& x, const Tensor& w, const Tensor* bias,
            dio_activation_kind activation, const Tensor* gate, const Tensor* index, const Tensor* residual,
            const Tensor& out) {
  const int64_t rows = out.shape[0], columns = out.shape[1];
  if (rows == 0 || columns == 0) return;
  product::Epilogue epilogue;
  epilogue.activation = activation;
  if (bias) {
    float* dense = context.scratch_array<float>(static_cast<std::size_t>(columns));
    widen(bias->data, bias->dtype, bias->strides[0], columns, dense);
    epilogue.bias = dense;
  }
  if (gate) {
    epilogue.gate = data<float>(*gate);
    epilogue.gate_stride = gate->strides[0];
    epilogue.groups = row_groups(gate, index, rows);
  }
  if (residual) {
    epilogue.residual = residual->data;
    epilogue.residual_stride = residual->strides[0];
  }
  epilogue.out = out.data;
  epilogue.out_stride = out.strides[0];
  epilogue.dtype = out.dtype;
  product::run(context, {x.data, x.dtype, x.strides[0], rows, x.shape[1]},
               {w.data, w.dtype, w.strides[0], columns, x.shape[1]}, epilogue);
}

}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace diorama {

HWY_EXPORT(linear);

void linear_cpu(Context& context, const Tensor& x, const Tensor& w, const Tensor* bias,
                dio_activation_kind activation, const Tensor* gate, const Tensor* index,
                const Tensor* residual, const Tensor& out) {
  HWY_DYNAMIC_DISPATCH(linear)(context, x, w, bias, activation, gate, index, residual, out);
}

}  // namespace diorama
#endif

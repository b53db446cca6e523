#pragma once

// A product as the kernels of this folder take it.

#include "epilogue.cuh"
#include "kernels/cuda/launch.h"

namespace diorama::cuda {

// x or w: rows of `depth` neighbours.
struct Operand {
  const void* data = nullptr;
  int64_t rows = 0, stride = 0;  // in elements
  int32_t dtype = DIO_F32;
  bool in_quads = false;  // whether four neighbours may be read at once, from a multiple of four

  // Whether each row begins at a multiple of `bytes`.
  bool aligned(std::size_t bytes) const {
    const auto row = static_cast<std::size_t>(stride) * static_cast<std::size_t>(element_size(dtype));
    return reinterpret_cast<std::uintptr_t>(data) % bytes == 0 && (rows == 1 || row % bytes == 0);
  }
};

struct Product {
  Operand x, w;
  int64_t depth = 0;  // K
  Epilogue epilogue;

  int64_t rows() const { return x.rows; }
  int64_t columns() const { return w.rows; }
  double operations() const {
    return 2.0 * static_cast<double>(rows()) * static_cast<double>(columns()) * static_cast<double>(depth);
  }
};

// Rows of x that one pass over the weights serves.
inline constexpr int kMostFewRows = 8;

// Each adds its kernels to the stream. They throw Error.
//
// On the tensor cores; x and w of one 16-bit dtype, or both f32 and rounded to tf32; K and rows in whole
// multiples of 16 bytes.
void multiply_sm80(Context& context, const Product& product);
// With Hopper's own units; x and w of one 16-bit dtype, rows in whole multiples of 16 bytes.
void multiply_sm90(Context& context, const Product& product);
bool can_multiply_sm90(const Device& device, const Product& product);
// In f32 on the general units, whatever the dtypes and strides.
void multiply_f32(Context& context, const Product& product);
// Few rows, each weight read once; K and the rows of x and w in whole multiples of 16 bytes of w's dtype and
// of the same count of x's.
void multiply_few_rows(Context& context, const Product& product);
bool can_multiply_few_rows(const Product& product);

// Sums over K in `splits` parts, each of [M, N] floats in `partial`, one behind the other: adds them in
// order, and the epilogue.
void add_splits(Context& context, const float* partial, int64_t splits, const Epilogue& epilogue);

// How K is divided among blocks: `splits` parts of steps_per_split steps.
struct Splits {
  int64_t splits = 1, steps_per_split = 1;
};

// So many parts that `tiles` blocks keep the device busy, none of them shorter than eight steps; `at_once`
// blocks share a multiprocessor.
Splits choose_splits(const Device& device, int64_t tiles, int64_t steps, int at_once, int64_t result_size);

// A kernel's tile as the choice between kernels sees it.
struct Tile {
  int64_t rows, columns, step_bytes;
  std::size_t shared_bytes;
  int at_once;        // blocks for whose registers a multiprocessor has room
  double efficiency;  // of a multiprocessor full of them, relative to the best of the same kind
};

struct TilePlan {
  int64_t tiles, steps;
  Splits splits;
  double time;  // of the busiest multiprocessor, in multiplications at full rate
};

TilePlan plan_tiles(const Device& device, const Product& product, const Tile& tile);

// The product without what follows: its parts of K as floats, one behind the other, in scratch memory.
Epilogue parts_of_k(Context& context, const Product& product, int64_t splits);

// Starts kernel(x, w, depth, steps per split, epilogue) once, or for the parts of K and then adds them up.
template <typename Kernel>
void launch_product(Context& context, const char* name, Kernel kernel, int64_t tiles, unsigned threads,
                    std::size_t shared_bytes, const Splits& splits, const Product& product) {
  const LaunchShape shape = {dim3(static_cast<unsigned>(tiles), static_cast<unsigned>(splits.splits)),
                             dim3(threads), shared_bytes};
  if (splits.splits == 1) {
    launch(context, name, kernel, shape, product.x, product.w, product.depth, splits.steps_per_split,
           product.epilogue);
    return;
  }
  const Epilogue sums = parts_of_k(context, product, splits.splits);
  launch(context, name, kernel, shape, product.x, product.w, product.depth, splits.steps_per_split, sums);
  add_splits(context, static_cast<const float*>(sums.out), splits.splits, product.epilogue);
}

}  // namespace diorama::cuda

// Copies between any two layouts and dtypes with threads, and the moves made of them.
#include "codec_cpu.h"

#include <cstring>

#include "layout.h"
#include "../common/convert.h"
#include "../common/elements.h"
#include "../common/strided.h"

namespace diorama {
namespace {

// A block of rows x columns elements, `from` and `to` each with two strides.
struct Block {
  int64_t rows, columns;
  int64_t from_row, from_column, to_row, to_column;
};

template <typename From, typename To, typename Value>
void move_block(const Block& block, const From* from, To* to, Value&& value) {
  for (int64_t r = 0; r < block.rows; ++r) {
    for (int64_t c = 0; c < block.columns; ++c) {
      to[r * block.to_row + c * block.to_column] = value(from[r * block.from_row + c * block.from_column]);
    }
  }
}

// What is moved, by size alone where the dtype stays.
void move_block(const Block& block, int32_t from_dtype, const char* from, int32_t to_dtype, char* to) {
  if (from_dtype != to_dtype) {
    for (int64_t r = 0; r < block.rows; ++r) {
      for (int64_t c = 0; c < block.columns; ++c) {
        const float value = load_float(from, from_dtype, r * block.from_row + c * block.from_column);
        store_float(to, to_dtype, r * block.to_row + c * block.to_column, value);
      }
    }
    return;
  }
  const auto same = [](auto value) { return value; };
  switch (element_size(from_dtype)) {
    case 4:
      return move_block(block, reinterpret_cast<const uint32_t*>(from), reinterpret_cast<uint32_t*>(to),
                        same);
    case 2:
      return move_block(block, reinterpret_cast<const uint16_t*>(from), reinterpret_cast<uint16_t*>(to),
                        same);
    default:
      return move_block(block, reinterpret_cast<const uint8_t*>(from), reinterpret_cast<uint8_t*>(to), same);
  }
}

// The axis along which x is dense, where it is not the last one: then neither reading nor writing alone can
// be dense, and the copy goes by square blocks that stay in the first-level cache.
int dense_axis(const Walk<2>& walk) {
  for (int axis = 0; axis < walk.rank - 1; ++axis) {
    if (walk.strides[1][axis] == 1) return axis;
  }
  return -1;
}

constexpr int64_t kTile = 32;

void copy_by_tiles(Context& context, const Tensor& x, const Tensor& out, Walk<2> walk, int axis) {
  const int last = walk.rank - 1;
  const int64_t rows = walk.shape[axis], columns = walk.shape[last];
  const int64_t row_tiles = (rows + kTile - 1) / kTile, column_tiles = (columns + kTile - 1) / kTile;
  const Block whole = {kTile,
                       kTile,
                       walk.strides[1][axis],
                       walk.strides[1][last],
                       walk.strides[0][axis],
                       walk.strides[0][last]};
  Walk<2> outer = walk;  // over tiles: their steps replace the two axes
  outer.shape[axis] = row_tiles;
  outer.shape[last] = column_tiles;
  for (int n = 0; n < 2; ++n) {
    outer.strides[n][axis] *= kTile;
    outer.strides[n][last] *= kTile;
  }
  const int64_t units = outer.size();
  const int64_t from_size = element_size(x.dtype), to_size = element_size(out.dtype);
  parallel_ranges(context.threads(), units, 16, [&](int64_t begin, int64_t end, int) {
    for (int64_t unit = begin; unit < end; ++unit) {
      int64_t rest = unit, offsets[2] = {}, index[DIO_MAX_RANK];
      for (int a = last; a >= 0; --a) {
        index[a] = rest % outer.shape[a];
        rest /= outer.shape[a];
        for (int n = 0; n < 2; ++n) offsets[n] += index[a] * outer.strides[n][a];
      }
      Block block = whole;
      block.rows = std::min(kTile, rows - index[axis] * kTile);
      block.columns = std::min(kTile, columns - index[last] * kTile);
      move_block(block, x.dtype, data<char>(x) + offsets[1] * from_size, out.dtype,
                 data<char>(out) + offsets[0] * to_size);
    }
  });
}

}  // namespace

void copy_cpu(Context& context, const Tensor& x, const Tensor& out) {
  if (element_count(out) == 0) return;
  const auto walk = make_walk<2>({&out, &x});
  const int last = walk.rank - 1;
  const int64_t to_stride = walk.strides[0][last], from_stride = walk.strides[1][last];
  const bool dense = to_stride == 1 && from_stride == 1;
  if (!dense) {
    const int axis = dense_axis(walk);
    if (axis >= 0) return copy_by_tiles(context, x, out, walk, axis);
  }
  const int64_t from_size = element_size(x.dtype), to_size = element_size(out.dtype);
  for_each_run(context.threads(), walk, 65536, [&](const int64_t* offsets, int64_t n, int) {
    char* to = data<char>(out) + offsets[0] * to_size;
    const char* from = data<char>(x) + offsets[1] * from_size;
    if (!dense) {
      move_block({1, n, 0, from_stride, 0, to_stride}, x.dtype, from, out.dtype, to);
    } else if (x.dtype == out.dtype) {
      std::memcpy(to, from, static_cast<std::size_t>(n * to_size));
    } else {
      convert_floats(from, x.dtype, to, out.dtype, n);
    }
  });
}

void carry_update_cpu(Context& context, const Tensor& x, const Tensor& carry) {
  update_carry(context, x, carry, copy_cpu);
}

void patchify_cpu(Context& context, const Tensor& x, int patch_t, int patch_h, int patch_w,
                  bool channels_first, const Tensor& out) {
  const ViewPair views = patch_views(x, patch_t, patch_h, patch_w, channels_first, out);
  copy_cpu(context, views.from, views.to);
}

void unpatchify_cpu(Context& context, const Tensor& x, int patch_t, int patch_h, int patch_w,
                    bool channels_first, const Tensor& out) {
  const ViewPair views = patch_views(out, patch_t, patch_h, patch_w, channels_first, x);
  copy_cpu(context, views.to, views.from);
}

}  // namespace diorama

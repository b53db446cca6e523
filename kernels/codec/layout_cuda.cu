// Copies between any two layouts and dtypes: by packs where both tensors are dense along one axis, by tiles
// through shared memory where each is dense along another, else element by element. Patches and carried
// frames are made of them.
#include "kernels/codec/codec_cuda.h"
#include "kernels/codec/layout.h"
#include "kernels/cuda/dispatch.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/walk.cuh"

namespace diorama::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kTile = 32;

// From one dtype to another; what keeps its dtype is moved as the unsigned integer of its size.
template <typename To, typename From>
DIO_DEVICE To converted(From value) {
  if constexpr (std::is_same_v<To, From>) {
    return value;
  } else {
    return from_float<To>(to_float(value));
  }
}

// `walk` is over packs.
template <typename From, typename To, int kPack>
__global__ void __launch_bounds__(kThreads) copy_packs(const From* x, To* out, const DeviceWalk<2> walk) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= walk.size) return;
  const auto at = walk.offsets(i);
  const auto values = load_pack<kPack>(x + at[1]);
  Pack<To, kPack> results;
#pragma unroll
  for (int k = 0; k < kPack; ++k) results[k] = converted<To>(values[k]);
  store_pack(out + at[0], results);
}

// A turned copy: out is dense along columns, x along rows.
struct TurnedCopy {
  int64_t rows, columns;
  int64_t x_column, out_row;  // the strides that are not 1
};

template <typename To>
struct TurnedTile {
  To values[kTile][kTile + 4 / sizeof(To)];  // 4 bytes more: rows begin in different banks
};

// `walk` is over tiles, with their rows and columns as its last two axes.
template <typename From, typename To>
__global__ void __launch_bounds__(kThreads)
    copy_turned(const From* x, To* out, const DeviceWalk<2> walk, const TurnedCopy turned) {
  DIO_SHARED(TurnedTile<To>, tile);
  const auto at = walk.offsets(blockIdx.x);
  const int64_t tile_columns = walk.shape[walk.rank - 1], tile_rows = walk.shape[walk.rank - 2];
  const int64_t column = blockIdx.x % tile_columns * kTile,
                row = blockIdx.x / tile_columns % tile_rows * kTile;
  const int lane = threadIdx.x % kTile, line = threadIdx.x / kTile;
#pragma unroll
  for (int i = line; i < kTile; i += kThreads / kTile) {
    if (row + lane < turned.rows && column + i < turned.columns) {
      tile.values[i][lane] = converted<To>(x[at[1] + i * turned.x_column + lane]);
    }
  }
  __syncthreads();
#pragma unroll
  for (int i = line; i < kTile; i += kThreads / kTile) {
    if (row + i < turned.rows && column + lane < turned.columns) {
      out[at[0] + i * turned.out_row + lane] = tile.values[lane][i];
    }
  }
}

// Elements per pack so that both sides are aligned whatever the place; 1 where nothing fits.
template <typename From, typename To>
int pack_of(const Tensor& x, const Tensor& out, const DeviceWalk<2>& walk) {
  const int last = walk.rank - 1;
  int pack = 16 / static_cast<int>(std::max(sizeof(From), sizeof(To)));
  if (walk.strides[0][last] != 1 || walk.strides[1][last] != 1) return 1;
  const auto fits = [&](int count) {
    if (walk.shape[last] % count != 0) return false;
    for (int axis = 0; axis < last; ++axis) {
      if (walk.strides[0][axis] % count != 0 || walk.strides[1][axis] % count != 0) return false;
    }
    return is_aligned(x, count * sizeof(From)) && is_aligned(out, count * sizeof(To));
  };
  return fits(pack) ? pack : 1;
}

// The axis along which x is dense, where that is not the last one and both sides are worth a tile; else -1.
int turned_axis(const DeviceWalk<2>& walk) {
  const int last = walk.rank - 1;
  if (walk.strides[0][last] != 1 || walk.strides[1][last] == 1 || walk.shape[last] < 4) return -1;
  for (int axis = 0; axis < last; ++axis) {
    if (walk.strides[1][axis] == 1 && walk.shape[axis] >= 4) return axis;
  }
  return -1;
}

template <typename From, typename To>
void copy_turned_tiles(Context& context, const Tensor& x, const Tensor& out, DeviceWalk<2> walk, int axis) {
  const int last = walk.rank - 1;
  const TurnedCopy turned = {walk.shape[axis], walk.shape[last], walk.strides[1][last],
                             walk.strides[0][axis]};
  // Rows of tiles become the last axis but one.
  for (int a = axis; a + 1 < last; ++a) {
    std::swap(walk.shape[a], walk.shape[a + 1]);
    for (auto& strides : walk.strides) std::swap(strides[a], strides[a + 1]);
  }
  walk.size = 1;
  for (int a = 0; a <= last; ++a) {
    if (a >= last - 1) {
      walk.shape[a] = (walk.shape[a] + kTile - 1) / kTile;
      for (auto& strides : walk.strides) strides[a] *= kTile;
    }
    walk.size *= walk.shape[a];
  }
  launch(context, "copy", copy_turned<From, To>,
         {static_cast<unsigned>(walk.size), kThreads, sizeof(TurnedTile<To>)}, data<From>(x), data<To>(out),
         walk, turned);
}

template <typename From, typename To>
void copy_as(Context& context, const Tensor& x, const Tensor& out) {
  DeviceWalk<2> walk = make_device_walk<2>({&out, &x});
  const int axis = turned_axis(walk);
  if (axis >= 0) return copy_turned_tiles<From, To>(context, x, out, walk, axis);
  constexpr int kWide = 16 / static_cast<int>(std::max(sizeof(From), sizeof(To)));
  const int pack = pack_of<From, To>(x, out, walk);
  if (pack > 1) {
    const int last = walk.rank - 1;
    walk.size /= pack;
    walk.shape[last] /= pack;
    for (auto& strides : walk.strides) strides[last] *= pack;
  }
  launch(context, "copy", pack > 1 ? copy_packs<From, To, kWide> : copy_packs<From, To, 1>,
         {blocks_for(walk.size, kThreads), kThreads}, data<From>(x), data<To>(out), walk);
}

}  // namespace

void copy_cuda(Context& context, const Tensor& x, const Tensor& out) {
  if (element_count(out) == 0) return;
  if (x.dtype == out.dtype) {
    switch (element_size(x.dtype)) {
      case 4:
        return copy_as<uint32_t, uint32_t>(context, x, out);
      case 2:
        return copy_as<uint16_t, uint16_t>(context, x, out);
      default:
        return copy_as<uint8_t, uint8_t>(context, x, out);
    }
  }
  with_float_type(x.dtype, [&](auto from) {
    with_float_type(out.dtype, [&](auto to) {
      using From = typename decltype(from)::type;
      using To = typename decltype(to)::type;
      if constexpr (!std::is_same_v<From, To>) copy_as<From, To>(context, x, out);
    });
  });
}

void carry_update_cuda(Context& context, const Tensor& x, const Tensor& carry) {
  update_carry(context, x, carry, copy_cuda);
}

void patchify_cuda(Context& context, const Tensor& x, int patch_t, int patch_h, int patch_w,
                   bool channels_first, const Tensor& out) {
  const ViewPair views = patch_views(x, patch_t, patch_h, patch_w, channels_first, out);
  copy_cuda(context, views.from, views.to);
}

void unpatchify_cuda(Context& context, const Tensor& x, int patch_t, int patch_h, int patch_w,
                     bool channels_first, const Tensor& out) {
  const ViewPair views = patch_views(out, patch_t, patch_h, patch_w, channels_first, x);
  copy_cuda(context, views.to, views.from);
}

}  // namespace diorama::cuda

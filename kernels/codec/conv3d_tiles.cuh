#pragma once

// What both convolution kernels share: where a block's tile lies, the order of steps, the loads into shared
// memory, and the end: bias, residual, store.
//
// A step multiplies the pixels of a tile by one tap's weights for one row of channels. Steps go tap by tap
// within a row of channels, so that a patch loaded once serves all taps of height and width.

#include "kernels/codec/conv3d_plan.h"
#include "kernels/cuda/ptx_sm90.cuh"

namespace diorama::cuda {

// How rows of channels lie in shared memory, in vectors of 16 bytes: eight neighbouring rows touch all banks,
// whatever row they begin at.
//
// Rows of 4 vectors, vector v of row r at place v ^ (r / 2 % 4).
struct ShortRows {
  static constexpr int kBytes = 64, kVectors = 4, kStages = kAhead + 1;
  static constexpr bool kForAsyncProxy = false;
  DIO_DEVICE static int at(int row, int vector) { return row * kBytes + ((vector ^ (row >> 1 & 3)) << 4); }
};

// Rows of 8 vectors of which the first kUsed are, in wgmma's 128-byte swizzle. A product reads its weights
// beside the threads that asked for it, so that a stage is free one step later.
template <int kUsed>
struct SwizzledRows {
  static constexpr int kBytes = 128, kVectors = kUsed, kStages = kAhead + 2;
  static constexpr bool kForAsyncProxy = true;
  DIO_DEVICE static int at(int row, int vector) { return row * kBytes + ((vector ^ (row & 7)) << 4); }
};

// What a block computes.
struct ConvTile {
  int batch, frame, y, x;  // of out, the first pixel
  int column;              // the first output channel
  int patch_y, patch_x;  // the patch's first pixel in x; without halo in x enlarged, before the tap is added
  int first_tap;         // in time: those before it see only zeros

  DIO_DEVICE ConvTile(const Conv3dPlan& plan, int64_t block, int columns) {
    column = static_cast<int>(block % plan.column_tiles) * columns;
    block /= plan.column_tiles;
    x = static_cast<int>(block % plan.tiles_x) << plan.tile_width_log2;
    block /= plan.tiles_x;
    y = static_cast<int>(block % plan.tiles_y) * plan.tile_height;
    block /= plan.tiles_y;
    frame = static_cast<int>(block % plan.out_frames);
    batch = static_cast<int>(block / plan.out_frames);
    const int shift = plan.halo ? plan.enlarge_shift : 0;
    patch_y = (y * plan.stride_h - plan.pad_top) >> shift;
    patch_x = (x * plan.stride_w - plan.pad_left) >> shift;
    const int missing = plan.frames_before - plan.carried - frame * plan.stride_t;
    first_tap = missing > 0 ? missing : 0;
  }
};

struct ConvStep {
  int tap_t, channel, tap_y, tap_x;

  DIO_DEVICE void advance(const Conv3dPlan& plan, int row_channels) {
    if (++tap_x < plan.kernel_w) return;
    tap_x = 0;
    if (++tap_y < plan.kernel_h) return;
    tap_y = 0;
    next_patch(row_channels, plan);
  }
  DIO_DEVICE void next_patch(int row_channels, const Conv3dPlan& plan) {
    channel += row_channels;
    if (channel < plan.channels) return;
    channel = 0;
    ++tap_t;
  }
};

// The rows of the patch that a tile's pixel reads: where its column and row of pixels begin, packed as y <<
// 16 | x, so that a tap is added to both at once.
struct PatchRows {
  int step_y, step_x, shift, offset, width;

  DIO_DEVICE PatchRows(const Conv3dPlan& plan, const ConvTile& tile) {
    step_y = plan.halo ? plan.stride_h : 1;
    step_x = plan.halo ? plan.stride_w : 1;
    shift = plan.halo ? plan.enlarge_shift : 0;
    width = plan.patch_width;
    const int odd_y = tile.y * plan.stride_h - plan.pad_top - tile.patch_y * (1 << shift);
    const int odd_x = tile.x * plan.stride_w - plan.pad_left - tile.patch_x * (1 << shift);
    offset = plan.halo ? odd_y << 16 | odd_x : 0;
  }
  DIO_DEVICE int place(const Conv3dPlan& plan, int pixel) const {
    const int y = pixel >> plan.tile_width_log2, x = pixel & ((1 << plan.tile_width_log2) - 1);
    return (y * step_y << 16 | x * step_x) + offset;
  }
  DIO_DEVICE int tap(const Conv3dPlan& plan, const ConvStep& step) const {
    return plan.halo ? step.tap_y << 16 | step.tap_x : 0;
  }
  DIO_DEVICE int row(int place) const {
    return (place >> (16 + shift)) * width + ((place & 0xffff) >> shift);
  }
};

// How elements get into shared memory as T. Copied asynchronously, 16 aligned bytes at a time ...
template <typename T>
struct AsyncRows {
  using Element = T;
  static constexpr bool kAsync = true;
  const T* from;
  DIO_DEVICE AsyncRows(const void* data, int32_t) : from(static_cast<const T*>(data)) {}
  DIO_DEVICE void load(void* to, int64_t offset, int count, bool valid) const {
    valid = valid && count > 0;
    cp_async_16(to, from + (valid ? offset : 0), valid);
  }
};

// ... or converted element by element, from any dtype and address.
template <typename T>
struct ConvertedRows {
  using Element = T;
  static constexpr bool kAsync = false;
  AnyFloats from;
  DIO_DEVICE ConvertedRows(const void* data, int32_t dtype) {
    from.data = data;
    from.dtype = dtype;
  }
  DIO_DEVICE void load(void* to, int64_t offset, int count, bool valid) const {
    Pack<T, kPackOf<T>> pack;
#pragma unroll
    for (int i = 0; i < kPackOf<T>; ++i) {
      pack[i] = from_float<T>(valid && i < count ? from[offset + i] : 0.0f);
    }
    store_pack(static_cast<T*>(to), pack);
  }
};

template <typename Place, typename Rows>
DIO_DEVICE void load_weights(const Conv3dPlan& plan, const ConvTile& tile, const ConvStep& step, int columns,
                             unsigned char* to) {
  constexpr int kVector = kPackOf<typename Rows::Element>;
  const Rows rows(plan.w, plan.w_dtype);
  const int64_t tap =
      step.tap_t * plan.w_strides[1] + step.tap_y * plan.w_strides[2] + step.tap_x * plan.w_strides[3];
  for (int i = threadIdx.x; i < columns * Place::kVectors; i += kConvThreads) {
    const int row = i / Place::kVectors, vector = i % Place::kVectors;
    const int channel = step.channel + vector * kVector, column = tile.column + row;
    rows.load(to + Place::at(row, vector), column * plan.w_strides[0] + tap + channel,
              plan.channels - channel, column < plan.out_channels);
  }
}

template <typename Place, typename Rows>
DIO_DEVICE void load_patch(const Conv3dPlan& plan, const ConvTile& tile, const ConvStep& step,
                           unsigned char* to) {
  constexpr int kVector = kPackOf<typename Rows::Element>;
  const int frame = tile.frame * plan.stride_t + step.tap_t - plan.frames_before;
  const bool carried = frame < 0;
  const Rows rows(carried ? plan.carry : plan.x, plan.x_dtype);
  const int64_t* strides = carried ? plan.carry_strides : plan.x_strides;
  const int64_t first = tile.batch * strides[0] + (carried ? frame + plan.carried : frame) * strides[1];
  const int64_t stride_y = strides[2], stride_x = strides[3];
  const int shift = plan.halo ? 0 : plan.enlarge_shift;
  const int step_y = plan.halo ? 1 : plan.stride_h, step_x = plan.halo ? 1 : plan.stride_w;
  const int first_y = tile.patch_y + (plan.halo ? 0 : step.tap_y);
  const int first_x = tile.patch_x + (plan.halo ? 0 : step.tap_x);
  for (int i = threadIdx.x; i < plan.patch_pixels * Place::kVectors; i += kConvThreads) {
    const int row = i / Place::kVectors, vector = i % Place::kVectors;
    const int channel = step.channel + vector * kVector;
    const int patch_y =
        static_cast<int>(static_cast<unsigned>(row) * plan.patch_width_reciprocal >> kReciprocalShift);
    int y = (first_y + patch_y * step_y) >> shift;
    int x = (first_x + (row - patch_y * plan.patch_width) * step_x) >> shift;
    bool valid = true;
    if (plan.replicate) {
      y = y < 0 ? 0 : y >= plan.height ? plan.height - 1 : y;
      x = x < 0 ? 0 : x >= plan.width ? plan.width - 1 : x;
    } else {
      valid = y >= 0 && y < plan.height && x >= 0 && x < plan.width;
    }
    rows.load(to + Place::at(row, vector), first + y * stride_y + x * stride_x + channel,
              plan.channels - channel, valid);
  }
}

// Loads ahead of the steps. Weights have a ring of Place::kStages, patches one of plan.patch_count; every
// step commits one group of copies, so that waiting for all but the last kAhead - 1 of them makes step `at`
// whole.
template <typename Place, typename Rows, int kColumns>
struct ConvPipeline {
  static constexpr int kRowChannels = Place::kVectors * kPackOf<typename Rows::Element>;
  static constexpr int kStages = Place::kStages;
  static constexpr int kWeightBytes = kColumns * Place::kBytes;

  const Conv3dPlan& plan;
  const ConvTile& tile;
  unsigned char* weights;
  unsigned char* patches;
  int steps, taps_per_patch;
  ConvStep weight_step, patch_step;
  int weights_loaded = 0, patches_loaded = 0;
  int next_patch_at = 0;                // the step that makes room for a patch
  int weight_slot = 0, patch_slot = 0;  // of the next loads

  DIO_DEVICE ConvPipeline(const Conv3dPlan& plan_, const ConvTile& tile_, unsigned char* memory)
      : plan(plan_), tile(tile_), weights(memory), patches(memory + kStages * kWeightBytes) {
    const int rows = (plan.channels + kRowChannels - 1) / kRowChannels;
    const int taps_t = plan.kernel_t > tile.first_tap ? plan.kernel_t - tile.first_tap : 0;
    const int taps = plan.kernel_h * plan.kernel_w;
    steps = taps_t * rows * taps;
    taps_per_patch = plan.halo ? taps : 1;
    weight_step = patch_step = {tile.first_tap, 0, 0, 0};
  }

  DIO_DEVICE void load_next_weights() {
    if (weights_loaded < steps) {
      load_weights<Place, Rows>(plan, tile, weight_step, kColumns, weights + weight_slot * kWeightBytes);
      weight_step.advance(plan, kRowChannels);
    }
    ++weights_loaded;
    weight_slot = weight_slot + 1 == kStages ? 0 : weight_slot + 1;
  }
  DIO_DEVICE void load_next_patch() {
    if (patches_loaded * taps_per_patch < steps) {
      load_patch<Place, Rows>(plan, tile, patch_step,
                              patches + patch_slot * plan.patch_pixels * Place::kBytes);
      if (plan.halo) {
        patch_step.next_patch(kRowChannels, plan);
      } else {
        patch_step.advance(plan, kRowChannels);
      }
    }
    ++patches_loaded;
    patch_slot = patch_slot + 1 == plan.patch_count ? 0 : patch_slot + 1;
  }

  DIO_DEVICE void begin() {
    for (int i = 0; i + 1 < plan.patch_count; ++i) load_next_patch();
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      load_next_weights();
      cp_async_commit();
    }
  }
  // Step `at` is in shared memory for all threads, and the next loads are under way into memory that all
  // threads have finished with: that of step at - 1, or with asynchronous products at - 2.
  DIO_DEVICE void arrive(int at) {
    cp_async_wait<kAhead - 1>();
    if constexpr (Place::kForAsyncProxy) fence_proxy_async();
    __syncthreads();
    load_next_weights();
    if (at == next_patch_at) {
      load_next_patch();
      next_patch_at += taps_per_patch;
    }
    cp_async_commit();
  }
};

// out[offset ...] = values + residual, four output channels of a pixel at once or fewer at the end.
DIO_DEVICE void finish_pixel(const Conv3dPlan& plan, const ConvTile& tile, int pixel, int column,
                             Pack<float, 4> values) {
  const int y = tile.y + (pixel >> plan.tile_width_log2);
  const int x = tile.x + (pixel & ((1 << plan.tile_width_log2) - 1));
  if (y >= plan.out_height || x >= plan.out_width || column >= plan.out_channels) return;
  const int64_t at =
      (((static_cast<int64_t>(tile.batch) * plan.out_frames + tile.frame) * plan.out_height + y) *
           plan.out_width +
       x) *
          plan.out_channels +
      column;
  const int64_t added = tile.batch * plan.residual_strides[0] + tile.frame * plan.residual_strides[1] +
                        y * plan.residual_strides[2] + x * plan.residual_strides[3] + column;
  const int count = plan.out_channels - column;
  if (plan.bias) {
#pragma unroll
    for (int i = 0; i < 4; ++i) values[i] += i < count ? plan.bias[column + i] : 0.0f;
  }
  const auto store = [&](auto* out, const auto* residual) {
    using U = std::remove_reference_t<decltype(*out)>;
    if (plan.out_packs) {
      if (residual) {
        const Pack<U, 4> pack = load_pack<4>(residual + added);
#pragma unroll
        for (int i = 0; i < 4; ++i) values[i] += to_float(pack[i]);
      }
      Pack<U, 4> result;
#pragma unroll
      for (int i = 0; i < 4; ++i) result[i] = from_float<U>(values[i]);
      store_pack(out + at, result);
    } else {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        if (i < count)
          out[at + i] = from_float<U>(values[i] + (residual ? to_float(residual[added + i]) : 0.0f));
      }
    }
  };
  switch (plan.out_dtype) {
    case DIO_F16:
      return store(static_cast<f16*>(plan.out), static_cast<const f16*>(plan.residual));
    case DIO_BF16:
      return store(static_cast<bf16*>(plan.out), static_cast<const bf16*>(plan.residual));
    default:
      return store(static_cast<float*>(plan.out), static_cast<const float*>(plan.residual));
  }
}

}  // namespace diorama::cuda

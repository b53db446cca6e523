#pragma once

// How a convolution is cut into tiles on a CUDA device: computed once on the host, read by every thread.

#include "kernels/cuda/dispatch.h"
#include "operations.h"

namespace diorama::cuda {

// Steps whose weights are under way while one is multiplied.
inline constexpr int kAhead = 3;
inline constexpr int kConvThreads = 256;

// What a kernel's tiles are: the host cuts the pixels by it.
struct Conv3dTiling {
  int pixels, columns;        // of a block's tile
  int row_bytes;              // of a pixel, or of an output channel's weights, in shared memory
  int stages;                 // the ring of weights
  std::size_t staging_bytes;  // needed at the end
};

struct Conv3dPlan {
  const void* x = nullptr;
  const void* carry = nullptr;
  const void* w = nullptr;
  int32_t x_dtype = DIO_F32, w_dtype = DIO_F32;
  int64_t x_strides[4] = {};      // batch, frame, row, pixel
  int64_t carry_strides[4] = {};  // likewise
  int64_t w_strides[4] = {};      // output channel, then taps in time, height, width
  int carried = 0;                // frames of carry
  int height = 0, width = 0, channels = 0;
  int kernel_t = 1, kernel_h = 1, kernel_w = 1;
  int stride_t = 1, stride_h = 1, stride_w = 1;
  int frames_before = 0, pad_top = 0, pad_left = 0;
  int enlarge_shift = 0;  // 1: every pixel stands for 2 x 2
  bool replicate = false;

  AnyFloats bias;
  const void* residual = nullptr;
  int64_t residual_strides[4] = {};
  void* out = nullptr;
  int32_t out_dtype = DIO_F32;
  int out_frames = 1, out_height = 1, out_width = 1, out_channels = 1;
  bool out_packs = false;  // four output channels lie together and aligned, in out and residual

  // A block makes 2^tile_width_log2 columns of pixels, and as many rows as fill its tile, by one tile of
  // output channels.
  int tile_width_log2 = 3, tile_height = 1;
  int tiles_x = 1, tiles_y = 1, column_tiles = 1;
  // The patch: the pixels whose products are taken while it stays in shared memory. With `halo` it serves all
  // taps of a frame, and taps are shifts in it; else one tap alone, gathered pixel by pixel.
  bool halo = false;
  int patch_width = 1, patch_pixels = 1;
  unsigned patch_width_reciprocal = 0;  // n / patch_width = n * this >> kReciprocalShift
  int patch_count = 1;                  // the ring of patches
  std::size_t shared_bytes = 0;
};

inline constexpr int kReciprocalShift = 20;
inline constexpr int kMaxPatchPixels = 4096;  // for which that is exact, up to as wide a patch of 256

// The plan for tiles of this kind in at most shared_limit bytes.
Conv3dPlan plan_conv3d(const Tensor& x, const Tensor* carry, const Tensor& w, const Tensor* bias,
                       const Tensor* residual, const dio_conv3d_params& params, const Tensor& out,
                       const Conv3dTiling& tiling, std::size_t shared_limit);

// Up to here a narrow tile wastes less.
inline constexpr int64_t kFewColumns = 16;

// Blocks of the grid.
inline int64_t block_count(const Conv3dPlan& plan, int64_t batches) {
  return batches * plan.out_frames * plan.tiles_x * plan.tiles_y * plan.column_tiles;
}

// Tensor cores: x and w of one 16-bit dtype T, given by x's dtype. `aligned`: 16 bytes of channels lie
// together and aligned in x, carry and w.
void conv3d_mma(Context& context, const Tensor& x, const Tensor* carry, const Tensor& w, const Tensor* bias,
                const Tensor* residual, const dio_conv3d_params& params, const Tensor& out, bool aligned);
// The same by wgmma, for tensors that are aligned, more than kFewColumns output channels and a 16-bit out.
void conv3d_wgmma(Context& context, const Tensor& x, const Tensor* carry, const Tensor& w, const Tensor* bias,
                  const Tensor* residual, const dio_conv3d_params& params, const Tensor& out);
// f32 arithmetic for all other pairs of dtypes.
void conv3d_ffma(Context& context, const Tensor& x, const Tensor* carry, const Tensor& w, const Tensor* bias,
                 const Tensor* residual, const dio_conv3d_params& params, const Tensor& out, bool aligned);

}  // namespace diorama::cuda

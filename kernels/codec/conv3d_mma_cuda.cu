// Convolution on tensor cores (mma.sync, sm_80 and later): an implicit product of pixels by taps and
// channels, without a patch matrix.
//
// A block of 8 warps makes 256 pixels of one frame by kColumns output channels. The pixels' channels come
// into shared memory once for all taps of height and width, with the border around them; a tap is then a
// shift of the rows that ldmatrix reads. Only weights are loaded tap by tap.
#include "kernels/codec/conv3d_tiles.cuh"
#include "kernels/cuda/launch.h"

namespace diorama::cuda {
namespace {

constexpr int kPixels = 256;

// How the tile is shared among the warps.
template <int kColumns>
struct MmaTile {
  static constexpr int kWarpsAcross = kColumns >= 96 ? 2 : 1;
  static constexpr int kWarpPixels = kPixels / (8 / kWarpsAcross);
  static constexpr int kWarpColumns = kColumns / kWarpsAcross;
  static constexpr int kRowTiles = kWarpPixels / 16, kColumnTiles = kWarpColumns / 8;
  // A row of sums on their way to memory; 8 floats more keep the rows in different banks.
  static constexpr int kStagedRow = kWarpColumns + 8;
};

template <int kColumns>
struct alignas(16) MmaShared {
  union {
    unsigned char ring[ShortRows::kStages * kColumns * ShortRows::kBytes];  // then the patches
    float staging[8][16][MmaTile<kColumns>::kStagedRow];
  };
};

// kPrecise: the tensor cores cut off what an addition loses instead of rounding it, which shows in f32 after
// hundreds of additions. Then each step's sum begins at zero and is added to the others in f32.
template <typename T, int kColumns, typename Rows, bool kPrecise>
__global__ void __launch_bounds__(kConvThreads, 1) conv3d_by_mma(const Conv3dPlan plan) {
  using Tile = MmaTile<kColumns>;
  constexpr int kRowTiles = Tile::kRowTiles, kColumnTiles = Tile::kColumnTiles;
  DIO_SHARED(MmaShared<kColumns>, shared);
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int warp_pixel = warp / Tile::kWarpsAcross * Tile::kWarpPixels;
  const int warp_column = warp % Tile::kWarpsAcross * Tile::kWarpColumns;

  const ConvTile tile(plan, blockIdx.x, kColumns);
  const PatchRows patch_rows(plan, tile);
  ConvPipeline<ShortRows, Rows, kColumns> pipeline(plan, tile, shared.ring);
  pipeline.begin();

  // ldmatrix: lanes 0 to 15 give the rows of pixels, the upper half of the warp the next 8 channels.
  int places[kRowTiles];
#pragma unroll
  for (int i = 0; i < kRowTiles; ++i) places[i] = patch_rows.place(plan, warp_pixel + i * 16 + lane % 16);
  const int half = lane / 16;
  // And of weights: two matrices of 8 output channels, each with its two halves of 16 channels.
  const int weight_at = ShortRows::at(warp_column + lane / 16 * 8 + lane % 8, lane / 8 % 2);

  float sums[kRowTiles][kColumnTiles][4] = {};
  ConvStep step = {tile.first_tap, 0, 0, 0};
  int patch_slot = 0, taps_left = pipeline.taps_per_patch, weight_slot = 0;
  for (int at = 0; at < pipeline.steps; ++at) {
    pipeline.arrive(at);
    const unsigned char* patch = pipeline.patches + patch_slot * plan.patch_pixels * ShortRows::kBytes;
    const unsigned char* weights = pipeline.weights + weight_slot * pipeline.kWeightBytes;
    const int tap = patch_rows.tap(plan, step);
    int pixels_at[kRowTiles];
#pragma unroll
    for (int i = 0; i < kRowTiles; ++i) pixels_at[i] = ShortRows::at(patch_rows.row(places[i] + tap), half);

    // The second 16 channels lie two vectors further: bit 5 of the address.
    const bool both = plan.channels - step.channel > 16;
    if constexpr (kPrecise) {
      uint32_t pixels[2][kRowTiles][4];
#pragma unroll
      for (int i = 0; i < kRowTiles; ++i) {
        ldmatrix_x4(pixels[0][i], patch + pixels_at[i]);
        ldmatrix_x4(pixels[1][i], patch + (pixels_at[i] ^ 32));
      }
#pragma unroll
      for (int j = 0; j < kColumnTiles; j += 2) {
        uint32_t first[4], second[4];
        ldmatrix_x4(first, weights + weight_at + j * 8 * ShortRows::kBytes);
        ldmatrix_x4(second, weights + (weight_at ^ 32) + j * 8 * ShortRows::kBytes);
#pragma unroll
        for (int n = 0; n < 2; ++n) {
          const uint32_t left[2] = {first[2 * n], first[2 * n + 1]};
          const uint32_t right[2] = {second[2 * n], second[2 * n + 1]};
#pragma unroll
          for (int i = 0; i < kRowTiles; ++i) {
            float partial[4] = {};
            mma_m16n8k16<T>(partial, pixels[0][i], left);
            if (both) mma_m16n8k16<T>(partial, pixels[1][i], right);
#pragma unroll
            for (int e = 0; e < 4; ++e) sums[i][j + n][e] += partial[e];
          }
        }
      }
    } else {
#pragma unroll
      for (int k = 0; k < 2; ++k) {
        if (k == 1 && !both) break;
        uint32_t pixels[kRowTiles][4];
#pragma unroll
        for (int i = 0; i < kRowTiles; ++i) ldmatrix_x4(pixels[i], patch + (pixels_at[i] ^ k * 32));
#pragma unroll
        for (int j = 0; j < kColumnTiles; j += 2) {
          uint32_t pair[4];
          ldmatrix_x4(pair, weights + (weight_at ^ k * 32) + j * 8 * ShortRows::kBytes);
          const uint32_t left[2] = {pair[0], pair[1]}, right[2] = {pair[2], pair[3]};
#pragma unroll
          for (int i = 0; i < kRowTiles; ++i) {
            mma_m16n8k16<T>(sums[i][j], pixels[i], left);
            mma_m16n8k16<T>(sums[i][j + 1], pixels[i], right);
          }
        }
      }
    }

    step.advance(plan, pipeline.kRowChannels);
    weight_slot = weight_slot + 1 == pipeline.kStages ? 0 : weight_slot + 1;
    if (--taps_left == 0) {
      taps_left = pipeline.taps_per_patch;
      patch_slot = patch_slot + 1 == plan.patch_count ? 0 : patch_slot + 1;
    }
  }
  cp_async_wait<0>();
  __syncthreads();  // the ring becomes staging

  auto& staging = shared.staging[warp];
#pragma unroll
  for (int i = 0; i < kRowTiles; ++i) {
    const int row = lane / 4, column = lane % 4 * 2;
#pragma unroll
    for (int j = 0; j < kColumnTiles; ++j) {
      store_pack(&staging[row][j * 8 + column], Pack<float, 2>{sums[i][j][0], sums[i][j][1]});
      store_pack(&staging[row + 8][j * 8 + column], Pack<float, 2>{sums[i][j][2], sums[i][j][3]});
    }
    __syncwarp();
    constexpr int kPacks = Tile::kWarpColumns / 4;
#pragma unroll 1
    for (int pack = lane; pack < 16 * kPacks; pack += 32) {
      const int pixel = pack / kPacks, from = pack % kPacks * 4;
      finish_pixel(plan, tile, warp_pixel + i * 16 + pixel, tile.column + warp_column + from,
                   load_pack<4>(&staging[pixel][from]));
    }
    __syncwarp();
  }
}

template <typename T, int kColumns, typename Rows, bool kPrecise>
void run(Context& context, const Tensor& x, const Tensor* carry, const Tensor& w, const Tensor* bias,
         const Tensor* residual, const dio_conv3d_params& params, const Tensor& out) {
  const Conv3dPlan plan =
      plan_conv3d(x, carry, w, bias, residual, params, out,
                  {kPixels, kColumns, ShortRows::kBytes, ShortRows::kStages, sizeof(MmaShared<kColumns>)},
                  on_cuda(context).device().shared_bytes_per_block);
  launch(context, "conv3d", conv3d_by_mma<T, kColumns, Rows, kPrecise>,
         {static_cast<unsigned>(block_count(plan, x.shape[0])), kConvThreads, plan.shared_bytes}, plan);
}

template <typename T>
void choose(Context& context, const Tensor& x, const Tensor* carry, const Tensor& w, const Tensor* bias,
            const Tensor* residual, const dio_conv3d_params& params, const Tensor& out, bool aligned) {
  const int64_t columns = out.shape[4];
  // Output channels beyond the last are multiplied as well: the width that wastes least.
  const int64_t by_96 = (columns + 95) / 96 * 96, by_128 = (columns + 127) / 128 * 128;
  const auto kernel = !aligned                 ? run<T, 96, ConvertedRows<T>, true>
                      : columns <= kFewColumns ? run<T, 16, AsyncRows<T>, true>
                      : out.dtype == DIO_F32   ? run<T, 96, AsyncRows<T>, true>
                      : by_128 <= by_96        ? run<T, 128, AsyncRows<T>, false>
                                               : run<T, 96, AsyncRows<T>, false>;
  kernel(context, x, carry, w, bias, residual, params, out);
}

}  // namespace

void conv3d_mma(Context& context, const Tensor& x, const Tensor* carry, const Tensor& w, const Tensor* bias,
                const Tensor* residual, const dio_conv3d_params& params, const Tensor& out, bool aligned) {
  (x.dtype == DIO_F16 ? choose<f16> : choose<bf16>)(context, x, carry, w, bias, residual, params, out,
                                                    aligned);
}

}  // namespace diorama::cuda

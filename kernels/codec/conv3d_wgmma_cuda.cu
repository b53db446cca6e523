// Convolution on Hopper (wgmma, sm_90a): conv3d_mma_cuda.cu's product and patches with the warpgroups' own
// instruction.
//
// Two warpgroups make 128 pixels each by kColumns output channels. Pixels go from the patch into registers by
// ldmatrix, since a tap shifts rows in a way that no matrix descriptor can say; weights are read from shared
// memory. A warpgroup's two tiles of 64 take turns: while the products of one run, the other's pixels, and
// the next step's barrier and loads, go on.
#include "kernels/codec/conv3d_tiles.cuh"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/reduce.cuh"

namespace diorama::cuda {
namespace {

constexpr int kPixels = 256;

// kSlices: of 16 channels, of a step.
template <int kColumns, int kSlices>
struct WgmmaTile {
  using Place = SwizzledRows<2 * kSlices>;
  struct alignas(1024) Shared {
    union {
      unsigned char ring[Place::kStages * kColumns * Place::kBytes];  // then the patches
      float staging[8][16][kColumns + 8];  // 8 more keep the rows in different banks
    };
  };
};

template <typename T, int kColumns, int kSlices>
__global__ void __launch_bounds__(kConvThreads, 1) conv3d_by_wgmma(const Conv3dPlan plan) {
#if defined(DIO_ARCH_HOPPER)
  using Tile = WgmmaTile<kColumns, kSlices>;
  using Place = typename Tile::Place;
  constexpr int kRowTiles = kPixels / 128;  // of 64 pixels, of a warpgroup
  DIO_SHARED(typename Tile::Shared, shared);
  // By a shuffle, so that the compiler knows it to be the same in all lanes.
  const int warp = __shfl_sync(kFullWarp, static_cast<int>(threadIdx.x) / 32, 0);
  const int lane = threadIdx.x % 32;
  const int warp_pixel = warp / 4 * 64 * kRowTiles + warp % 4 * 16;

  const ConvTile tile(plan, blockIdx.x, kColumns);
  const PatchRows patch_rows(plan, tile);
  ConvPipeline<Place, AsyncRows<T>, kColumns> pipeline(plan, tile, shared.ring);
  pipeline.begin();

  // ldmatrix: lanes 0 to 15 give the rows of pixels, the upper half of the warp the next 8 channels.
  int places[kRowTiles];
#pragma unroll
  for (int i = 0; i < kRowTiles; ++i) places[i] = patch_rows.place(plan, warp_pixel + i * 64 + lane % 16);
  const int half = lane / 16;

  float sums[kRowTiles][kColumns / 2];  // the first products replace what is in them
  ConvStep step = {tile.first_tap, 0, 0, 0};
  int patch_slot = 0, taps_left = pipeline.taps_per_patch, weight_slot = 0;
  uint32_t pixels[kRowTiles][kSlices][4];
#pragma unroll 1
  for (int at = 0; at < pipeline.steps; ++at) {
    pipeline.arrive(at);
    const unsigned char* patch = pipeline.patches + patch_slot * plan.patch_pixels * Place::kBytes;
    const uint64_t weights = wgmma_tile(pipeline.weights + weight_slot * pipeline.kWeightBytes, 1024);
    const int tap = patch_rows.tap(plan, step);
#pragma unroll
    for (int i = 0; i < kRowTiles; ++i) {
      wgmma_wait<kRowTiles - 1>();  // the tile's own products of the step before: its registers are free
      wgmma_hold(pixels[i]);
      const int row = patch_rows.row(places[i] + tap);
#pragma unroll
      for (int k = 0; k < kSlices; ++k) ldmatrix_x4(pixels[i][k], patch + Place::at(row, 2 * k + half));
      wgmma_fence();
#pragma unroll
      for (int k = 0; k < kSlices; ++k) {
        wgmma<T>(sums[i], pixels[i][k], wgmma_advance(weights, 32 * k), at > 0 || k > 0);
      }
      wgmma_commit();
    }

    step.advance(plan, pipeline.kRowChannels);
    weight_slot = weight_slot + 1 == pipeline.kStages ? 0 : weight_slot + 1;
    if (--taps_left == 0) {
      taps_left = pipeline.taps_per_patch;
      patch_slot = patch_slot + 1 == plan.patch_count ? 0 : patch_slot + 1;
    }
  }
  wgmma_wait<0>();
#pragma unroll
  for (int i = 0; i < kRowTiles; ++i) {
    wgmma_hold(sums[i]);
    wgmma_hold(pixels[i]);
  }
  cp_async_wait<0>();
  __syncthreads();  // the ring becomes staging

  auto& staging = shared.staging[warp];
#pragma unroll
  for (int i = 0; i < kRowTiles; ++i) {
    const int row = lane / 4, column = lane % 4 * 2;
#pragma unroll
    for (int j = 0; j < kColumns / 8; ++j) {
      store_pack(&staging[row][j * 8 + column], Pack<float, 2>{sums[i][4 * j], sums[i][4 * j + 1]});
      store_pack(&staging[row + 8][j * 8 + column], Pack<float, 2>{sums[i][4 * j + 2], sums[i][4 * j + 3]});
    }
    __syncwarp();
    constexpr int kPacks = kColumns / 4;
#pragma unroll 1
    for (int pack = lane; pack < 16 * kPacks; pack += 32) {
      const int pixel = pack / kPacks, from = pack % kPacks * 4;
      // Without a step, where the kernel sees only zeros, nothing was summed.
      const auto values = pipeline.steps > 0 ? load_pack<4>(&staging[pixel][from]) : Pack<float, 4>{};
      finish_pixel(plan, tile, warp_pixel + i * 64 + pixel, tile.column + from, values);
    }
    __syncwarp();
  }
#endif
}

template <typename T, int kColumns, int kSlices>
void run(Context& context, const Tensor& x, const Tensor* carry, const Tensor& w, const Tensor* bias,
         const Tensor* residual, const dio_conv3d_params& params, const Tensor& out) {
  using Tile = WgmmaTile<kColumns, kSlices>;
  const Conv3dPlan plan = plan_conv3d(
      x, carry, w, bias, residual, params, out,
      {kPixels, kColumns, Tile::Place::kBytes, Tile::Place::kStages, sizeof(typename Tile::Shared)},
      on_cuda(context).device().shared_bytes_per_block);
  launch(context, "conv3d_wgmma", conv3d_by_wgmma<T, kColumns, kSlices>,
         {static_cast<unsigned>(block_count(plan, x.shape[0])), kConvThreads, plan.shared_bytes}, plan);
}

template <typename T>
void choose(Context& context, const Tensor& x, const Tensor* carry, const Tensor& w, const Tensor* bias,
            const Tensor* residual, const dio_conv3d_params& params, const Tensor& out) {
  // Channels and output channels beyond the last are multiplied as well: the sizes that waste least.
  const auto rounded = [](int64_t size, int64_t to) { return (size + to - 1) / to * to; };
  const bool four = rounded(x.shape[4], 64) <= rounded(x.shape[4], 48);
  const bool wide = rounded(out.shape[4], 128) <= rounded(out.shape[4], 96);
  const auto kernel = !four ? run<T, 96, 3> : wide ? run<T, 128, 4> : run<T, 96, 4>;
  kernel(context, x, carry, w, bias, residual, params, out);
}

}  // namespace

void conv3d_wgmma(Context& context, const Tensor& x, const Tensor* carry, const Tensor& w, const Tensor* bias,
                  const Tensor* residual, const dio_conv3d_params& params, const Tensor& out) {
  (x.dtype == DIO_F16 ? choose<f16> : choose<bf16>)(context, x, carry, w, bias, residual, params, out);
}

}  // namespace diorama::cuda

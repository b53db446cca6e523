// Convolution in f32 arithmetic: for f32, and for pairs of dtypes that the tensor cores do not take. The same
// implicit product over the same patches (conv3d_tiles.cuh); a thread multiplies 8 pixels by kColumns / 16
// output channels, four input channels at a time.
#include "kernels/codec/conv3d_tiles.cuh"
#include "kernels/cuda/launch.h"

namespace diorama::cuda {
namespace {

constexpr int kPixels = 128;
constexpr int kThreadsAcross = 16;  // of the output channels; as many for the pixels
constexpr int kPixelsOfThread = kPixels / (kConvThreads / kThreadsAcross);

template <int kColumns>
struct FfmaShared {
  union {
    unsigned char ring[ShortRows::kStages * kColumns * ShortRows::kBytes];  // then the patches
    float staging[kPixels][kColumns + 4];
  };
};

// Conversions need registers of their own: then a multiprocessor holds one block instead of two.
template <int kColumns, typename Rows>
__global__ void __launch_bounds__(kConvThreads, Rows::kAsync ? 2 : 1) conv3d_by_ffma(const Conv3dPlan plan) {
  constexpr int kColumnsOfThread = kColumns / kThreadsAcross;
  DIO_SHARED(FfmaShared<kColumns>, shared);
  // A warp is 4 x 8 threads: what it reads at once are 4 neighbouring pixels and 8 neighbouring output
  // channels.
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int own_pixel = warp / 2 * 4 + lane / 8, own_column = warp % 2 * 8 + lane % 8;

  const ConvTile tile(plan, blockIdx.x, kColumns);
  const PatchRows patch_rows(plan, tile);
  ConvPipeline<ShortRows, Rows, kColumns> pipeline(plan, tile, shared.ring);
  pipeline.begin();

  int places[kPixelsOfThread];
#pragma unroll
  for (int i = 0; i < kPixelsOfThread; ++i) places[i] = patch_rows.place(plan, own_pixel + i * 16);
  const int weight_at = ShortRows::at(own_column, 0);

  float sums[kPixelsOfThread][kColumnsOfThread] = {};
  ConvStep step = {tile.first_tap, 0, 0, 0};
  int patch_slot = 0, taps_left = pipeline.taps_per_patch, weight_slot = 0;
  for (int at = 0; at < pipeline.steps; ++at) {
    pipeline.arrive(at);
    const unsigned char* patch = pipeline.patches + patch_slot * plan.patch_pixels * ShortRows::kBytes;
    const unsigned char* weights = pipeline.weights + weight_slot * pipeline.kWeightBytes;
    const int tap = patch_rows.tap(plan, step);
    int pixels_at[kPixelsOfThread];
#pragma unroll
    for (int i = 0; i < kPixelsOfThread; ++i)
      pixels_at[i] = ShortRows::at(patch_rows.row(places[i] + tap), 0);
    const int vectors = min(ShortRows::kVectors, (plan.channels - step.channel + 3) / 4);
#pragma unroll 1
    for (int vector = 0; vector < vectors; ++vector) {
      Pack<float, 4> w[kColumnsOfThread];
#pragma unroll
      for (int j = 0; j < kColumnsOfThread; ++j) {
        w[j] = *reinterpret_cast<const Pack<float, 4>*>(weights + (weight_at ^ vector << 4) +
                                                        j * 16 * ShortRows::kBytes);
      }
#pragma unroll
      for (int i = 0; i < kPixelsOfThread; ++i) {
        const auto v = *reinterpret_cast<const Pack<float, 4>*>(patch + (pixels_at[i] ^ vector << 4));
#pragma unroll
        for (int k = 0; k < 4; ++k) {
#pragma unroll
          for (int j = 0; j < kColumnsOfThread; ++j) sums[i][j] = fmaf(v[k], w[j][k], sums[i][j]);
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

#pragma unroll
  for (int i = 0; i < kPixelsOfThread; ++i) {
#pragma unroll
    for (int j = 0; j < kColumnsOfThread; ++j) {
      shared.staging[own_pixel + i * 16][own_column + j * 16] = sums[i][j];
    }
  }
  __syncthreads();
  constexpr int kPacks = kColumns / 4;
#pragma unroll 1
  for (int pack = threadIdx.x; pack < kPixels * kPacks; pack += kConvThreads) {
    const int pixel = pack / kPacks, from = pack % kPacks * 4;
    finish_pixel(plan, tile, pixel, tile.column + from, load_pack<4>(&shared.staging[pixel][from]));
  }
}

template <int kColumns, typename Rows>
void run(Context& context, const Tensor& x, const Tensor* carry, const Tensor& w, const Tensor* bias,
         const Tensor* residual, const dio_conv3d_params& params, const Tensor& out) {
  const Conv3dPlan plan =
      plan_conv3d(x, carry, w, bias, residual, params, out,
                  {kPixels, kColumns, ShortRows::kBytes, ShortRows::kStages, sizeof(FfmaShared<kColumns>)},
                  on_cuda(context).device().shared_bytes_per_block);
  launch(context, "conv3d", conv3d_by_ffma<kColumns, Rows>,
         {static_cast<unsigned>(block_count(plan, x.shape[0])), kConvThreads, plan.shared_bytes}, plan);
}

}  // namespace

void conv3d_ffma(Context& context, const Tensor& x, const Tensor* carry, const Tensor& w, const Tensor* bias,
                 const Tensor* residual, const dio_conv3d_params& params, const Tensor& out, bool aligned) {
  const bool few = out.shape[4] <= kFewColumns;
  const auto kernel = aligned ? (few ? run<16, AsyncRows<float>> : run<96, AsyncRows<float>>)
                              : (few ? run<16, ConvertedRows<float>> : run<96, ConvertedRows<float>>);
  kernel(context, x, carry, w, bias, residual, params, out);
}

}  // namespace diorama::cuda

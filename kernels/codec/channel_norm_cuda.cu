// The norm over a pixel's channels with its activation, in one pass.
//
// A pixel belongs to a group of lanes of one warp, as many as it has packs of 16 bytes, up to 32; its packs
// stay in registers between the sum and the result, so that each element is read once. Factors and bias lie
// in shared memory as f32 for all pixels of a block.
#include "kernels/codec/codec_cuda.h"
#include "kernels/cuda/activation.cuh"
#include "kernels/cuda/dispatch.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/ptx.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/walk.cuh"

namespace diorama::cuda {
namespace {

constexpr int kThreads = 256;
// Packs of a pixel that a lane keeps; it reads those beyond a second time.
template <int kPack>
inline constexpr int kKeptPacks = kPack == 1 ? 1 : 4;
// Channels whose factors and biases fit into shared memory; those of more are read from the second-level
// cache.
constexpr int kMaxStaged = 4096;
// Blocks of a multiprocessor that are there to hide each other's waiting.
constexpr int kBlocks = 3;

struct StagedFactors {
  float values[4];  // factors of all channels, then their biases
};

struct ChannelNorm {
  int64_t pixels;
  int channels;
  int lanes;  // of a pixel: a power of two up to 32
  bool staged;
  bool silu;
  dio_activation_kind kind;
  AnyFloats gamma, bias;
  const float* factors;  // where they are not staged, as in shared memory
};

DIO_DEVICE void widen_factors(const ChannelNorm& norm, float* factors, int first, int step) {
  for (int c = first; c < norm.channels; c += step) {
    factors[c] = norm.gamma[c];
    factors[norm.channels + c] = norm.bias ? norm.bias[c] : 0.0f;
  }
}

__global__ void __launch_bounds__(kThreads) channel_norm_factors(const ChannelNorm norm, float* factors) {
  widen_factors(norm, factors, static_cast<int>(blockIdx.x * kThreads + threadIdx.x),
                static_cast<int>(gridDim.x * kThreads));
}

// SiLU by the special function unit: two of its operations instead of some thirty instructions, which would
// take longer than the memory. The other activations are had one element at a time only: no codec asks for
// them, and their code is long.
template <bool kAny>
DIO_DEVICE float finish(const ChannelNorm& norm, float x) {
  if (norm.silu) return x * rcp(1.0f + ex2(-1.44269504f * x));
  if constexpr (kAny) return activate(norm.kind, x);
  return x;
}

template <typename T, typename U, int kPack>
__global__ void __launch_bounds__(kThreads, kBlocks)
    channel_norm(const T* x, U* out, const ChannelNorm norm) {
  constexpr int kKept = kKeptPacks<kPack>;
  DIO_SHARED(StagedFactors, shared);
  const float* factors = norm.factors;
  if (norm.staged) {
    widen_factors(norm, shared.values, threadIdx.x, kThreads);
    __syncthreads();
    factors = shared.values;
  }
  const float root = sqrtf(static_cast<float>(norm.channels));

  const int packs = norm.channels / kPack;
  const int lane = threadIdx.x & (norm.lanes - 1);
  const int pixels_of_block = kThreads / norm.lanes, own = threadIdx.x / norm.lanes;
  // All lanes of a warp go round together.
  const int64_t step = static_cast<int64_t>(gridDim.x) * pixels_of_block;
#pragma unroll 1
  for (int64_t first = static_cast<int64_t>(blockIdx.x) * pixels_of_block; first < norm.pixels;
       first += step) {
    const int64_t pixel = first + own;
    const bool present = pixel < norm.pixels;
    const T* const from = x + (present ? pixel * norm.channels : 0);
    Pack<T, kPack> kept[kKept] = {};
#pragma unroll
    for (int i = 0; i < kKept; ++i) {
      const int pack = lane + i * norm.lanes;
      if (present && pack < packs) kept[i] = load_pack<kPack>(from + pack * kPack);
    }
    float squares = 0;
#pragma unroll
    for (int i = 0; i < kKept; ++i) {
#pragma unroll
      for (int k = 0; k < kPack; ++k) squares = fmaf(to_float(kept[i][k]), to_float(kept[i][k]), squares);
    }
    for (int pack = lane + kKept * norm.lanes; present && pack < packs; pack += norm.lanes) {
      const auto values = load_pack<kPack>(from + pack * kPack);
#pragma unroll
      for (int k = 0; k < kPack; ++k) squares = fmaf(to_float(values[k]), to_float(values[k]), squares);
    }
    for (int far = norm.lanes / 2; far > 0; far /= 2) squares += __shfl_xor_sync(kFullWarp, squares, far);
    if (!present) continue;

    const float length = sqrtf(squares);
    const float scale = root / (length < 1e-12f ? 1e-12f : length);  // NaN stays
    U* const to = out + pixel * norm.channels;
    const auto finish_pack = [&](int pack, const Pack<T, kPack>& values) {
      constexpr int kQuad = kPack < 4 ? 1 : 4;  // factors read at once
      Pack<U, kPack> results;
#pragma unroll
      for (int k = 0; k < kPack; k += kQuad) {
        const auto factor = load_pack<kQuad>(factors + pack * kPack + k);
        const auto bias = load_pack<kQuad>(factors + norm.channels + pack * kPack + k);
#pragma unroll
        for (int q = 0; q < kQuad; ++q) {
          const float value = fmaf(to_float(values[k + q]) * scale, factor[q], bias[q]);
          results[k + q] = from_float<U>(finish<kPack == 1>(norm, value));
        }
      }
      store_pack(to + pack * kPack, results);
    };
#pragma unroll
    for (int i = 0; i < kKept; ++i) {
      if (lane + i * norm.lanes < packs) finish_pack(lane + i * norm.lanes, kept[i]);
    }
    for (int pack = lane + kKept * norm.lanes; pack < packs; pack += norm.lanes) {
      finish_pack(pack, load_pack<kPack>(from + pack * kPack));
    }
  }
}

template <typename T, typename U, int kPack>
void run(Context& context, const Tensor& x, const Tensor& out, ChannelNorm norm) {
  const int packs = norm.channels / kPack;
  norm.lanes = 1;
  while (norm.lanes < 32 && norm.lanes * kKeptPacks<kPack> < packs) norm.lanes *= 2;
  const int64_t blocks = (norm.pixels + kThreads / norm.lanes - 1) / (kThreads / norm.lanes);
  const int64_t useful = int64_t{on_cuda(context).device().multiprocessors} * kBlocks;
  launch(context, "channel_norm", channel_norm<T, U, kPack>,
         {static_cast<unsigned>(blocks < useful ? blocks : useful), kThreads,
          std::max(norm.staged ? 2 * norm.channels * sizeof(float) : 0, sizeof(StagedFactors))},
         data<T>(x), data<U>(out), norm);
}

}  // namespace

void channel_norm_cuda(Context& context, const Tensor& x, const Tensor& gamma, const Tensor* bias,
                       dio_activation_kind kind, const Tensor& out) {
  if (element_count(x) == 0) return;
  const int64_t channels = x.shape[x.rank - 1];
  if (channels > (int64_t{1} << 30)) {
    raise(DIO_STATUS_INVALID_ARGUMENT,
          "channel_norm: x has " + std::to_string(channels) + " channels, expected at most 2^30 on cuda");
  }
  ChannelNorm norm = {};
  norm.pixels = element_count(x) / channels;
  norm.channels = static_cast<int>(channels);
  norm.staged = channels <= kMaxStaged;
  norm.silu = kind == DIO_ACTIVATION_SILU;
  norm.kind = kind;
  norm.gamma = AnyFloats(&gamma);
  norm.bias = AnyFloats(bias);
  if (!norm.staged) {
    float* factors = context.scratch_array<float>(static_cast<std::size_t>(2 * channels));
    launch(context, "channel_norm_factors", channel_norm_factors, {blocks_for(channels, kThreads), kThreads},
           norm, factors);
    norm.factors = factors;
  }
  with_float_type(x.dtype, [&](auto from) {
    with_float_type(out.dtype, [&](auto to) {
      using T = typename decltype(from)::type;
      using U = typename decltype(to)::type;
      constexpr int kPack = 16 / static_cast<int>(sizeof(T) > sizeof(U) ? sizeof(T) : sizeof(U));
      const bool in_packs =
          channels % kPack == 0 && is_aligned(x, kPack * sizeof(T)) && is_aligned(out, kPack * sizeof(U));
      if (in_packs && (kind == DIO_ACTIVATION_NONE || kind == DIO_ACTIVATION_SILU)) {
        run<T, U, kPack>(context, x, out, norm);
      } else {
        run<T, U, 1>(context, x, out, norm);
      }
    });
  });
}

}  // namespace diorama::cuda

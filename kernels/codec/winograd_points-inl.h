// The three small transforms of Winograd's F(2x2, 3x3), and the weights' 16 points in the order the
// microkernel reads. Compiled once for each SIMD target.
#if defined(DIORAMA_KERNELS_CODEC_WINOGRAD_POINTS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DIORAMA_KERNELS_CODEC_WINOGRAD_POINTS_INL_H_
#undef DIORAMA_KERNELS_CODEC_WINOGRAD_POINTS_INL_H_
#else
#define DIORAMA_KERNELS_CODEC_WINOGRAD_POINTS_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>

#include "kernels/codec/video_rows.h"
#include "kernels/common/parallel.h"
#include "kernels/linear/gemm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {
namespace product {
namespace winograd {

namespace hn = hwy::HWY_NAMESPACE;

inline constexpr int kPoints = 16;
// Channels of weights transformed at a time, in the first-level cache.
inline constexpr int64_t kWeightChannels = 32;

HWY_INLINE TileVector load(const float* from, int64_t count) {
  const TileTag d;
  return count < kTileColumns / 2 ? load_as_float(d, from, count) : load_as_float(d, from);
}

// B^T of four values, to out[0], out[step], ...
HWY_INLINE void pixel_points(TileVector d0, TileVector d1, TileVector d2, TileVector d3, TileVector* out,
                             int step) {
  out[0] = hn::Sub(d0, d2);
  out[step] = hn::Add(d1, d2);
  out[2 * step] = hn::Sub(d2, d1);
  out[3 * step] = hn::Sub(d1, d3);
}

// G of three weights.
HWY_INLINE void weight_points(TileVector g0, TileVector g1, TileVector g2, TileVector* out, int step) {
  const TileVector half = hn::Set(TileTag(), 0.5f);
  const TileVector ends = hn::Mul(half, hn::Add(g0, g2));
  out[0] = g0;
  out[step] = hn::MulAdd(half, g1, ends);
  out[2 * step] = hn::NegMulAdd(half, g1, ends);
  out[3 * step] = g2;
}

// A^T of four sums.
HWY_INLINE void results(TileVector m0, TileVector m1, TileVector m2, TileVector m3, TileVector* out,
                        int step) {
  out[0] = hn::Add(hn::Add(m0, m1), m2);
  out[step] = hn::Sub(hn::Sub(m1, m2), m3);
}

// The points of the weights in panels of columns: [16, panels, depth, kTileColumns].
struct WeightPoints {
  float* data;
  int64_t panels, depth;
  float* at(int64_t point, int64_t panel, int64_t k) const {
    return data + ((point * panels + panel) * depth + k) * kTileColumns;
  }
};

// One panel of columns and one tap in time.
template <typename T>
void transform_weights(const Weights& w, int64_t channels, int64_t panel, int64_t dt,
                       const WeightPoints& to) {
  const TileTag d;
  constexpr int64_t kLanes = kTileColumns / 2;
  HWY_ALIGN float points[kPoints * kTileColumns * kWeightChannels];
  const int64_t columns = std::min(kTileColumns, w.rows - panel * kTileColumns);
  for (int64_t first = 0; first < channels; first += kWeightChannels) {
    const int64_t length = std::min(kWeightChannels, channels - first);
    for (int64_t n = 0; n < columns; ++n) {
      const T* taps =
          static_cast<const T*>(w.data) + (panel * kTileColumns + n) * w.stride + dt * 9 * channels + first;
      for (int64_t c = 0; c < length; c += kLanes) {
        TileVector g[9], rows[12], out[kPoints];
        for (int i = 0; i < 9; ++i) {
          const T* from = taps + i * channels + c;
          g[i] = length - c < kLanes ? load_as_float(d, from, length - c) : load_as_float(d, from);
        }
        for (int y = 0; y < 3; ++y) weight_points(g[y * 3], g[y * 3 + 1], g[y * 3 + 2], rows + y * 4, 1);
        for (int x = 0; x < 4; ++x) weight_points(rows[x], rows[4 + x], rows[8 + x], out + x, 4);
        float* to_points = points + n * kWeightChannels + c;
        for (int i = 0; i < kPoints; ++i) {
          hn::StoreU(out[i], d, to_points + i * kTileColumns * kWeightChannels);
        }
      }
    }
    for (int i = 0; i < kPoints; ++i) {
      pack_panel<static_cast<int>(kTileColumns)>(points + i * kTileColumns * kWeightChannels, kWeightChannels,
                                                 columns, length, to.at(i, panel, dt * channels + first));
    }
  }
}

inline WeightPoints transform_weights(Context& context, const VideoRows& video, const Weights& w) {
  const int64_t panels = tiles(w.rows, kTileColumns), depth = video.kernel_t * video.channels;
  const WeightPoints to{
      context.scratch_array<float>(static_cast<std::size_t>(kPoints * panels * depth * kTileColumns)), panels,
      depth};
  parallel_ranges(context.threads(), panels * video.kernel_t, 1,
                  [&](int64_t begin, int64_t end, int) HWY_ATTR {
                    for (int64_t i = begin; i < end; ++i) {
                      const int64_t panel = i / video.kernel_t, dt = i % video.kernel_t;
                      if (w.dtype == DIO_BF16) {
                        transform_weights<hwy::bfloat16_t>(w, video.channels, panel, dt, to);
                      } else if (w.dtype == DIO_F16) {
                        transform_weights<hwy::float16_t>(w, video.channels, panel, dt, to);
                      } else {
                        transform_weights<float>(w, video.channels, panel, dt, to);
                      }
                    }
                  });
  return to;
}

}  // namespace winograd
}  // namespace product
}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#endif

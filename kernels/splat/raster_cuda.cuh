#pragma once

// What rasterization forwards and backwards share on the device. A tile of 16 x 16 pixels is four sub-tiles
// of 8 x 8. Splats of the tile's list come into shared memory in batches; whoever brings one in tests it
// against the sub-tiles, so that the warp of a sub-tile walks only those that may touch it.

#include "kernels/cuda/floats.cuh"
#include "kernels/cuda/ptx.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/splat/drawing_cuda.h"

namespace diorama::cuda {

inline constexpr int kSubtile = 8;
inline constexpr int kSubtiles = 4;
inline constexpr int kTilePixels = kDeviceTile * kDeviceTile;

// Channels first to first + count of a ChannelSet: what one pass draws.
struct ChannelPass {
  int first, count;
};

// Where the kinds of channels begin in a ChannelSet; each ends where the next begins.
struct ChannelPlaces {
  ChannelPlaces() = default;
  explicit ChannelPlaces(const ChannelSet& set)
      : depth(set.depth_at()), normals(set.normals_at()), features(set.features_at()) {}
  int depth, normals, features;
};

// The values of the Gaussians' channels.
struct DeviceAttributes {
  DeviceAttributes() = default;
  DeviceAttributes(const GaussianArrays& in, const CudaSplatFrame& frame, const ChannelSet& set)
      : places(set),
        splats(frame.splats.data()),
        normals(frame.normals.data()),
        features(in.features),
        feature_channels(in.feature_channels) {}

  DIO_DEVICE float operator()(int64_t gaussian, int channel) const {
    if (channel < places.depth) return splats[gaussian].color[channel];
    if (channel < places.normals) return splats[gaussian].depth;
    if (channel < places.features) return normals[3 * gaussian + channel - places.normals];
    return features[gaussian * feature_channels + channel - places.features];
  }

  ChannelPlaces places;
  const DeviceSplat* splats;
  const float *normals, *features;
  int feature_channels;
};

// From raw alphas to alphas: cut, clamped and, where kFade, faded in.
struct DeviceAlphaRule {
  DeviceAlphaRule() = default;
  explicit DeviceAlphaRule(const DrawingView& view)
      : low(view.alpha_min),
        high(view.alpha_max),
        inverse_fade(view.alpha_fade > 0 ? 1 / view.alpha_fade : 0) {}

  // NaN gives 0.
  template <bool kFade>
  DIO_DEVICE float alpha(float raw) const {
    float alpha = fminf(raw, high);
    if constexpr (kFade) {
      const float t = fminf((alpha - low) * inverse_fade, 1.0f);
      alpha *= t * t * fmaf(-2.0f, t, 3.0f);
    }
    return raw >= low ? alpha : 0.0f;
  }

  // d alpha / d ln(raw) of raw alphas from `low` on.
  template <bool kFade>
  DIO_DEVICE float slope(float raw) const {
    float slope = raw;
    if constexpr (kFade) {
      const float t = fminf((raw - low) * inverse_fade, 1.0f);
      const float step_slope = 6.0f * t * (1.0f - t) * inverse_fade;
      slope = raw * fmaf(raw, step_slope, t * t * fmaf(-2.0f, t, 3.0f));
    }
    return raw <= high ? slope : 0.0f;
  }

  float low, high, inverse_fade;
};

// Where a tile lies.
struct DeviceTile {
  DIO_DEVICE DeviceTile(const DrawingView& view, int tile) {
    y = tile / view.tiles_x;
    x = tile - y * view.tiles_x;
  }
  DIO_DEVICE float centre_x() const { return static_cast<float>(x * kDeviceTile + kDeviceTile / 2); }
  DIO_DEVICE float centre_y() const { return static_cast<float>(y * kDeviceTile + kDeviceTile / 2); }
  int x, y;  // in tiles
};

// A splat as seen from a tile's centre: log2 of its raw alpha at (x + dx, y + dy) from there is
// level - (root dx + slant dy)^2 - (root_y dy)^2.
struct alignas(16) SplatLine {
  float x, y, root, slant;
};
struct alignas(8) SplatDown {
  float root_y, level;
};

DIO_DEVICE SplatLine line_of(const DeviceSplat& g, const DeviceTile& tile) {
  return {g.x - tile.centre_x(), g.y - tile.centre_y(), g.root, g.root * g.skew};
}
DIO_DEVICE SplatDown down_of(const DeviceSplat& g) { return {g.root_y, g.log2_opacity}; }

// The exponent along a row of pixels. Forward and backward pass both take it from here, operation by
// operation, so that they see the same bits and draw the same. (Expanded to root x + slant y + shift it
// would be an addition shorter, and a pixel far from the tile's centre would lose three bits.)
struct RowExponent {
  DIO_DEVICE RowExponent(const SplatLine& line, const SplatDown& splat, float y)
      : x(line.x), root(line.root), dy(y - line.y), across(line.slant * dy) {
    const float down = splat.root_y * dy;
    level = fmaf(-down, down, splat.level);
  }
  DIO_DEVICE float at(float pixel_x) const {
    const float a = fmaf(root, pixel_x - x, across);
    return fmaf(-a, a, level);
  }
  float x, root, dy, across, level;
};

// A run of pixels along a row of a sub-tile, which one lane holds. Sub-tile s is at column s % 2 and row s
// / 2.
template <int kPixels>
struct PixelRun {
  static constexpr int kLanesInRow = kSubtile / kPixels;

  // lane: among the 64 / kPixels of the sub-tile.
  DIO_DEVICE PixelRun(const DrawingView& view, const DeviceTile& tile, int subtile, int lane) {
    const int column = subtile % 2 * kSubtile + lane % kLanesInRow * kPixels;
    const int row = subtile / 2 * kSubtile + lane / kLanesInRow;
    x = static_cast<float>(column) + 0.5f - kDeviceTile / 2;
    y = static_cast<float>(row) + 0.5f - kDeviceTile / 2;
    const int in_x = tile.x * kDeviceTile + column, in_y = tile.y * kDeviceTile + row;
    first = static_cast<int64_t>(in_y) * view.width + in_x;
    const int left = view.width - in_x;
    inside = in_y < view.height ? (left < 0 ? 0 : left) : 0;
  }

  float x, y;     // of the first one's centre, from the tile's centre
  int64_t first;  // in the picture
  int inside;     // pixels up to here are in the picture
};

// Which sub-tiles have a point, within the hull of their pixels' centres, where the splat's alpha may reach
// alpha_min: bit s for sub-tile s. (x, y): the splat's centre, from the tile's. Over the eight rows of a
// sub-tile the ellipse reaches farthest right where its own rightmost point is, or at the end nearest to it.
DIO_DEVICE uint32_t met_subtiles(const DeviceSplat& g, float x, float y, float log2_floor) {
  constexpr float kMargin = 0.01f;  // pixels, above the error of what is approximate here
  constexpr float kLast = kSubtile - 1;
  const float level = g.log2_opacity - log2_floor;
  const float square_y = g.root_y * g.root_y, inverse_root = rcp(g.root);
  const float rightmost = -g.skew * level * rcp(square_y * g.reach_x);
  uint32_t met = 0;
#pragma unroll
  for (int row = 0; row < 2; ++row) {
    const float first = static_cast<float>(row * kSubtile - kDeviceTile / 2) + 0.5f - y;
    if (first > g.reach_y || first + kLast < -g.reach_y) continue;
    const float low = fmaxf(first, -g.reach_y), high = fminf(first + kLast, g.reach_y);
    const auto half = [&](float dy) {
      const float left = fmaxf(fmaf(-square_y * dy, dy, level), 1e-30f);
      return left * rsqrtf(left) * inverse_root;
    };
    const float right_y = fminf(fmaxf(rightmost, low), high), left_y = fminf(fmaxf(-rightmost, low), high);
    const float right = fmaf(-g.skew, right_y, x) + half(right_y) + kMargin;
    const float left = fmaf(-g.skew, left_y, x) - half(left_y) - kMargin;
#pragma unroll
    for (int column = 0; column < 2; ++column) {
      const float begin = static_cast<float>(column * kSubtile - kDeviceTile / 2) + 0.5f;
      // What is not a number rules nothing out.
      if (!(left > begin + kLast || right < begin)) met |= 1u << (2 * row + column);
    }
  }
  return met;
}

// The attributes of a batch's splats, four to a quad.
template <int kChannels, int kSplats>
struct BatchAttributes {
  static constexpr int kQuads = (kChannels + 3) / 4;

  // From a splat that has been read anyway, or from where they lie.
  DIO_DEVICE void store(int at, int64_t gaussian, const DeviceSplat& g, const DeviceAttributes& attributes,
                        const ChannelPass& pass) {
    if constexpr (kChannels <= 4) {
      quads[0][at] = make_float4(g.color[0], g.color[1], g.color[2], g.depth);
    } else {
      float values[4 * kQuads];
#pragma unroll
      for (int c = 0; c < 4 * kQuads; ++c)
        values[c] = c < pass.count ? attributes(gaussian, pass.first + c) : 0.0f;
#pragma unroll
      for (int q = 0; q < kQuads; ++q)
        quads[q][at] = make_float4(values[4 * q], values[4 * q + 1], values[4 * q + 2], values[4 * q + 3]);
    }
  }

  DIO_DEVICE void load(int at, float (&values)[4 * kQuads]) const {
#pragma unroll
    for (int q = 0; q < kQuads; ++q) {
      const float4 quad = quads[q][at];
      values[4 * q] = quad.x, values[4 * q + 1] = quad.y;
      values[4 * q + 2] = quad.z, values[4 * q + 3] = quad.w;
    }
  }

  float4 quads[kQuads][kSplats];
};

// Walking a list front to back: a block of four warps, one for each sub-tile, two pixels a lane.
inline constexpr int kWalkThreads = 32 * kSubtiles;
inline constexpr int kWalkPixels = 2;
inline constexpr int kBatch = kWalkThreads;
inline constexpr int kBatchWords = kBatch / 32;

template <int kChannels>
struct WalkBatch {
  SplatLine line[kBatch];
  SplatDown down[kBatch];
  BatchAttributes<kChannels, kBatch> attributes;
  uint32_t met[kSubtiles][kBatchWords];  // bit by bit, the splats of the batch that touch a sub-tile
};

// A thread's part in bringing the batches of a list into shared memory: one splat of each, read a batch ahead
// and its place in the list two.
class BatchLoader {
 public:
  DIO_DEVICE BatchLoader(const DrawingView& view, const int32_t* list, const DeviceSplat* splats,
                         const DeviceTile& tile, uint32_t begin, uint32_t end)
      : list_(list),
        splats_(splats),
        tile_(tile),
        log2_floor_(view.log2_floor),
        next_(begin + threadIdx.x),
        end_(end) {
    fetch_place();
    fetch();
  }

  // Reads the splat whose place is known, and the place of the one after.
  DIO_DEVICE void fetch() {
    gaussian_ = place_;
    if (gaussian_ >= 0) splat_ = splats_[gaussian_];
    fetch_place();
  }

  template <int kChannels>
  DIO_DEVICE void store(WalkBatch<kChannels>& batch, const DeviceAttributes& attributes,
                        const ChannelPass& pass) const {
    uint32_t met = 0;
    if (gaussian_ >= 0) {
      const SplatLine line = line_of(splat_, tile_);
      batch.line[threadIdx.x] = line;
      batch.down[threadIdx.x] = down_of(splat_);
      batch.attributes.store(threadIdx.x, gaussian_, splat_, attributes, pass);
      met = met_subtiles(splat_, line.x, line.y, log2_floor_);
    }
#pragma unroll
    for (int s = 0; s < kSubtiles; ++s) {
      const uint32_t word = __ballot_sync(kFullWarp, static_cast<int>(met >> s & 1));
      if (threadIdx.x % 32 == 0) batch.met[s][threadIdx.x / 32] = word;
    }
  }

 private:
  DIO_DEVICE void fetch_place() {
    place_ = next_ < end_ ? list_[next_] : -1;
    next_ += kBatch;
  }

  const int32_t* list_;
  const DeviceSplat* splats_;
  const DeviceTile& tile_;
  float log2_floor_;
  uint32_t next_, end_;
  int32_t place_, gaussian_;  // -1 past the end of the list
  DeviceSplat splat_ = {};
};

}  // namespace diorama::cuda

#pragma once

// What the two kernels of rasterization backwards share. With v = attributes times gradients of the channels,
// and `behind` what a pixel shows behind a splat in units of the transmittance there:
//
//   d loss / d alpha = T (v - behind)        behind += alpha (v - behind), from back to front
//
// A tile's list is cut into buckets of kBucket splats. The first kernel (raster_record_cuda.cuh) plays a tile
// forward and leaves, for each bucket and pixel, what the second one (raster_play_cuda.cuh) needs to go
// through the bucket from its end without knowing of any other: so that long lists are worked at by many
// blocks.
//
// Buckets are numbered through: those of tile t begin at tile_starts[t] / kBucket + t, which leaves room for
// each without a scan (and a few unused numbers). States are kept for a wave of buckets at a time, the last
// wave first. The one tile that a wave's beginning cuts leaves what is behind its pixels there (`carry`).
#include "raster_cuda.cuh"

namespace diorama::cuda {

// Who owns a bucket of a wave: a tile, or nobody, or a tile all of whose pixels have ended before.
inline constexpr int kNobody = -1;
DIO_DEVICE int ended_tile(int tile) { return -2 - tile; }

// After a bucket, for each pixel of its tile, sub-tile by sub-tile.
struct BucketStates {
  float* rest;      // [buckets, kTilePixels] the transmittance
  float* behind;    // [buckets, kTilePixels] behind the bucket's last splat, in units of `rest`
  uint8_t* limits;  // [buckets, kTilePixels] splats of the bucket that come before the pixel's end
  int* owners;      // [buckets]
};
inline constexpr int64_t kBucketBytes = kTilePixels * (2 * sizeof(float) + 1) + sizeof(int);

// Gradients of the pictures; null: none given. drawn_*: the pictures themselves, where expected_depth is.
struct GradientImages {
  const float *rgb, *depth, *expected_depth, *alpha, *normals, *features;
  const float *drawn_depth, *drawn_alpha;
};

struct BackwardTask {
  DrawingView view;
  DeviceAlphaRule rule;
  const int32_t* list;
  const uint32_t* tile_starts;
  const uint32_t* pair_starts;
  DeviceAttributes attributes;
  ChannelPass pass;
  GradientImages images;
  BucketStates states;
  uint32_t wave_begin, wave_end;  // buckets
  const float* carry_in;          // [kTilePixels] of the tile that wave_end cuts
  float* carry_out;               // [kTilePixels] of the tile that wave_begin cuts
  float* values;                  // PairGradients
  int slots;

  DIO_DEVICE uint32_t first_bucket(int tile) const {
    return tile_starts[tile] / kBucket + static_cast<uint32_t>(tile);
  }

  // The gradients of this pass's channels at a pixel; zeros from pass.count on. 3 and 4 are always colours
  // and colours with depth.
  template <int kChannels>
  DIO_DEVICE void read(int64_t pixel, float (&gradients)[kChannels]) const {
#pragma unroll
    for (int c = 0; c < kChannels; ++c) {
      if constexpr (kChannels <= 4) {
        gradients[c] = c < 3 ? images.rgb[3 * pixel + c] : depth(pixel);
      } else {
        gradients[c] = c < pass.count ? channel(pixel, pass.first + c) : 0.0f;
      }
    }
  }

  // Of the transmittance left behind everything. It goes with the first pass.
  DIO_DEVICE float end(int64_t pixel) const {
    if (pass.first > 0) return 0;
    float sum = images.alpha ? -images.alpha[pixel] : 0.0f;
    if (images.rgb) {
#pragma unroll
      for (int c = 0; c < 3; ++c) sum = fmaf(view.background[c], images.rgb[3 * pixel + c], sum);
    }
    if (images.expected_depth && images.drawn_alpha[pixel] > 0) {
      const float alpha = images.drawn_alpha[pixel];
      sum += images.expected_depth[pixel] / alpha * (images.drawn_depth[pixel] / alpha);
    }
    return sum;
  }

 private:
  DIO_DEVICE float depth(int64_t pixel) const {
    float sum = images.depth ? images.depth[pixel] : 0.0f;
    // expected = depth / alpha
    if (images.expected_depth && images.drawn_alpha[pixel] > 0)
      sum += images.expected_depth[pixel] / images.drawn_alpha[pixel];
    return sum;
  }
  DIO_DEVICE float channel(int64_t pixel, int channel) const {
    const ChannelPlaces& places = attributes.places;
    if (channel < places.depth) return images.rgb[3 * pixel + channel];
    if (channel < places.normals) return depth(pixel);
    if (channel < places.features) return images.normals[3 * pixel + channel - places.normals];
    return images.features[pixel * attributes.feature_channels + channel - places.features];
  }
};

template <int kChannels, int kValues>
DIO_DEVICE float minus_plus_dot(float minus, const float (&values)[kValues],
                                const float (&gradients)[kChannels]) {
  float sum = -minus;
#pragma unroll
  for (int c = 0; c < kChannels; ++c) sum = fmaf(values[c], gradients[c], sum);
  return sum;
}

}  // namespace diorama::cuda

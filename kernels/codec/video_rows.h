#pragma once

#include <algorithm>
#include <cstdint>

#include "diorama.h"

namespace diorama {

// A frame of f32 pixels somewhere in memory; null for a frame of zeros.
struct Frame {
  const float* data;
  int64_t stride_y, stride_x;
};

// The convolution as a product: row m is an output pixel, k runs over taps and channels, and x is read in
// place.
struct VideoRows {
  const Frame* frames;    // [B, frames_before + T]
  int64_t frame_count;    // frames_before + T
  int64_t height, width;  // of the enlarged frames
  int64_t channels;
  int64_t kernel_t, kernel_h, kernel_w;
  int64_t out_t, out_h, out_w;
  dio_conv3d_params params;
  const float* zeros;  // [channels]

  int64_t taps() const { return kernel_t * kernel_h * kernel_w; }
  int64_t depth() const { return taps() * channels; }

  // The coordinates of row m's first tap.
  struct Position {
    int64_t batch, t, y, x;
  };
  Position position(int64_t m) const {
    Position p;
    p.x = m % out_w;
    m /= out_w;
    p.y = m % out_h;
    m /= out_h;
    p.t = m % out_t;
    p.batch = m / out_t;
    return p;
  }
  void advance(Position& p) const {
    if (++p.x < out_w) return;
    p.x = 0;
    if (++p.y < out_h) return;
    p.y = 0;
    if (++p.t < out_t) return;
    p.t = 0;
    ++p.batch;
  }

  // Where `channel` of a tap's pixel lies.
  const float* pixel(const Position& p, int64_t dt, int64_t dy, int64_t dx, int64_t channel) const {
    const Frame& frame = frames[p.batch * frame_count + p.t * params.stride_t + dt];
    int64_t y = p.y * params.stride_h + dy - params.pad_top;
    int64_t x = p.x * params.stride_w + dx - params.pad_left;
    if (params.padding_mode == DIO_PADDING_REPLICATE) {
      y = std::clamp<int64_t>(y, 0, height - 1);
      x = std::clamp<int64_t>(x, 0, width - 1);
    }
    const bool outside = static_cast<uint64_t>(y) >= static_cast<uint64_t>(height) ||
                         static_cast<uint64_t>(x) >= static_cast<uint64_t>(width);
    if (outside || !frame.data) return zeros;
    const int64_t shift = params.upsample - 1;
    return frame.data + (y >> shift) * frame.stride_y + (x >> shift) * frame.stride_x + channel;
  }

  // For `rows` rows from m, `panel` at a time, and taps [first, first + count): pointers [panels, count,
  // panel]. The last panel is filled up with its last row.
  void gather(int64_t m, int64_t rows, int64_t panel, int64_t first, int64_t count, int64_t channel,
              const float** to) const {
    Position p = position(m);
    for (int64_t row = 0; row < rows; ++row) {
      const float** out = to + row / panel * count * panel + row % panel;
      int64_t dx = first % kernel_w, dy = first / kernel_w % kernel_h, dt = first / (kernel_w * kernel_h);
      for (int64_t tap = 0; tap < count; ++tap) {
        out[tap * panel] = pixel(p, dt, dy, dx, channel);
        if (++dx < kernel_w) continue;
        dx = 0;
        if (++dy < kernel_h) continue;
        dy = 0;
        ++dt;
      }
      advance(p);
    }
    for (int64_t row = rows; row % panel != 0; ++row) {
      const float** out = to + row / panel * count * panel + row % panel;
      for (int64_t tap = 0; tap < count; ++tap) out[tap * panel] = out[tap * panel - 1];
    }
  }
};

}  // namespace diorama

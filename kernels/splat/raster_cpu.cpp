// Rasterization: tiles over the threads, the longest lists first; in a tile the Gaussians front to back, each
// over its own rows of pixels (tile-inl.h). A tile's transmittance and channels stay in the first cache.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/splat/raster_cpu.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <omp.h>

#include <algorithm>
#include <type_traits>

#include "kernels/splat/drawing_cpu.h"
#include "kernels/splat/tile-inl.h"
#include "kernels/splat/tile_order_cpu.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {
namespace {

// kChannels: how many, or 0 for any number.
template <int kChannels, bool kFade>
class TilePainter {
 public:
  TilePainter(const DrawingView& view, const ChannelSet& channels, float* workspace)
      : rule_(view),
        stop_(run_of(view.transmittance_stop)),
        floor_(view.log2_floor),
        channels_(kChannels > 0 ? kChannels : channels.count),
        planes_(workspace + kPlane) {
    transmittance_.values = workspace;
  }

  void start(const TilePlace& tile) {
    transmittance_.start(tile);
    std::fill_n(planes_, channels_ * kPlane, 0.0f);
  }

  bool ended() const { return transmittance_.alive == 0; }
  const float* transmittance() const { return transmittance_.values; }
  const float* plane(int channel) const { return planes_ + channel * kPlane; }
  int64_t evaluations() const { return runs_ * kRunLanes; }

  // attributes(): pointer to the Gaussian's values of the channels.
  template <typename Attributes>
  HWY_INLINE void draw(const SplatRecord& g, const TilePlace& tile, const Attributes& attributes) {
    if (!footprint_.place(g, tile, transmittance_.alive)) return;
    footprint_.span_rows(g, tile, floor_);
    const RunTag d;
    const float* values = attributes();
    Run attribute[kChannels > 0 ? kChannels : 1];
    for (int c = 0; c < kChannels; ++c) attribute[c] = run_of(values[c]);
    const Run slope = hn::Mul(run_of(g.root), hn::Iota(d, 0));
    const Run step = run_of(g.root * static_cast<float>(kRunLanes));
    int64_t runs = 0;
    for (int y = footprint_.y0; y <= footprint_.y1; ++y) {
      int after = footprint_.after[y];
      if (after < 0 || !footprint_.is_alive(y, transmittance_.alive)) continue;
      const Run power = run_of(footprint_.power[y]);
      Run t = hn::Add(slope, run_of(footprint_.start[y]));
      int64_t at = static_cast<int64_t>(y) * kStride + footprint_.first[y];
      do {
        blend(hn::NegMulAdd(t, t, power), at, attribute, values);
        ++runs;
        t = hn::Add(t, step);
        at += kRunLanes;
        after -= kRunLanes;
      } while (after >= 0);
    }
    runs_ += runs;
    transmittance_.runs_left -= static_cast<int>(runs);
    if (transmittance_.runs_left < 0) transmittance_.refresh();
  }

 private:
  HWY_INLINE void blend(Run power, int64_t at, const Run* attribute, const float* values) {
    const RunTag d;
    const Run alpha = rule_.template alpha<kFade>(power_of_two(power));
    float* HWY_RESTRICT place = transmittance_.values + at;
    const Run before = hn::LoadU(d, place);
    const Run after = hn::NegMulAdd(alpha, before, before);
    const auto drawn = hn::Gt(after, stop_);
    const Run weight = hn::IfThenElseZero(drawn, hn::Mul(alpha, before));
    hn::StoreU(hn::IfThenElse(drawn, after, hn::Or(before, hn::SignBit(d))), d, place);
    float* HWY_RESTRICT plane = planes_ + at;
    if constexpr (kChannels > 0) {
#pragma GCC unroll 4
      for (int c = 0; c < kChannels; ++c) {
        float* to = plane + c * kPlane;
        hn::StoreU(hn::MulAdd(weight, attribute[c], hn::LoadU(d, to)), d, to);
      }
    } else {
      for (int c = 0; c < channels_; ++c) {
        float* to = plane + c * kPlane;
        hn::StoreU(hn::MulAdd(weight, run_of(values[c]), hn::LoadU(d, to)), d, to);
      }
    }
  }

  AlphaRule rule_;
  Run stop_;
  float floor_;
  int channels_;
  float* planes_;
  Transmittance transmittance_;
  Footprint footprint_;
  int64_t runs_ = 0;
};

// From a tile to the pictures.
class TileWriter {
 public:
  TileWriter(const DrawingView& view, const ChannelSet& channels, const dio_splat_images& images)
      : view_(view), channels_(channels), images_(images) {}

  template <typename Painter>
  void write(const TilePlace& tile, const Painter& painter) const {
    for (int y = 0; y < tile.height; ++y) {
      const int64_t pixel = static_cast<int64_t>(tile.y + y) * view_.width + tile.x;
      const int row = y * kStride;
      const float* rest = painter.transmittance() + row;
      if (channels_.rgb) write_colors(painter, row, tile.width, data<float>(*images_.rgb) + 3 * pixel);
      for (int x = 0; images_.alpha && x < tile.width; ++x)
        data<float>(*images_.alpha)[pixel + x] = 1 - std::fabs(rest[x]);
      const float* depth = channels_.depth ? painter.plane(channels_.depth_at()) + row : nullptr;
      if (images_.depth) std::copy_n(depth, tile.width, data<float>(*images_.depth) + pixel);
      for (int x = 0; images_.expected_depth && x < tile.width; ++x) {
        const float alpha = 1 - std::fabs(rest[x]);
        data<float>(*images_.expected_depth)[pixel + x] = alpha > 0 ? depth[x] / alpha : 0;
      }
      if (channels_.normals)
        interleave(painter, channels_.normals_at(), 3, row, tile.width,
                   data<float>(*images_.normals) + 3 * pixel);
      if (channels_.features > 0) {
        interleave(painter, channels_.features_at(), channels_.features, row, tile.width,
                   data<float>(*images_.features) + channels_.features * pixel);
      }
    }
  }

 private:
  template <typename Painter>
  HWY_INLINE void write_colors(const Painter& painter, int row, int width, float* out) const {
    const RunTag d;
    const float* rest = painter.transmittance() + row;
    int x = 0;
    for (; x + kRunLanes <= width; x += kRunLanes) {
      const Run left = hn::Abs(hn::LoadU(d, rest + x));
      Run c[3];
      for (int i = 0; i < 3; ++i)
        c[i] = hn::MulAdd(left, run_of(view_.background[i]), hn::LoadU(d, painter.plane(i) + row + x));
      hn::StoreInterleaved3(c[0], c[1], c[2], d, out + 3 * x);
    }
    for (; x < width; ++x) {
      for (int i = 0; i < 3; ++i)
        out[3 * x + i] = painter.plane(i)[row + x] + std::fabs(rest[x]) * view_.background[i];
    }
  }

  template <typename Painter>
  static void interleave(const Painter& painter, int first, int count, int row, int width, float* out) {
    for (int c = 0; c < count; ++c) {
      const float* from = painter.plane(first + c) + row;
      for (int x = 0; x < width; ++x) out[static_cast<int64_t>(x) * count + c] = from[x];
    }
  }

  const DrawingView& view_;
  const ChannelSet& channels_;
  const dio_splat_images& images_;
};

template <int kChannels, bool kFade>
int64_t paint(Context& context, const DrawingView& view, const GaussianArrays& in, const CpuSplatFrame& frame,
              const dio_splat_images& images, const ChannelSet& channels) {
  const int64_t tiles = view.tiles();
  const int threads = static_cast<int>(std::min<int64_t>(context.threads(), tiles));
  const int32_t* order = longest_first(context, frame.tile_starts.data(), tiles);
  const int64_t floats = static_cast<int64_t>(1 + channels.count) * kPlane;
  float* workspace = context.scratch_array<float>(static_cast<std::size_t>(threads * floats));
  const TileWriter writer(view, channels, images);
  const int64_t* starts = frame.tile_starts.data();
  const int32_t* list = frame.list.data();
  const SplatRecord* records = frame.records.data();
  int64_t evaluations = 0;
#pragma omp parallel num_threads(threads) reduction(+ : evaluations)
  {
    TilePainter<kChannels, kFade> painter(view, channels, workspace + omp_get_thread_num() * floats);
    const AttributeReader reader(in, frame, channels);
    float buffer[kMaxChannels];
#pragma omp for schedule(dynamic)
    for (int64_t i = 0; i < tiles; ++i) {
      const TilePlace tile(view, order[i]);
      painter.start(tile);
      const int64_t end = starts[order[i] + 1];
      for (int64_t k = starts[order[i]]; k < end && !painter.ended(); ++k) {
        if (k + kAhead < end) __builtin_prefetch(records + list[k + kAhead]);
        const int32_t place = list[k];
        painter.draw(records[place], tile, [&]() HWY_ATTR -> const float* {
          if constexpr (kChannels == 3) return records[place].color;
          return reader.read(place, buffer);
        });
      }
      writer.write(tile, painter);
    }
    evaluations += painter.evaluations();
  }
  return evaluations;
}

int64_t paint_tiles(Context& context, const DrawingView& view, const GaussianArrays& in,
                    const CpuSplatFrame& frame, const dio_splat_images& images) {
  const ChannelSet channels(images, in.feature_channels);
  const bool fade = view.alpha_fade > 0;
  if (!fade && channels.rgb && channels.count == 3)
    return paint<3, false>(context, view, in, frame, images, channels);
  if (!fade && channels.count == 4) return paint<4, false>(context, view, in, frame, images, channels);
  return fade ? paint<0, true>(context, view, in, frame, images, channels)
              : paint<0, false>(context, view, in, frame, images, channels);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace diorama {
namespace {

HWY_EXPORT(paint_tiles);

}  // namespace

int64_t rasterize(Context& context, const DrawingView& view, const GaussianArrays& in,
                  const CpuSplatFrame& frame, const dio_splat_images& images) {
  return HWY_DYNAMIC_DISPATCH(paint_tiles)(context, view, in, frame, images);
}

}  // namespace diorama
#endif

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

// kChannels: how many, or 0 for any number. A run's transmittance and channels lie behind each other.
template <int kChannels, bool kFade>
class TilePainter {
 public:
  TilePainter(const DrawingView& view, const ChannelSet& channels, float* workspace)
      : rule_(view),
        stop_(run_of(view.transmittance_stop)),
        floor_(view.log2_floor),
        channels_(kChannels > 0 ? kChannels : channels.count),
        run_floats_((1 + channels_) * kRunLanes),
        runs_(workspace) {
    transmittance_.values = workspace;
    transmittance_.run_floats = run_floats_;
  }

  void start(const TilePlace& tile) {
    std::fill_n(runs_, kPlane * (1 + channels_), 0.0f);
    transmittance_.start(tile);
  }

  bool ended() const { return transmittance_.alive == 0; }
  // Plane 0 is the transmittance, plane 1 + c channel c.
  const float* run(int strip, int y, int plane) const {
    return runs_ + run_number(strip, y) * run_floats_ + plane * kRunLanes;
  }
  int64_t evaluations() const { return evaluated_ * kRunLanes; }

  // attributes(): pointer to the Gaussian's values of the channels.
  template <typename Attributes>
  HWY_INLINE void draw(const SplatRecord& g, const TilePlace& tile, const Attributes& attributes) {
    if (!footprint_.place(g, tile, transmittance_.alive)) return;
    footprint_.prepare(g, floor_);
    const float* values = attributes();
    Run attribute[kChannels > 0 ? kChannels : 1];
    for (int c = 0; c < kChannels; ++c) attribute[c] = run_of(values[c]);
    int runs = 0;
    for (int strip = footprint_.first_strip; strip <= footprint_.last_strip; ++strip) {
      int first, last;
      if (!footprint_.rows(strip, first, last)) continue;
      if (HWY_UNLIKELY(footprint_.direct)) {
        draw_strip<true>(g, strip, first, last, attribute, values);
      } else {
        draw_strip<false>(g, strip, first, last, attribute, values);
      }
      runs += last - first + 1;
    }
    evaluated_ += runs;
    transmittance_.runs_left -= runs;
    if (transmittance_.runs_left < 0) transmittance_.refresh();
  }

 private:
  template <bool kDirect>
  HWY_INLINE void draw_strip(const SplatRecord& g, int strip, int first, int last, const Run* attribute,
                             const float* values) {
    const RunTag d;
    StripAlpha<kDirect> strip_alpha(g, footprint_, strip, first);
    const AlphaRule rule = rule_;
    const Run stop = stop_, sign = hn::SignBit(d);
    float* HWY_RESTRICT at = runs_ + run_number(strip, first) * run_floats_;
    for (int y = first; y <= last; ++y) {
      const Run alpha = rule.template alpha<kFade>(strip_alpha.next(y));
      const Run before = hn::Load(d, at);
      const Run after = hn::NegMulAdd(alpha, before, before);
      const auto drawn = hn::Gt(after, stop);
      const Run weight = hn::IfThenElseZero(drawn, hn::Mul(alpha, before));
      hn::Store(hn::IfThenElse(drawn, after, hn::Or(before, sign)), d, at);
      at += kRunLanes;
      if constexpr (kChannels > 0) {
#pragma GCC unroll 4
        for (int c = 0; c < kChannels; ++c, at += kRunLanes)
          hn::Store(hn::MulAdd(weight, attribute[c], hn::Load(d, at)), d, at);
      } else {
        for (int c = 0; c < channels_; ++c, at += kRunLanes)
          hn::Store(hn::MulAdd(weight, run_of(values[c]), hn::Load(d, at)), d, at);
      }
    }
  }

  AlphaRule rule_;
  Run stop_;
  float floor_;
  int channels_, run_floats_;
  float* runs_;
  Transmittance transmittance_;
  Footprint footprint_;
  int64_t evaluated_ = 0;
};

// From a tile to the pictures.
class TileWriter {
 public:
  TileWriter(const DrawingView& view, const ChannelSet& channels, const dio_splat_images& images)
      : view_(view), channels_(channels), images_(images) {}

  template <typename Painter>
  void write(const TilePlace& tile, const Painter& painter) const {
    for (int y = 0; y < tile.height; ++y) {
      for (int x = 0; x < tile.width; x += kRunLanes) {
        const int64_t pixel = static_cast<int64_t>(tile.y + y) * view_.width + tile.x + x;
        write_run(painter, x / kRunLanes, y, std::min(kRunLanes, tile.width - x), pixel);
      }
    }
  }

 private:
  template <typename Painter>
  HWY_INLINE void write_run(const Painter& painter, int strip, int y, int count, int64_t pixel) const {
    const float* rest = painter.run(strip, y, 0);
    if (channels_.rgb) write_colors(painter, strip, y, count, data<float>(*images_.rgb) + 3 * pixel);
    for (int x = 0; images_.alpha && x < count; ++x)
      data<float>(*images_.alpha)[pixel + x] = 1 - std::fabs(rest[x]);
    if (channels_.depth) {
      const float* depth = painter.run(strip, y, 1 + channels_.depth_at());
      if (images_.depth) std::copy_n(depth, count, data<float>(*images_.depth) + pixel);
      for (int x = 0; images_.expected_depth && x < count; ++x) {
        const float alpha = 1 - std::fabs(rest[x]);
        data<float>(*images_.expected_depth)[pixel + x] = alpha > 0 ? depth[x] / alpha : 0;
      }
    }
    const auto interleave = [&](int first, int channels, const Tensor* image) {
      for (int c = 0; c < channels; ++c) {
        const float* from = painter.run(strip, y, 1 + first + c);
        float* to = data<float>(*image) + pixel * channels + c;
        for (int x = 0; x < count; ++x) to[static_cast<int64_t>(x) * channels] = from[x];
      }
    };
    if (channels_.normals) interleave(channels_.normals_at(), 3, images_.normals);
    if (channels_.features > 0) interleave(channels_.features_at(), channels_.features, images_.features);
  }

  template <typename Painter>
  HWY_INLINE void write_colors(const Painter& painter, int strip, int y, int count, float* out) const {
    const RunTag d;
    const Run left = hn::Abs(hn::Load(d, painter.run(strip, y, 0)));
    Run c[3];
    for (int i = 0; i < 3; ++i)
      c[i] = hn::MulAdd(left, run_of(view_.background[i]), hn::Load(d, painter.run(strip, y, 1 + i)));
    if (count == kRunLanes) {
      hn::StoreInterleaved3(c[0], c[1], c[2], d, out);
    } else {
      HWY_ALIGN float buffer[3 * kRunLanes];
      hn::StoreInterleaved3(c[0], c[1], c[2], d, buffer);
      std::copy_n(buffer, 3 * count, out);
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
        if (k + kAhead < end) prefetch(records + list[k + kAhead]);
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

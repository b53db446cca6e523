// Rasterization backwards, tile by tile. A tile's forward pass is done again and recorded (tape-inl.h); then
// the tape is read from its end. Behind a Gaussian a pixel shows `behind`, in units of the transmittance
// there: with value = attributes times gradients of the channels,
//
//   d loss / d alpha = T (value - behind)        behind += alpha (value - behind)
//
// A list whose tape would be too long is recorded in pieces: once all the way to know the transmittance at
// the start of each, then every piece again, from the last to the first.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/splat/raster_backward_cpu.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <omp.h>

#include <algorithm>
#include <cstring>

#include "kernels/splat/backward_cpu.h"
#include "kernels/splat/tape-inl.h"
#include "kernels/splat/tile-inl.h"
#include "kernels/splat/tile_order_cpu.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {
namespace {

// The sums over the lanes of four vectors.
HWY_INLINE void store_four_sums(Run a, Run b, Run c, Run e, float* to) {
  const RunTag d;
#if HWY_TARGET == HWY_SCALAR
  to[0] = hn::GetLane(a), to[1] = hn::GetLane(b), to[2] = hn::GetLane(c), to[3] = hn::GetLane(e);
  (void)d;
#else
  const hn::RepartitionToWide<RunTag> dw;
  const Run ab = hn::Add(hn::InterleaveLower(d, a, b), hn::InterleaveUpper(d, a, b));
  const Run ce = hn::Add(hn::InterleaveLower(d, c, e), hn::InterleaveUpper(d, c, e));
  const auto low = hn::InterleaveLower(dw, hn::BitCast(dw, ab), hn::BitCast(dw, ce));
  const auto high = hn::InterleaveUpper(dw, hn::BitCast(dw, ab), hn::BitCast(dw, ce));
  const Run sums = hn::Add(hn::BitCast(d, low), hn::BitCast(d, high));
  if constexpr (kRunLanes == 8) {
    const hn::Half<RunTag> dh;
    hn::StoreU(hn::Add(hn::LowerHalf(dh, sums), hn::UpperHalf(dh, sums)), dh, to);
  } else {
    hn::StoreU(sums, d, to);
  }
#endif
}

// A tile's pixels and its tape, in one thread's memory. What is behind a run and the gradients of its
// channels lie behind each other.
struct TileMemory {
  TileMemory(float* memory, const TapeSize& size, int channels) : run_floats((1 + channels) * kRunLanes) {
    const auto take = [&](int64_t floats) {
      float* taken = memory;
      memory += floats;
      return taken;
    };
    transmittance = take(kPlane);
    depth = take(kPlane);
    runs = take((1 + channels) * kPlane);
    checkpoints = take((kMaxPieces + 1) * kPlane);
    tape.values = take(size.runs * size.run_floats);
    tape.strips = reinterpret_cast<TapeStrip*>(take(size.runs * kStripFloats));
  }

  static int64_t floats(const TapeSize& size, int channels) {
    const int64_t sum =
        (3 + channels + kMaxPieces + 1) * kPlane + size.runs * (size.run_floats + kStripFloats);
    return (sum + 15) / 16 * 16;
  }

  // Plane 0 is what is behind, plane 1 + c the gradient of channel c.
  HWY_INLINE float* run(int strip, int y, int plane) const {
    return runs + run_number(strip, y) * run_floats + plane * kRunLanes;
  }

  static constexpr int64_t kStripFloats = sizeof(TapeStrip) / sizeof(float);
  int run_floats;
  float *transmittance, *depth, *runs, *checkpoints;
  Tape tape;
};

// The gradients of the pictures, as a tile's runs.
class GradientReader {
 public:
  GradientReader(const DrawingView& view, const ChannelSet& channels, const dio_splat_images& images)
      : view_(view), channels_(channels), images_(images) {}

  // Once the forward pass has gone through, as what lies behind everything looks at what it left.
  void read(const TilePlace& tile, TileMemory& memory) const {
    std::fill_n(memory.runs, (1 + channels_.count) * kPlane, 0.0f);
    for (int y = 0; y < tile.height; ++y) {
      for (int x = 0; x < tile.width; x += kRunLanes) {
        const int64_t pixel = static_cast<int64_t>(tile.y + y) * view_.width + tile.x + x;
        read_run(x / kRunLanes, y, std::min(kRunLanes, tile.width - x), pixel, memory);
      }
    }
  }

 private:
  HWY_INLINE void read_run(int strip, int y, int count, int64_t pixel, TileMemory& memory) const {
    const auto take = [&](const Tensor* image, int first, int channels) {
      for (int c = 0; c < channels; ++c) {
        const float* from = data<float>(*image) + pixel * channels + c;
        float* to = memory.run(strip, y, 1 + first + c);
        for (int x = 0; x < count; ++x) to[x] = from[static_cast<int64_t>(x) * channels];
      }
    };
    if (channels_.rgb && count == kRunLanes) {
      const RunTag d;
      Run c[3];
      hn::LoadInterleaved3(d, data<float>(*images_.rgb) + 3 * pixel, c[0], c[1], c[2]);
      for (int i = 0; i < 3; ++i) hn::Store(c[i], d, memory.run(strip, y, 1 + i));
    } else if (channels_.rgb) {
      take(images_.rgb, 0, 3);
    }
    if (images_.depth) take(images_.depth, channels_.depth_at(), 1);
    if (channels_.normals) take(images_.normals, channels_.normals_at(), 3);
    if (channels_.features > 0) take(images_.features, channels_.features_at(), channels_.features);
    const int64_t at = run_number(strip, y) * kRunLanes;
    for (int x = 0; x < count; ++x) {
      float behind = images_.alpha ? -data<float>(*images_.alpha)[pixel + x] : 0;
      for (int c = 0; channels_.rgb && c < 3; ++c) {
        behind += view_.background[c] * memory.run(strip, y, 1 + c)[x];
      }
      const float alpha = 1 - std::fabs(memory.transmittance[at + x]);
      if (images_.expected_depth && alpha > 0) {
        const float expected = data<float>(*images_.expected_depth)[pixel + x] / alpha;
        memory.run(strip, y, 1 + channels_.depth_at())[x] += expected;
        behind += expected * memory.depth[at + x] / alpha;
      }
      memory.run(strip, y, 0)[x] = behind;
    }
  }

  const DrawingView& view_;
  const ChannelSet& channels_;
  const dio_splat_images& images_;
};

// kChannels: how many, or 0 for any number.
template <int kChannels, bool kFade>
class TileBackward {
 public:
  TileBackward(const DrawingView& view, const CpuSplatFrame& frame, const ChannelSet& channels,
               const TapeSize& size, const AttributeReader& reader, PictureGradients& gradients,
               float* memory)
      : frame_(frame),
        reader_(reader),
        channels_(kChannels > 0 ? kChannels : channels.count),
        size_(size),
        out_(gradients),
        high_(run_of(view.alpha_max)),
        memory_(memory, size, channels.count),
        recorder_(view, size) {}

  void run(const TilePlace& tile, int64_t begin, int64_t end, const GradientReader& images, bool needs_depth,
           int64_t& walked) {
    Transmittance transmittance;
    transmittance.values = memory_.transmittance;
    transmittance.run_floats = kRunLanes;
    transmittance.start(tile);
    if (needs_depth) std::fill_n(memory_.depth, kPlane, 0.0f);
    Piece started[kMaxPieces + 1];
    int pieces = 0;
    int64_t entry = begin;
    do {
      started[pieces] = {entry, transmittance};
      std::copy_n(memory_.transmittance, kPlane, memory_.checkpoints + pieces * kPlane);
      ++pieces;
      entry = recorder_.record(frame_, tile, entry, end, transmittance, needs_depth ? memory_.depth : nullptr,
                               memory_.tape);
    } while (entry < end && transmittance.alive != 0);
    walked = entry;
    std::memset(out_.by_list + begin * out_.slot, 0,
                static_cast<std::size_t>((entry - begin) * out_.slot) * sizeof(float));
    images.read(tile, memory_);
    play_back(tile);
    for (int piece = pieces - 2; piece >= 0; --piece) {
      std::copy_n(memory_.checkpoints + piece * kPlane, kPlane, memory_.transmittance);
      transmittance = started[piece].transmittance;
      recorder_.record(frame_, tile, started[piece].entry, started[piece + 1].entry, transmittance, nullptr,
                       memory_.tape);
      play_back(tile);
    }
  }

 private:
  static constexpr int kSums = kChannels > 0 ? kChannels : kMaxChannels;

  // Where a piece of the list begins, and with what: recorded again, it must give the same runs.
  struct Piece {
    int64_t entry;
    Transmittance transmittance;
  };

  // Sums over the pixels of one Gaussian.
  struct Sums {
    Run moment[kMoments];
    Run channel[kSums];
  };

  void play_back(const TilePlace& tile) {
    const Tape& tape = memory_.tape;
    for (int64_t i = tape.strip_count - 1; i >= 0;) {
      const int64_t entry = tape.strips[i].entry;
      const int32_t place = frame_.list.data()[entry];
      const SplatRecord& g = frame_.records.data()[place];
      const float* values = g.color;
      if constexpr (kChannels != 3) values = reader_.read(place, attributes_);
      Sums sums;
      for (Run& m : sums.moment) m = hn::Zero(RunTag());
      for (int c = 0; c < channels_; ++c) sums.channel[c] = hn::Zero(RunTag());
      for (; i >= 0 && tape.strips[i].entry == entry; --i) play_strip(tile, tape.strips[i], g, values, sums);
      store(sums, out_.by_list + entry * out_.slot);
    }
  }

  HWY_INLINE void play_strip(const TilePlace& tile, const TapeStrip& tape, const SplatRecord& g,
                             const float* values, Sums& sums) {
    const RunTag d;
    const Run high = high_;
    Run attribute[kSums], sum[kSums];
    for (int c = 0; c < kChannels; ++c) attribute[c] = run_of(values[c]), sum[c] = sums.channel[c];
    Run v_0 = hn::Zero(d), v_y = hn::Zero(d), v_yy = hn::Zero(d);
    float dy = static_cast<float>(tape.first + tile.y) + 0.5f - g.y;
    const float* HWY_RESTRICT from = memory_.tape.values + tape.begin * size_.run_floats;
    float* HWY_RESTRICT at = memory_.run(tape.strip, tape.first, 0);
    for (int i = 0; i < tape.count; ++i) {
      const Run alpha = hn::Load(d, from), before = hn::Load(d, from + kRunLanes);
      const Run behind = hn::Load(d, at);
      const Run weight = hn::Mul(alpha, before);
      // What this Gaussian shows more than what is behind it.
      Run more = hn::Neg(behind);
      if constexpr (kChannels > 0) {
#pragma GCC unroll 4
        for (int c = 0; c < kChannels; ++c) {
          const Run gradient = hn::Load(d, at + (1 + c) * kRunLanes);
          more = hn::MulAdd(attribute[c], gradient, more);
          sum[c] = hn::MulAdd(weight, gradient, sum[c]);
        }
      } else {
        for (int c = 0; c < channels_; ++c) {
          const Run gradient = hn::Load(d, at + (1 + c) * kRunLanes);
          more = hn::MulAdd(run_of(values[c]), gradient, more);
          sums.channel[c] = hn::MulAdd(weight, gradient, sums.channel[c]);
        }
      }
      hn::Store(hn::MulAdd(alpha, more, behind), d, at);
      Run v;
      if constexpr (kFade) {
        v = hn::Mul(hn::Mul(hn::Load(d, from + 2 * kRunLanes), before), more);
      } else {
        v = hn::Mul(hn::IfThenElseZero(hn::Lt(alpha, high), weight), more);
      }
      const Run times_dy = hn::Mul(v, run_of(dy));
      v_0 = hn::Add(v_0, v);
      v_y = hn::Add(v_y, times_dy);
      v_yy = hn::MulAdd(times_dy, run_of(dy), v_yy);
      dy += 1;
      from += (kFade ? 3 : 2) * kRunLanes;
      at += (1 + channels_) * kRunLanes;
    }
    for (int c = 0; c < kChannels; ++c) sums.channel[c] = sum[c];
    const Run dx = strip_dx(tape.strip, g.x - static_cast<float>(tile.x));
    const Run v_x = hn::Mul(v_0, dx);
    Run* moment = sums.moment;
    moment[0] = hn::Add(moment[0], v_0);
    moment[1] = hn::Add(moment[1], v_x);
    moment[2] = hn::Add(moment[2], v_y);
    moment[3] = hn::MulAdd(v_x, dx, moment[3]);
    moment[4] = hn::MulAdd(v_y, dx, moment[4]);
    moment[5] = hn::Add(moment[5], v_yy);
  }

  HWY_INLINE void store(const Sums& sums, float* to) const {
    const Run zero = hn::Zero(RunTag());
    HWY_ALIGN float four[4];
    store_four_sums(sums.moment[0], sums.moment[1], sums.moment[2], sums.moment[3], to);
    const auto channel = [&](int c) HWY_ATTR { return c < channels_ ? sums.channel[c] : zero; };
    store_four_sums(sums.moment[4], sums.moment[5], channel(0), channel(1), four);
    std::copy_n(four, std::min(4, 2 + channels_), to + 4);
    for (int c = 2; c < channels_; c += 4) {
      store_four_sums(channel(c), channel(c + 1), channel(c + 2), channel(c + 3), four);
      std::copy_n(four, std::min(4, channels_ - c), to + kMoments + c);
    }
  }

  const CpuSplatFrame& frame_;
  const AttributeReader& reader_;
  int channels_;
  TapeSize size_;
  PictureGradients& out_;
  Run high_;
  TileMemory memory_;
  TapeRecorder<kFade> recorder_;
  float attributes_[kMaxChannels];
};

template <int kChannels, bool kFade>
void walk_back(Context& context, const DrawingView& view, const GaussianArrays& in,
               const CpuSplatFrame& frame, const dio_splat_images& images, const ChannelSet& channels,
               PictureGradients& gradients) {
  const int64_t tiles = view.tiles();
  const int threads = static_cast<int>(std::min<int64_t>(context.threads(), tiles));
  const int64_t* starts = frame.tile_starts.data();
  const int32_t* order = longest_first(context, starts, tiles);
  const TapeSize size(starts[order[0] + 1] - starts[order[0]], kFade);
  const int64_t floats = TileMemory::floats(size, channels.count);
  float* memory = context.scratch_array<float>(static_cast<std::size_t>(threads * floats));
  const GradientReader reader(view, channels, images);
  const AttributeReader attributes(in, frame, channels);
  const bool needs_depth = images.expected_depth != nullptr;
#pragma omp parallel num_threads(threads)
  {
    TileBackward<kChannels, kFade> backward(view, frame, channels, size, attributes, gradients,
                                            memory + omp_get_thread_num() * floats);
#pragma omp for schedule(dynamic)
    for (int64_t i = 0; i < tiles; ++i) {
      const int32_t tile = order[i];
      backward.run(TilePlace(view, tile), starts[tile], starts[tile + 1], reader, needs_depth,
                   gradients.ends[tile]);
    }
  }
}

void walk_tiles_back(Context& context, const DrawingView& view, const GaussianArrays& in,
                     const CpuSplatFrame& frame, const dio_splat_images& images, const ChannelSet& channels,
                     PictureGradients& gradients) {
  const auto walk = [&](auto body) { body(context, view, in, frame, images, channels, gradients); };
  if (view.alpha_fade > 0) return walk(walk_back<0, true>);
  if (channels.rgb && channels.count == 3) return walk(walk_back<3, false>);
  if (channels.count == 4) return walk(walk_back<4, false>);
  walk(walk_back<0, false>);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace diorama {
namespace {

HWY_EXPORT(walk_tiles_back);

}  // namespace

void rasterize_backward(Context& context, const DrawingView& view, const GaussianArrays& in,
                        const CpuSplatFrame& frame, const dio_splat_images& images,
                        const ChannelSet& channels, PictureGradients& gradients) {
  HWY_DYNAMIC_DISPATCH(walk_tiles_back)(context, view, in, frame, images, channels, gradients);
}

}  // namespace diorama
#endif

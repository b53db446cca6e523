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

// A tile's planes of pixels and its tape, in one thread's memory.
struct TileMemory {
  TileMemory(float* memory, const TapeSize& size, int channels) {
    const auto take = [&](int64_t floats) {
      float* taken = memory;
      memory += floats;
      return taken;
    };
    transmittance = take(kPlane);
    behind = take(kPlane);
    depth = take(kPlane);
    gradients = take(channels * kPlane);
    checkpoints = take((kMaxPieces + 1) * kPlane);
    tape.values = take(size.runs * size.values_of_run);
    tape.entries = reinterpret_cast<TapeEntry*>(take((size.runs + 1) * entry_floats));
    tape.positions = reinterpret_cast<int32_t*>(take(size.runs));
  }

  static int64_t floats(const TapeSize& size, int channels) {
    const int64_t sum = (3 + channels + kMaxPieces + 1) * kPlane + size.runs * (size.values_of_run + 1) +
                        (size.runs + 1) * entry_floats;
    return (sum + 15) / 16 * 16;
  }

  static constexpr int64_t entry_floats = sizeof(TapeEntry) / sizeof(float);
  float *transmittance, *behind, *depth, *gradients, *checkpoints;
  Tape tape;
};

// The gradients of the pictures, as planes of a tile.
class GradientReader {
 public:
  GradientReader(const DrawingView& view, const ChannelSet& channels, const dio_splat_images& images)
      : view_(view), channels_(channels), images_(images) {}

  // Once the forward pass has gone through: `behind` becomes what lies behind everything.
  void read(const TilePlace& tile, TileMemory& memory) const {
    std::fill_n(memory.behind, kPlane, 0.0f);
    std::fill_n(memory.gradients, channels_.count * kPlane, 0.0f);
    for (int y = 0; y < tile.height; ++y) {
      const int64_t pixel = static_cast<int64_t>(tile.y + y) * view_.width + tile.x;
      const int row = y * kStride;
      if (channels_.rgb) planes(images_.rgb, pixel, 3, row, tile.width, memory.gradients);
      if (images_.depth)
        planes(images_.depth, pixel, 1, row, tile.width, memory.gradients + channels_.depth_at() * kPlane);
      if (channels_.normals)
        planes(images_.normals, pixel, 3, row, tile.width,
               memory.gradients + channels_.normals_at() * kPlane);
      if (channels_.features > 0) {
        planes(images_.features, pixel, channels_.features, row, tile.width,
               memory.gradients + channels_.features_at() * kPlane);
      }
      read_rest(pixel, row, tile.width, memory);
    }
  }

 private:
  static void planes(const Tensor* image, int64_t pixel, int count, int row, int width, float* to) {
    const float* from = data<float>(*image) + pixel * count;
    for (int c = 0; c < count; ++c) {
      float* plane = to + c * kPlane + row;
      for (int x = 0; x < width; ++x) plane[x] = from[static_cast<int64_t>(x) * count + c];
    }
  }

  // Background, alpha and expected depth, which also look at what is left.
  void read_rest(int64_t pixel, int row, int width, TileMemory& memory) const {
    for (int x = 0; x < width; ++x) {
      const int at = row + x;
      float behind = 0;
      if (channels_.rgb) {
        for (int c = 0; c < 3; ++c) behind += view_.background[c] * memory.gradients[c * kPlane + at];
      }
      if (images_.alpha) behind -= data<float>(*images_.alpha)[pixel + x];
      const float alpha = 1 - std::fabs(memory.transmittance[at]);
      if (images_.expected_depth && alpha > 0) {
        const float expected = data<float>(*images_.expected_depth)[pixel + x] / alpha;
        memory.gradients[channels_.depth_at() * kPlane + at] += expected;
        behind += expected * memory.depth[at] / alpha;
      }
      memory.behind[at] = behind;
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
    transmittance.start(tile);
    if (needs_depth) std::fill_n(memory_.depth, kPlane, 0.0f);
    int64_t starts[kMaxPieces + 1];
    int pieces = 0;
    int64_t entry = begin;
    do {
      starts[pieces] = entry;
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
      transmittance.refresh();
      recorder_.record(frame_, tile, starts[piece], starts[piece + 1], transmittance, nullptr, memory_.tape);
      play_back(tile);
    }
  }

 private:
  static constexpr int kSums = kChannels > 0 ? kChannels : kMaxChannels;

  void play_back(const TilePlace& tile) {
    const Tape& tape = memory_.tape;
    for (int64_t i = tape.entry_count - 1; i >= 0; --i) {
      play_entry(tile, tape.entries[i].entry, tape.entries[i].begin, tape.entries[i + 1].begin);
    }
  }

  HWY_INLINE void play_entry(const TilePlace& tile, int64_t entry, int64_t begin, int64_t end) {
    const RunTag d;
    const int32_t place = frame_.list.data()[entry];
    const SplatRecord& g = frame_.records.data()[place];
    const float* values = attributes_;
    if constexpr (kChannels == 3) {
      values = g.color;
    } else {
      reader_.read(place, attributes_);
    }
    Run attribute[kSums], sum[kSums];
    for (int c = 0; c < channels_; ++c) {
      attribute[c] = run_of(values[c]);
      sum[c] = hn::Zero(d);
    }
    Run moment[kMoments];
    for (Run& m : moment) m = hn::Zero(d);
    const float mean_x = g.x - static_cast<float>(tile.x) - 0.5f;
    const float mean_y = g.y - static_cast<float>(tile.y) - 0.5f;
    const float* HWY_RESTRICT from = memory_.tape.values + begin * size_.values_of_run;
    for (int64_t run = begin; run < end; ++run, from += size_.values_of_run) {
      const int at = memory_.tape.positions[run];
      const int y = at / kStride, x = at % kStride;
      const Run alpha = hn::Load(d, from), before = hn::Load(d, from + kRunLanes);
      const float* HWY_RESTRICT gradient = memory_.gradients + at;
      float* HWY_RESTRICT behind_at = memory_.behind + at;
      const Run behind = hn::LoadU(d, behind_at);
      const Run weight = hn::Mul(alpha, before);
      Run more = hn::Neg(behind);
      for (int c = 0; c < channels_; ++c) {
        const Run here = hn::LoadU(d, gradient + c * kPlane);
        more = hn::MulAdd(attribute[c], here, more);
        sum[c] = hn::MulAdd(weight, here, sum[c]);
      }
      hn::StoreU(hn::MulAdd(alpha, more, behind), d, behind_at);
      Run v;
      if constexpr (kFade) {
        v = hn::Mul(hn::Mul(hn::Load(d, from + 2 * kRunLanes), before), more);
      } else {
        v = hn::Mul(hn::IfThenElseZero(hn::Lt(alpha, high_), weight), more);
      }
      const Run dx = hn::Add(hn::Iota(d, 0), run_of(static_cast<float>(x) - mean_x));
      const Run dy = run_of(static_cast<float>(y) - mean_y);
      const Run v_dx = hn::Mul(v, dx), v_dy = hn::Mul(v, dy);
      moment[0] = hn::Add(moment[0], v);
      moment[1] = hn::Add(moment[1], v_dx);
      moment[2] = hn::Add(moment[2], v_dy);
      moment[3] = hn::MulAdd(v_dx, dx, moment[3]);
      moment[4] = hn::MulAdd(v_dx, dy, moment[4]);
      moment[5] = hn::MulAdd(v_dy, dy, moment[5]);
    }
    store(moment, sum, out_.by_list + entry * out_.slot);
  }

  HWY_INLINE void store(const Run* moment, const Run* sum, float* to) const {
    const Run zero = hn::Zero(RunTag());
    HWY_ALIGN float four[4];
    store_four_sums(moment[0], moment[1], moment[2], moment[3], to);
    const auto channel = [&](int c) HWY_ATTR { return c < channels_ ? sum[c] : zero; };
    store_four_sums(moment[4], moment[5], channel(0), channel(1), four);
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

// Compiled once for each SIMD target (Highway's foreach_target): what the backward pass needs of a tile's
// forward pass, recorded run by run, so that going back neither evaluates an alpha again nor divides a
// transmittance by 1 - alpha.
#if defined(DIORAMA_KERNELS_SPLAT_TAPE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DIORAMA_KERNELS_SPLAT_TAPE_INL_H_
#undef DIORAMA_KERNELS_SPLAT_TAPE_INL_H_
#else
#define DIORAMA_KERNELS_SPLAT_TAPE_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>

#include "kernels/splat/tile-inl.h"
#include "kernels/splat/tile_order_cpu.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {
namespace {

// 2 MiB. Most lists fit, and a second recording costs more than a tape beyond the second cache.
constexpr int64_t kTapeRuns = 32768;
constexpr int64_t kMaxRunsOfGaussian = kStrips * kTile;
// Pieces that a tile's list is recorded in at most.
constexpr int64_t kMaxPieces = 256;

struct TapeSize {
  // longest: list of a tile.
  TapeSize(int64_t longest, bool fade)
      : budget(std::max(kTapeRuns, longest * kMaxRunsOfGaussian / kMaxPieces)),
        runs(budget + kMaxRunsOfGaussian),
        run_floats((fade ? 3 : 2) * kRunLanes) {}

  int64_t budget;  // runs after which a piece ends
  int64_t runs;    // that there is room for
  int64_t run_floats;
};

// Runs of one Gaussian in one strip, from row `first` down; recorded from `begin` on.
struct TapeStrip {
  int64_t entry;  // in the frame's list
  int64_t begin;
  int32_t strip, first, count;
};

struct Tape {
  float* values;  // [runs][alpha drawn, transmittance before, and with a fade d alpha / d ln(raw)][lanes]
  TapeStrip* strips;
  int64_t strip_count = 0, run_count = 0;
};

template <bool kFade>
class TapeRecorder {
 public:
  TapeRecorder(const DrawingView& view, const TapeSize& size)
      : rule_(view), stop_(run_of(view.transmittance_stop)), floor_(view.log2_floor), size_(size) {}

  // Records from `entry` on until the tape's budget is spent, the list ends or every pixel has; returns the
  // entry after the last. depth: null, or the plane where weight times depth is added up.
  int64_t record(const CpuSplatFrame& frame, const TilePlace& tile, int64_t entry, int64_t end,
                 Transmittance& transmittance, float* depth, Tape& tape) {
    const int32_t* list = frame.list.data();
    const SplatRecord* records = frame.records.data();
    tape.strip_count = tape.run_count = 0;
    for (; entry < end && transmittance.alive != 0 && tape.run_count < size_.budget; ++entry) {
      if (entry + kAhead < end) prefetch(records + list[entry + kAhead]);
      const int32_t place = list[entry];
      const SplatRecord& g = records[place];
      if (!footprint_.place(g, tile, transmittance.alive)) continue;
      footprint_.prepare(g, floor_);
      for (int strip = footprint_.first_strip; strip <= footprint_.last_strip; ++strip) {
        TapeStrip to = {entry, tape.run_count, strip, 0, 0};
        int last;
        if (!footprint_.rows(strip, to.first, last)) continue;
        to.count = last - to.first + 1;
        const bool drew = footprint_.direct ? record_strip<true>(g, to, transmittance, tape)
                                            : record_strip<false>(g, to, transmittance, tape);
        transmittance.runs_left -= to.count;
        if (!drew) continue;
        if (depth) add_depth(to, tape, frame.depths.data()[place], depth);
        tape.strips[tape.strip_count++] = to;
        tape.run_count += to.count;
      }
      if (transmittance.runs_left < 0) transmittance.refresh();
    }
    return entry;
  }

 private:
  // False where nothing was drawn.
  template <bool kDirect>
  HWY_INLINE bool record_strip(const SplatRecord& g, const TapeStrip& to, const Transmittance& transmittance,
                               const Tape& tape) {
    const RunTag d;
    StripAlpha<kDirect> strip_alpha(g, footprint_, to.strip, to.first);
    const AlphaRule rule = rule_;
    const Run stop = stop_, sign = hn::SignBit(d);
    float* HWY_RESTRICT out = tape.values + to.begin * size_.run_floats;
    float* HWY_RESTRICT pixels = transmittance.run(to.strip, to.first);
    Run any = hn::Zero(d);
    for (int i = 0; i < to.count; ++i) {
      const Run raw = strip_alpha.next(to.first + i);
      const Run alpha = rule.template alpha<kFade>(raw);
      const Run before = hn::Load(d, pixels);
      const Run after = hn::NegMulAdd(alpha, before, before);
      const auto drawn = hn::Gt(after, stop);
      hn::Store(hn::IfThenElse(drawn, after, hn::Or(before, sign)), d, pixels);
      const Run drawn_alpha = hn::IfThenElseZero(drawn, alpha);
      any = hn::Or(any, drawn_alpha);
      hn::Store(drawn_alpha, d, out);
      hn::Store(before, d, out + kRunLanes);
      if constexpr (kFade)
        hn::Store(hn::IfThenElseZero(drawn, rule.template slope<kFade>(raw)), d, out + 2 * kRunLanes);
      out += (kFade ? 3 : 2) * kRunLanes;
      pixels += kRunLanes;
    }
    return !hn::AllTrue(d, hn::Eq(any, hn::Zero(d)));
  }

  HWY_INLINE void add_depth(const TapeStrip& from, const Tape& tape, float depth, float* plane) const {
    const RunTag d;
    const float* values = tape.values + from.begin * size_.run_floats;
    float* to = plane + run_number(from.strip, from.first) * kRunLanes;
    for (int i = 0; i < from.count; ++i, values += size_.run_floats, to += kRunLanes) {
      const Run weight = hn::Mul(hn::Load(d, values), hn::Load(d, values + kRunLanes));
      hn::Store(hn::MulAdd(weight, run_of(depth), hn::Load(d, to)), d, to);
    }
  }

  AlphaRule rule_;
  Run stop_;
  float floor_;
  TapeSize size_;
  Footprint footprint_;
};

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#endif

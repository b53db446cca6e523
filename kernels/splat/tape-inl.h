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

constexpr int kMaxRunsOfGaussian = kTile * (kTile / kRunLanes);
// A tape that leaves room for the tile's planes in the second cache.
constexpr int64_t kTapeRuns = 4096;
// Pieces that a tile's list is recorded in at most.
constexpr int64_t kMaxPieces = 256;

struct TapeSize {
  // longest: list of a tile.
  TapeSize(int64_t longest, bool fade)
      : budget(std::max(kTapeRuns, longest * kMaxRunsOfGaussian / kMaxPieces)),
        runs(budget + kMaxRunsOfGaussian),
        values_of_run((fade ? 3 : 2) * kRunLanes) {}

  int64_t budget;  // runs after which a piece ends
  int64_t runs;    // that there is room for
  int64_t values_of_run;
};

// A Gaussian that drew something: its runs are [begin, begin of the next).
struct TapeEntry {
  int64_t entry;  // in the frame's list
  int64_t begin;
};

struct Tape {
  float* values;  // [runs][alpha drawn, transmittance before, and with a fade d alpha / d ln(raw)][lanes]
  int32_t* positions;  // [runs]: of the first pixel in the tile's planes
  TapeEntry* entries;
  int64_t entry_count = 0, run_count = 0;
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
    tape.entry_count = tape.run_count = 0;
    for (; entry < end && transmittance.alive != 0 && tape.run_count < size_.budget; ++entry) {
      if (entry + kAhead < end) __builtin_prefetch(records + list[entry + kAhead]);
      const int32_t place = list[entry];
      const int64_t begin = tape.run_count;
      draw(records[place], tile, transmittance, depth, depth ? frame.depths.data()[place] : 0, tape);
      if (tape.run_count > begin) tape.entries[tape.entry_count++] = {entry, begin};
    }
    tape.entries[tape.entry_count] = {entry, tape.run_count};
    return entry;
  }

 private:
  HWY_INLINE void draw(const SplatRecord& g, const TilePlace& tile, Transmittance& transmittance,
                       float* depth_plane, float depth, Tape& tape) {
    if (!footprint_.place(g, tile, transmittance.alive)) return;
    footprint_.span_rows(g, tile, floor_);
    const RunTag d;
    const Run slope = hn::Mul(run_of(g.root), hn::Iota(d, 0));
    const Run step = run_of(g.root * static_cast<float>(kRunLanes));
    float* HWY_RESTRICT to = tape.values + tape.run_count * size_.values_of_run;
    int32_t* HWY_RESTRICT position = tape.positions + tape.run_count;
    int runs = 0;
    for (int y = footprint_.y0; y <= footprint_.y1; ++y) {
      int after = footprint_.after[y];
      if (after < 0 || !footprint_.is_alive(y, transmittance.alive)) continue;
      const Run power = run_of(footprint_.power[y]);
      Run t = hn::Add(slope, run_of(footprint_.start[y]));
      int32_t at = y * kStride + footprint_.first[y];
      do {
        const Run raw = power_of_two(hn::NegMulAdd(t, t, power));
        const Run alpha = rule_.template alpha<kFade>(raw);
        float* HWY_RESTRICT pixels = transmittance.values + at;
        const Run before = hn::LoadU(d, pixels);
        const Run left = hn::NegMulAdd(alpha, before, before);
        const auto drawn = hn::Gt(left, stop_);
        hn::StoreU(hn::IfThenElse(drawn, left, hn::Or(before, hn::SignBit(d))), d, pixels);
        const Run drawn_alpha = hn::IfThenElseZero(drawn, alpha);
        hn::StoreU(drawn_alpha, d, to);
        hn::StoreU(before, d, to + kRunLanes);
        if constexpr (kFade) {
          hn::StoreU(hn::IfThenElseZero(drawn, rule_.template slope<kFade>(raw)), d, to + 2 * kRunLanes);
        }
        if (depth_plane) {
          const Run weight = hn::Mul(drawn_alpha, before);
          hn::StoreU(hn::MulAdd(weight, run_of(depth), hn::LoadU(d, depth_plane + at)), d, depth_plane + at);
        }
        *position = at;
        // What drew nothing is overwritten by the next.
        const bool any = !hn::AllTrue(d, hn::Eq(drawn_alpha, hn::Zero(d)));
        to += any ? size_.values_of_run : 0;
        position += any;
        ++runs;
        t = hn::Add(t, step);
        at += kRunLanes;
        after -= kRunLanes;
      } while (after >= 0);
    }
    tape.run_count = position - tape.positions;
    transmittance.runs_left -= runs;
    if (transmittance.runs_left < 0) transmittance.refresh();
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

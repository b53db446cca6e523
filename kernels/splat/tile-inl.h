// Compiled once for each SIMD target (Highway's foreach_target): one Gaussian in one tile. Which rows of
// pixels it reaches, from where to where, and its alpha there.
//
// Pixels lie across the lanes. A row's run begins at the first pixel that alpha_min lets through, wherever
// that is (loads need no alignment), so that a Gaussian of w x h pixels costs about h * ceil(w / lanes)
// vectors. Rows of a tile are kStride floats long: runs may end behind the tile's last column, on pixels that
// are dead from the start.
#if defined(DIORAMA_KERNELS_SPLAT_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DIORAMA_KERNELS_SPLAT_TILE_INL_H_
#undef DIORAMA_KERNELS_SPLAT_TILE_INL_H_
#else
#define DIORAMA_KERNELS_SPLAT_TILE_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kernels/common/simd-inl.h"
#include "kernels/splat/drawing_cpu.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {
namespace {

using RunTag = hn::CappedTag<float, 8>;
using Run = hn::Vec<RunTag>;

constexpr int kRunLanes = hn::MaxLanes(RunTag());
constexpr int kStride = kTile + 8;
constexpr int kPlane = kTile * kStride;

HWY_INLINE Run run_of(float value) { return hn::Set(RunTag(), value); }

// 2^x, 0 below -126. 2^x = 2^n 2^f, n the nearest integer: adding 1.5 * 2^23 leaves n in the low bits, from
// where it moves into the exponent. The polynomial is minimax on [-1/2, 1/2] with p(0) = 1: relative error
// 9e-8.
HWY_INLINE Run power_of_two(Run x) {
  const RunTag d;
  const hn::RebindToSigned<RunTag> di;
  x = hn::Max(run_of(-127.0f), x);
  const Run magic = run_of(0x1.8p23f);
  const Run shifted = hn::Add(x, magic);
  const Run f = hn::Sub(x, hn::Sub(shifted, magic));
  Run p = hn::MulAdd(run_of(0.001326472614891827f), f, run_of(0.009671512991189957f));
  p = hn::MulAdd(p, f, run_of(0.05550733581185341f));
  p = hn::MulAdd(p, f, run_of(0.24022242426872253f));
  p = hn::MulAdd(p, f, run_of(0.6931470036506653f));
  p = hn::MulAdd(p, f, run_of(1.0f));
  const auto exponent = hn::ShiftLeft<23>(hn::BitCast(di, shifted));
  return hn::BitCast(d, hn::Add(hn::BitCast(di, p), exponent));
}

// From powers of two to alphas: cut, clamped and, where kFade, faded in.
struct AlphaRule {
  explicit AlphaRule(const DrawingView& view)
      : low(run_of(view.alpha_min)),
        high(run_of(view.alpha_max)),
        inverse_fade(run_of(view.alpha_fade > 0 ? 1 / view.alpha_fade : 0)) {}

  Run low, high, inverse_fade;

  template <bool kFade>
  HWY_INLINE Run alpha(Run raw) const {
    Run alpha = hn::Min(raw, high);
    if constexpr (kFade) {
      const Run t = hn::Min(hn::Mul(hn::Sub(alpha, low), inverse_fade), run_of(1.0f));
      alpha = hn::Mul(alpha, hn::Mul(hn::Mul(t, t), hn::NegMulAdd(run_of(2.0f), t, run_of(3.0f))));
    }
    return hn::IfThenElseZero(hn::Ge(raw, low), alpha);
  }

  // d alpha / d ln(raw), for raw >= low.
  template <bool kFade>
  HWY_INLINE Run slope(Run raw) const {
    Run slope = raw;
    if constexpr (kFade) {
      const Run t = hn::Min(hn::Mul(hn::Sub(raw, low), inverse_fade), run_of(1.0f));
      const Run step = hn::Mul(hn::Mul(t, t), hn::NegMulAdd(run_of(2.0f), t, run_of(3.0f)));
      const Run step_slope =
          hn::Mul(hn::Mul(run_of(6.0f), t), hn::Mul(hn::Sub(run_of(1.0f), t), inverse_fade));
      slope = hn::Mul(raw, hn::MulAdd(raw, step_slope, step));
    }
    return hn::IfThenElseZero(hn::And(hn::Ge(raw, low), hn::Le(raw, high)), slope);
  }
};

// Where a tile lies in the picture. At the picture's edges it is smaller.
struct TilePlace {
  TilePlace(const DrawingView& view, int64_t tile)
      : x(static_cast<int>(tile % view.tiles_x) * kTile),
        y(static_cast<int>(tile / view.tiles_x) * kTile),
        width(std::min(kTile, view.width - x)),
        height(std::min(kTile, view.height - y)) {}

  int x, y, width, height;
};

// The transmittance of a tile's pixels. A pixel has ended where the sign is set: its magnitude then is what
// is left, and no further Gaussian passes the test for the stop.
//
// `alive` has one bit for 4 x 4 pixels (bit 8 * (y / 4) + x / 4), for skipping what only meets ended ones. It
// is brought up to date now and then and may lag behind: the pixels themselves are exact.
struct Transmittance {
  static constexpr int kRefreshRuns = 512;

  float* values;  // [kTile][kStride]
  uint64_t alive;
  int runs_left;

  void start(const TilePlace& tile) {
    std::fill_n(values, kPlane, -1.0f);
    for (int y = 0; y < tile.height; ++y) std::fill_n(values + y * kStride, tile.width, 1.0f);
    refresh();
  }

  void refresh() {
    const RunTag d;
    runs_left = kRefreshRuns;
    alive = 0;
    for (int block = 0; block < kTile / 4; ++block) {
      const float* row = values + 4 * block * kStride;
      uint32_t bits = 0;
      for (int x = 0; x < kTile; x += kRunLanes) {
        const Run top = hn::Max(hn::LoadU(d, row + x), hn::LoadU(d, row + kStride + x));
        const Run bottom = hn::Max(hn::LoadU(d, row + 2 * kStride + x), hn::LoadU(d, row + 3 * kStride + x));
        uint8_t bytes[8] = {};
        hn::StoreMaskBits(d, hn::Gt(hn::Max(top, bottom), hn::Zero(d)), bytes);
        bits |= static_cast<uint32_t>(bytes[0]) << x;
      }
      bits |= bits >> 1;
      bits |= bits >> 2;
      uint64_t packed = 0;
      for (int i = 0; i < kTile / 4; ++i) packed |= static_cast<uint64_t>(bits >> (4 * i) & 1) << i;
      alive |= packed << (8 * block);
    }
  }
};

// The rows of a tile that a Gaussian reaches, each a run of pixels: at pixel first + i of row y,
// log2 alpha = power[y] - (start[y] + i * root)^2.
struct Footprint {
  int y0, y1;        // rows, ends included; none where y0 > y1
  uint64_t columns;  // the same in columns, as bits of Transmittance::alive's lowest row
  float mean_x, mean_y;
  HWY_ALIGN float start[kTile + kRunLanes];
  HWY_ALIGN float power[kTile + kRunLanes];
  HWY_ALIGN int32_t first[kTile + kRunLanes];
  HWY_ALIGN int32_t after[kTile + kRunLanes];  // pixels from the first to the last; negative: none

  // Rows and columns alone; false where only ended pixels, or none, are met.
  HWY_INLINE bool place(const SplatRecord& g, const TilePlace& tile, uint64_t alive) {
    mean_x = g.x - static_cast<float>(tile.x);
    mean_y = g.y - static_cast<float>(tile.y);
    const int x0 = first_centre(mean_x - g.reach_x), x1 = last_centre(mean_x + g.reach_x, tile.width);
    y0 = first_centre(mean_y - g.reach_y);
    y1 = last_centre(mean_y + g.reach_y, tile.height);
    if (x0 > x1 || y0 > y1) return false;
    columns = (uint64_t{2} << (x1 >> 2)) - (uint64_t{1} << (x0 >> 2));
    const uint64_t rows = (~uint64_t{0} >> (56 - 8 * (y1 >> 2))) & (~uint64_t{0} << (8 * (y0 >> 2)));
    return (alive & rows & (columns * 0x0101010101010101u)) != 0;
  }

  HWY_INLINE bool is_alive(int y, uint64_t alive) const { return (alive >> (8 * (y >> 2)) & columns) != 0; }

  HWY_INLINE void span_rows(const SplatRecord& g, const TilePlace& tile, float log2_floor) {
    const RunTag d;
    const hn::RebindToSigned<RunTag> di;
    const Run inverse_root = run_of(g.inverse_root);
    const Run opacity = run_of(g.log2_opacity), floor = run_of(log2_floor), root = run_of(g.root);
    const Run last_column = run_of(static_cast<float>(tile.width - 1));
    Run dy = hn::Add(run_of(static_cast<float>(y0) + 0.5f - mean_y), hn::Iota(d, 0));
    for (int y = y0; y <= y1; y += kRunLanes) {
      const Run s = hn::Mul(run_of(g.root_y), dy);
      const Run row_power = hn::NegMulAdd(s, s, opacity);
      const Run half = hn::Mul(hn::Sqrt(hn::Max(hn::Sub(row_power, floor), hn::Zero(d))), inverse_root);
      const Run centre = hn::NegMulAdd(run_of(g.skew), dy, run_of(mean_x - 0.5f));
      const Run low = hn::Max(hn::Ceil(hn::Sub(centre, half)), hn::Zero(d));
      const Run high = hn::Min(hn::Floor(hn::Add(centre, half)), last_column);
      const Run begin = hn::Min(low, last_column);
      hn::StoreU(hn::Mul(root, hn::Sub(begin, centre)), d, start + y);
      hn::StoreU(row_power, d, power + y);
      hn::StoreU(hn::ConvertTo(di, begin), di, first + y);
      hn::StoreU(hn::ConvertTo(di, hn::Max(hn::Sub(high, low), run_of(-1.0f))), di, after + y);
      dy = hn::Add(dy, run_of(static_cast<float>(kRunLanes)));
    }
  }

 private:
  // The first pixel whose centre is at or behind x, and the last at or before; clamped to the tile.
  static HWY_INLINE int first_centre(float x) {
    const float clamped = std::min(std::max(x - 0.5f, 0.0f), static_cast<float>(kTile));
    const int below = static_cast<int>(clamped);
    return below + (static_cast<float>(below) < clamped);
  }
  static HWY_INLINE int last_centre(float x, int size) {
    const float clamped = std::min(std::max(x + 0.5f, 0.0f), static_cast<float>(size));
    return static_cast<int>(clamped) - 1;
  }
};

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#endif

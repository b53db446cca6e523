// Compiled once for each SIMD target (Highway's foreach_target): one Gaussian in one tile. Which strips and
// rows of pixels it reaches, and its alpha there.
//
// Pixels lie across the lanes: a run is kRunLanes pixels of a row, a strip the runs below each other. Down a
// strip the exponential is not evaluated for each pixel. With the exponent split as
//
//   log2 raw = [log2 opacity - c dy^2] - a dx (dx + 2 skew dy),    a = root^2, c = root_y^2 + a skew^2
//
// the bracket is one number a row, and what is left grows from row to row by the factor 2^(-2 a skew dx),
// which does not change: two multiplications a run instead of an exponential. For long thin Gaussians across
// the axes both parts are large and cancel; those evaluate every run (kDirect).
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
constexpr int kStrips = kTile / kRunLanes;
constexpr int kPlane = kTile * kTile;
// Largest part of the exponent, in octaves, that may cancel: 24 cost 2e-6 of alpha.
constexpr float kMostOctaves = 24;

HWY_INLINE Run run_of(float value) { return hn::Set(RunTag(), value); }

// Pixels of a tile are kept strip by strip: run number strip * kTile + y.
HWY_INLINE int64_t run_number(int strip, int y) { return static_cast<int64_t>(strip) * kTile + y; }

// 2^x, 0 below -126. 2^x = 2^n 2^f, n the nearest integer: adding 1.5 * 2^23 leaves n in the low bits, from
// where it moves into the exponent. The polynomials are minimax on [-1/2, 1/2] with p(0) = 1: relative error
// 9e-8, and of the longer one 2e-9.
template <bool kLong>
HWY_INLINE Run power_of_two(Run x) {
  const RunTag d;
  const hn::RebindToSigned<RunTag> di;
  x = hn::Max(run_of(-127.0f), x);
  const Run magic = run_of(0x1.8p23f);
  const Run shifted = hn::Add(x, magic);
  const Run f = hn::Sub(x, hn::Sub(shifted, magic));
  Run p;
  if constexpr (kLong) {
    p = hn::MulAdd(run_of(0.00015353363f), f, run_of(0.0013398875f));
    for (const float c : {0.0096184374f, 0.055503325f, 0.24022648f, 0.69314720f})
      p = hn::MulAdd(p, f, run_of(c));
  } else {
    p = hn::MulAdd(run_of(0.0013264726f), f, run_of(0.0096715130f));
    for (const float c : {0.055507336f, 0.24022242f, 0.69314700f}) p = hn::MulAdd(p, f, run_of(c));
  }
  p = hn::MulAdd(p, f, run_of(1.0f));
  const auto exponent = hn::ShiftLeft<23>(hn::BitCast(di, shifted));
  return hn::BitCast(d, hn::Add(hn::BitCast(di, p), exponent));
}

// From raw alphas to alphas: cut, clamped and, where kFade, faded in.
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

  // d alpha / d ln(raw).
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
        height(std::min(kTile, view.height - y)),
        corner{static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f},
        smallest{0, 0, static_cast<float>(1 - width), static_cast<float>(1 - height)} {}

  int x, y, width, height;
  // For Footprint's boxes: columns and rows from the left and top, then from the right and bottom.
  HWY_ALIGN float corner[4], mirror[4] = {0, 0, -0.0f, -0.0f}, smallest[4];
};

// The transmittance of a tile's pixels. A pixel has ended where the sign is set: its magnitude then is what
// is left, and no further Gaussian passes the test for the stop. Pixels outside the picture end at once.
//
// `alive` has one bit for 4 x 4 pixels (bit 8 * (y / 4) + x / 4), for skipping what only meets ended ones. It
// is brought up to date now and then and may lag behind: the pixels themselves are exact.
struct Transmittance {
  static constexpr int kRefreshRuns = 512;

  float* values;  // of run r at values + r * run_floats
  int run_floats;
  uint64_t alive;
  int runs_left;

  HWY_INLINE float* run(int strip, int y) const { return values + run_number(strip, y) * run_floats; }

  void start(const TilePlace& tile) {
    for (int strip = 0; strip < kStrips; ++strip) {
      for (int y = 0; y < kTile; ++y) {
        const int inside = y < tile.height ? std::clamp(tile.width - strip * kRunLanes, 0, kRunLanes) : 0;
        float* to = run(strip, y);
        std::fill_n(to, inside, 1.0f);
        std::fill(to + inside, to + kRunLanes, -1.0f);
      }
    }
    refresh();
  }

  void refresh() {
    const RunTag d;
    runs_left = kRefreshRuns;
    alive = 0;
    for (int block = 0; block < kTile / 4; ++block) {
      uint32_t bits = 0;
      for (int strip = 0; strip < kStrips; ++strip) {
        const auto row = [&](int y) HWY_ATTR { return hn::Load(d, run(strip, 4 * block + y)); };
        const Run largest = hn::Max(hn::Max(row(0), row(1)), hn::Max(row(2), row(3)));
        uint8_t bytes[8] = {};
        hn::StoreMaskBits(d, hn::Gt(largest, hn::Zero(d)), bytes);
        bits |= static_cast<uint32_t>(bytes[0]) << (strip * kRunLanes);
      }
      bits |= bits >> 1;
      bits |= bits >> 2;
      uint64_t packed = 0;
      for (int i = 0; i < kTile / 4; ++i) packed |= static_cast<uint64_t>(bits >> (4 * i) & 1) << i;
      alive |= packed << (8 * block);
    }
  }
};

// What a Gaussian reaches of a tile: strips, and in each of them rows; ends included.
struct Footprint {
  int first_strip, last_strip;
  int y0, y1;
  float mean_x, mean_y;  // from the tile's corner
  bool direct;
  // By row: the bracket's power of two, or where `direct` its exponent -(root_y dy)^2 + log2 opacity and the
  // shift root skew dy.
  HWY_ALIGN float by_row[kTile + kRunLanes];
  HWY_ALIGN float shift[kTile + kRunLanes];
  HWY_ALIGN float band_low[kStrips + 4];
  HWY_ALIGN float band_high[kStrips + 4];
  bool has_bands;
  uint64_t alive;  // blocks that are met and have not ended

  // False where only ended pixels, or none, are met.
  HWY_INLINE bool place(const SplatRecord& g, const TilePlace& tile, uint64_t alive_blocks) {
    mean_x = g.x - static_cast<float>(tile.x);
    mean_y = g.y - static_cast<float>(tile.y);
    int x0, x1;
    find_box(g, tile, x0, x1);
    if (x0 > x1 || y0 > y1) return false;
    const uint64_t columns = (uint64_t{2} << (x1 >> 2)) - (uint64_t{1} << (x0 >> 2));
    const uint64_t rows = (~uint64_t{0} >> (56 - 8 * (y1 >> 2))) & (~uint64_t{0} << (8 * (y0 >> 2)));
    first_strip = x0 / kRunLanes;
    last_strip = x1 / kRunLanes;
    alive = alive_blocks & rows & (columns * 0x0101010101010101u);
    return alive != 0;
  }

  // After place: everything else.
  HWY_INLINE void prepare(const SplatRecord& g, float log2_floor) {
    const RunTag d;
    const float level = g.log2_opacity - log2_floor;
    direct = level * g.curve_y > kMostOctaves * g.root_y * g.root_y;
    Run dy = hn::Add(run_of(static_cast<float>(y0) + 0.5f - mean_y), hn::Iota(d, 0));
    if (direct) {
      const Run slant = run_of(g.root * g.skew);
      for (int y = y0; y <= y1; y += kRunLanes) {
        const Run s = hn::Mul(run_of(g.root_y), dy);
        hn::StoreU(hn::NegMulAdd(s, s, run_of(g.log2_opacity)), d, by_row + y);
        hn::StoreU(hn::Mul(slant, dy), d, shift + y);
        dy = hn::Add(dy, run_of(static_cast<float>(kRunLanes)));
      }
    } else {
      for (int y = y0; y <= y1; y += kRunLanes) {
        const Run power = hn::NegMulAdd(hn::Mul(run_of(g.curve_y), dy), dy, run_of(g.log2_opacity));
        hn::StoreU(power_of_two<true>(power), d, by_row + y);
        dy = hn::Add(dy, run_of(static_cast<float>(kRunLanes)));
      }
    }
    has_bands = y1 - y0 >= 8 && last_strip > first_strip;
    if (has_bands) find_bands(g, level);
  }

  // The rows of a strip that are reached and have not ended; false where there is none.
  HWY_INLINE bool rows(int strip, int& first, int& last) const {
    constexpr uint64_t kColumns = (uint64_t{2} << ((kRunLanes - 1) / 4)) - 1;
    const uint64_t met = alive & ((kColumns << (strip * kRunLanes / 4)) * 0x0101010101010101u);
    if (met == 0) return false;
    first = std::max(y0, __builtin_ctzll(met) / 8 * 4);
    last = std::min(y1, (63 - __builtin_clzll(met)) / 8 * 4 + 3);
    if (has_bands) {
      first = std::max(first, static_cast<int>(band_low[strip]));
      last = std::min(last, static_cast<int>(band_high[strip]));
    }
    return first <= last;
  }

 private:
  // In each strip the rows between the ellipse's lowest and highest point there: the ends of the whole
  // ellipse, or those at the nearest column.
  HWY_INLINE void find_bands(const SplatRecord& g, float level) {
    const hn::CappedTag<float, 4> d;
    const auto set = [&](float value) HWY_ATTR { return hn::Set(d, value); };
    const float inverse_c = 1 / g.curve_y, inverse_reach = 1 / g.reach_x;
    const auto slant = set(g.root * g.root * g.skew * inverse_c), level_c = set(level * inverse_c);
    const auto left = set(-g.reach_x), right = set(g.reach_x), one = set(1.0f), zero = hn::Zero(d);
    const auto top = set(g.skew * g.reach_y);  // dx of the end at -reach_y; the other's is -dx
    const auto middle = set(mean_y - 0.5f), last_row = set(static_cast<float>(kTile));
    for (int strip = 0; strip < kStrips; strip += static_cast<int>(hn::Lanes(d))) {
      const auto begin =
          hn::MulAdd(hn::Iota(d, static_cast<float>(strip)), set(kRunLanes), set(0.5f - mean_x));
      const auto low = hn::Min(hn::Max(begin, left), right);
      const auto high = hn::Min(hn::Max(hn::Add(begin, set(kRunLanes - 1)), left), right);
      const auto half = [&](auto dx) HWY_ATTR {
        const auto share = hn::Mul(dx, set(inverse_reach));
        return hn::Sqrt(hn::Mul(level_c, hn::Max(hn::NegMulAdd(share, share, one), zero)));
      };
      const auto at_top = hn::Min(hn::Max(top, low), high);
      const auto at_bottom = hn::Min(hn::Max(hn::Neg(top), low), high);
      const auto y_top = hn::Sub(hn::NegMulAdd(slant, at_top, middle), half(at_top));
      const auto y_bottom = hn::Add(hn::NegMulAdd(slant, at_bottom, middle), half(at_bottom));
      hn::StoreU(hn::Min(hn::Max(hn::Ceil(y_top), zero), last_row), d, band_low + strip);
      hn::StoreU(hn::Min(hn::Max(hn::Floor(y_bottom), set(-1.0f)), last_row), d, band_high + strip);
    }
  }

  // The first and last column and row whose pixels' centres lie in the Gaussian's box, clamped to the tile.
  HWY_INLINE void find_box(const SplatRecord& g, const TilePlace& tile, int& x0, int& x1) {
#if HWY_TARGET == HWY_SCALAR
    const auto first = [](float x) { return static_cast<int>(std::ceil(std::clamp(x, 0.0f, 1.0f * kTile))); };
    const auto last = [](float x, int size) {
      return static_cast<int>(std::floor(std::clamp(x, -1.0f, static_cast<float>(size - 1))));
    };
    x0 = first(mean_x - 0.5f - g.reach_x), x1 = last(mean_x - 0.5f + g.reach_x, tile.width);
    y0 = first(mean_y - 0.5f - g.reach_y), y1 = last(mean_y - 0.5f + g.reach_y, tile.height);
#else
    // All four as first ones: the last is the first of the mirrored tile, negated.
    const hn::CappedTag<float, 4> d;
    const hn::RebindToSigned<decltype(d)> di;
    const auto mean = hn::Sub(hn::LoadU(d, &g.x), hn::Load(d, tile.corner));
    const auto reach = hn::LoadU(d, &g.reach_x);
    const auto means = hn::Xor(hn::ConcatLowerLower(d, mean, mean), hn::Load(d, tile.mirror));
    const auto low = hn::Ceil(hn::Sub(means, hn::ConcatLowerLower(d, reach, reach)));
    const auto box = hn::Min(hn::Max(low, hn::Load(d, tile.smallest)), hn::Set(d, kTile));
    HWY_ALIGN int32_t ends[4];
    hn::Store(hn::ConvertTo(di, box), di, ends);
    x0 = ends[0], y0 = ends[1], x1 = -ends[2], y1 = -ends[3];
#endif
  }
};

// dx of a strip's pixels.
HWY_INLINE Run strip_dx(int strip, float mean_x) {
  return hn::Add(hn::Iota(RunTag(), 0), run_of(static_cast<float>(strip * kRunLanes) + 0.5f - mean_x));
}

// Raw alphas down a strip, from row `first` on.
template <bool kDirect>
class StripAlpha {
 public:
  HWY_INLINE StripAlpha(const SplatRecord& g, const Footprint& footprint, int strip, int first)
      : footprint_(footprint) {
    const Run dx = strip_dx(strip, footprint.mean_x);
    if constexpr (kDirect) {
      along_ = hn::Mul(run_of(g.root), dx);
    } else {
      // Pixels to the left and right of all it reaches stay at zero: their powers may be out of range.
      const auto inside = hn::Le(hn::Abs(dx), run_of(g.reach_x));
      const Run near = hn::Mul(hn::IfThenElseZero(inside, dx), run_of(-g.root * g.root));
      const float dy = static_cast<float>(first) + 0.5f - footprint.mean_y;
      const Run start = hn::Mul(near, hn::Add(dx, run_of(2 * g.skew * dy)));
      along_ = hn::IfThenElseZero(inside, power_of_two<true>(start));
      // Down the strip this one's error is multiplied.
      factor_ = power_of_two<true>(hn::Mul(near, run_of(2 * g.skew)));
    }
  }

  HWY_INLINE Run next(int y) {
    if constexpr (kDirect) {
      const Run t = hn::Add(along_, run_of(footprint_.shift[y]));
      return power_of_two<false>(hn::NegMulAdd(t, t, run_of(footprint_.by_row[y])));
    } else {
      const Run raw = hn::Mul(along_, run_of(footprint_.by_row[y]));
      along_ = hn::Mul(along_, factor_);
      return raw;
    }
  }

 private:
  const Footprint& footprint_;
  Run along_;
  Run factor_ = hn::Zero(RunTag());
};

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#endif

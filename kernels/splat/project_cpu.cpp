// Projection: Gaussians across the lanes, blocks of them over the threads; what cannot be seen is dropped at
// once and costs no spherical harmonics.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/splat/project_cpu.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <numeric>

#include "kernels/common/parallel.h"
#include "kernels/splat/drawing_cpu.h"
#include "kernels/splat/harmonics-inl.h"
#include "kernels/splat/projection-inl.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {
namespace {

// A vector in memory, where single lanes are read.
struct LaneArray {
  HWY_ALIGN float values[kLanes];
  void operator=(V v) { hn::Store(v, FloatTag(), values); }
  float operator[](int64_t lane) const { return values[lane]; }
};

HWY_INLINE uint64_t bits_of(FloatMask mask) {
  uint8_t bytes[8] = {};
  hn::StoreMaskBits(FloatTag(), mask, bytes);
  uint64_t bits;
  std::memcpy(&bits, bytes, sizeof bits);
  return bits;
}

HWY_INLINE uint64_t first_lanes(int64_t count) {
  return count >= kLanes ? ~uint64_t{0} >> (64 - kLanes) : (uint64_t{1} << count) - 1;
}

// Lanes whose coefficients and features are finite, too; color gets their raw colours.
struct ColorLanes {
  const DrawingView& view;
  const GaussianArrays& in;

  // The harmonics of a vector of Gaussians, [harmonic][lane].
  HWY_INLINE void evaluate(const Vec3V& mean, float* values) const {
    V harmonics[kMaxHarmonics], inverse_length;
    const Vec3V direction = direction_of(view, mean, inverse_length);
    evaluate_harmonics(direction, view.sh_degree, harmonics);
    const int count = (view.sh_degree + 1) * (view.sh_degree + 1);
    for (int k = 0; k < count; ++k) hn::Store(harmonics[k], FloatTag(), values + k * kLanes);
  }

  // False where a value of Gaussian i is not finite.
  HWY_INLINE bool color(int64_t i, int64_t lane, const float* values, float* rgb) const {
    const int count = (view.sh_degree + 1) * (view.sh_degree + 1);
    float widened[3 * kMaxHarmonics];
    const float* sh = in.sh ? in.sh + 3 * in.coefficients * i : widened;
    if (in.sh_f16) {
      widen(in.sh_f16 + 3 * in.coefficients * i, DIO_F16, 1, 3 * in.coefficients, widened);
    }
    if (!all_finite(sh, 3 * in.coefficients)) return false;
    if (in.features && !all_finite(in.features + i * in.feature_channels, in.feature_channels)) return false;
    color_of(sh, count, values + lane, kLanes, rgb);
    return true;
  }
};

// The first and last pixel whose centre lies in [low, high], within [0, size).
HWY_INLINE void pixel_range(V low, V high, int size, V& first, V& last) {
  first = hn::Max(hn::Ceil(low - splat(0.5f)), hn::Zero(FloatTag()));
  last = hn::Min(hn::Floor(high - splat(0.5f)), splat(static_cast<float>(size - 1)));
}

struct ProjectTask {
  const DrawingView& view;
  const GaussianArrays& in;
  float* normals;
  CpuSplatFrame& frame;

  // Gaussians [begin, end), to places from begin on; returns how many are visible.
  template <int kModel>
  int64_t block(int64_t begin, int64_t end) const {
    int64_t place = begin;
    for (int64_t i = begin; i < end; i += kLanes)
      place += vector<kModel>(i, std::min<int64_t>(end - i, kLanes), place);
    return place - begin;
  }

  template <int kModel>
  HWY_INLINE int64_t vector(int64_t first, int64_t count, int64_t place) const {
    const FloatTag d;
    const GaussianLanes g = load_gaussians(in, first, count);
    ProjectedLanes p;
    p.p = to_camera(view, g.mean);
    auto seen = hn::And(is_in_depth(view, p.p.z), is_sound(g));
    if (hn::AllFalse(d, seen)) return 0;
    project_lanes<kModel>(view, g, p);
    seen = hn::And(seen, is_in_view(view, p, radius(p.xx), radius(p.yy)));
    const V level = p.log2_opacity - splat(view.log2_floor);
    seen = hn::And(seen, hn::Gt(level, hn::Zero(d)));
    const V stretch = hn::Max(level, hn::Zero(d)) * splat(kTwoLn2);
    const V reach_x = hn::Sqrt(stretch * p.xx), reach_y = hn::Sqrt(stretch * p.yy);
    V x0, x1, y0, y1;
    pixel_range(p.mean_x - reach_x, p.mean_x + reach_x, view.width, x0, x1);
    pixel_range(p.mean_y - reach_y, p.mean_y + reach_y, view.height, y0, y1);
    seen = hn::And(seen, hn::And(hn::Le(x0, x1), hn::Le(y0, y1)));
    uint64_t lanes_left = bits_of(seen) & first_lanes(count);
    if (lanes_left == 0) return 0;

    LaneArray lane[17];
    const V root = hn::Sqrt(splat(kHalfLog2E) * p.yy / p.determinant);
    lane[0] = p.mean_x, lane[1] = p.mean_y;
    lane[2] = root, lane[3] = splat(kHalfLog2E) * p.xx / p.determinant;
    lane[4] = hn::Neg(p.xy / p.yy), lane[5] = hn::Sqrt(splat(kHalfLog2E) / p.yy);
    lane[6] = p.log2_opacity;
    lane[7] = reach_x, lane[8] = reach_y;
    lane[9] = p.p.z;
    lane[10] = x0, lane[11] = y0, lane[12] = x1, lane[13] = y1;
    const Vec3V n = normals ? ShortestAxis(view, p).normal() : Vec3V{x0, x0, x0};
    lane[14] = n.x, lane[15] = n.y, lane[16] = n.z;
    const ColorLanes colors = {view, in};
    HWY_ALIGN float harmonics[kMaxHarmonics * kLanes];
    colors.evaluate(g.mean, harmonics);
    const int64_t start = place;
    for (; lanes_left != 0; lanes_left &= lanes_left - 1) {
      const int64_t j = __builtin_ctzll(lanes_left);
      SplatRecord& record = frame.records.data()[place];
      if (!colors.color(first + j, j, harmonics, record.color)) continue;
      record.x = lane[0][j], record.y = lane[1][j];
      record.root = lane[2][j], record.curve_y = lane[3][j];
      record.skew = lane[4][j], record.root_y = lane[5][j];
      record.log2_opacity = lane[6][j];
      record.reach_x = lane[7][j], record.reach_y = lane[8][j];
      frame.depths.data()[place] = lane[9][j];
      const auto tile = [&](int k) { return static_cast<uint16_t>(static_cast<int>(lane[k][j]) / kTile); };
      frame.boxes.data()[place] = {tile(10), tile(11), tile(12), tile(13)};
      frame.indices.data()[place] = static_cast<int32_t>(first + j);
      for (int c = 0; normals && c < 3; ++c) normals[3 * place + c] = lane[14 + c][j];
      ++place;
    }
    return place - start;
  }
};

void project_all(Context& context, const DrawingView& view, const GaussianArrays& in, bool normals,
                 CpuSplatFrame& frame) {
  const int64_t blocks = (in.count + kBlock - 1) / kBlock;
  frame.records.resize(in.count);
  frame.depths.resize(in.count);
  frame.indices.resize(in.count);
  frame.boxes.resize(in.count);
  int32_t* counts = frame.block_counts.resize(blocks);
  const ProjectTask task = {view, in, normals ? frame.normals.resize(3 * in.count) : nullptr, frame};
  const int threads = static_cast<int>(std::min<int64_t>(context.threads(), blocks));
  with_model(view.model, [&](auto model) {
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (int64_t b = 0; b < blocks; ++b) {
      counts[b] = static_cast<int32_t>(
          task.block<decltype(model)::value>(b * kBlock, std::min(in.count, (b + 1) * kBlock)));
    }
  });
  frame.has_normals = normals;
  frame.visible = std::accumulate(counts, counts + blocks, int64_t{0});
}

// dio_splat_project: every quantity, of invisible ones as well.
struct Outputs {
  explicit Outputs(const dio_splat_projection& p)
      : means2d(of(p.means2d)),
        conics(of(p.conics)),
        depths(of(p.depths)),
        compensations(of(p.compensations)),
        colors(of(p.colors)),
        radii(p.radii ? data<int32_t>(*p.radii) : nullptr) {}

  float *means2d, *conics, *depths, *compensations, *colors;
  int32_t* radii;

 private:
  static float* of(const Tensor* tensor) { return tensor ? data<float>(*tensor) : nullptr; }
};

template <int kModel>
HWY_INLINE void write_projection(const DrawingView& view, const GaussianArrays& in, int64_t first,
                                 int64_t count, const Outputs& out) {
  const GaussianLanes g = load_gaussians(in, first, count);
  ProjectedLanes p;
  p.p = to_camera(view, g.mean);
  auto seen = hn::And(is_in_depth(view, p.p.z), is_sound(g));
  project_lanes<kModel>(view, g, p);
  const V radius_x = radius(p.xx), radius_y = radius(p.yy);
  seen = hn::And(seen, is_in_view(view, p, radius_x, radius_y));
  const uint64_t in_view = bits_of(seen);
  LaneArray lane[9];
  const V inverse = splat(1.0f) / p.determinant;
  lane[0] = p.mean_x, lane[1] = p.mean_y;
  lane[2] = p.yy * inverse, lane[3] = hn::Neg(p.xy * inverse), lane[4] = p.xx * inverse;
  lane[5] = p.p.z, lane[6] = p.compensation;
  lane[7] = radius_x, lane[8] = radius_y;
  const ColorLanes colors = {view, in};
  HWY_ALIGN float harmonics[kMaxHarmonics * kLanes];
  colors.evaluate(g.mean, harmonics);
  for (int64_t j = 0; j < count; ++j) {
    const int64_t i = first + j;
    float rgb[3] = {};
    const bool drawn = (in_view >> j & 1) != 0 && colors.color(i, j, harmonics, rgb);
    const auto value = [&](int k) { return drawn ? lane[k][j] : 0.0f; };
    for (int c = 0; out.means2d && c < 2; ++c) out.means2d[2 * i + c] = value(c);
    for (int c = 0; out.conics && c < 3; ++c) out.conics[3 * i + c] = value(2 + c);
    if (out.depths) out.depths[i] = value(5);
    if (out.compensations) out.compensations[i] = value(6);
    for (int c = 0; out.colors && c < 3; ++c) out.colors[3 * i + c] = drawn ? rgb[c] : 0.0f;
    for (int c = 0; out.radii && c < 2; ++c) out.radii[2 * i + c] = static_cast<int32_t>(value(7 + c));
  }
}

void write_projections(Context& context, const DrawingView& view, const GaussianArrays& in,
                       const dio_splat_projection& projection) {
  const Outputs out(projection);
  const int64_t vectors = (in.count + kLanes - 1) / kLanes;
  with_model(view.model, [&](auto model) {
    parallel_ranges(context.threads(), vectors, 64, [&](int64_t begin, int64_t end, int) HWY_ATTR {
      for (int64_t v = begin; v < end; ++v) {
        const int64_t first = v * kLanes;
        write_projection<decltype(model)::value>(view, in, first, std::min<int64_t>(in.count - first, kLanes),
                                                 out);
      }
    });
  });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace diorama {
namespace {

HWY_EXPORT(project_all);
HWY_EXPORT(write_projections);

}  // namespace

void project_gaussians(Context& context, const DrawingView& view, const GaussianArrays& in, bool normals,
                       CpuSplatFrame& frame) {
  HWY_DYNAMIC_DISPATCH(project_all)(context, view, in, normals, frame);
}

void splat_project_cpu(Context& context, const dio_splat_gaussians& gaussians, const dio_splat_camera& camera,
                       const dio_splat_settings& settings, const dio_splat_projection& projection) {
  const GaussianArrays in(gaussians);
  const DrawingView view(camera, settings, in.coefficients, kTile);
  HWY_DYNAMIC_DISPATCH(write_projections)(context, view, in, projection);
}

}  // namespace diorama
#endif

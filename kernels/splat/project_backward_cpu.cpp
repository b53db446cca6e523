// Projection and spherical harmonics backwards: Gaussians across the lanes, blocks of them over the threads.
// Those that drew nothing are passed over; their gradients are zero.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/splat/project_backward_cpu.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "kernels/splat/backward_cpu.h"
#include "kernels/splat/harmonics-inl.h"
#include "kernels/splat/projection-inl.h"
#include "kernels/splat/projection_backward-inl.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {
namespace {

constexpr int kViewEntries = 12;

// Writes or adds rows of gradients; Gaussians in between that have none get zeros.
struct GradientArrays {
  GradientArrays(const dio_splat_gradients& g, int64_t coefficients, int feature_channels, bool accumulate)
      : means(of(g.means)),
        quats(of(g.quats)),
        log_scales(of(g.log_scales)),
        logits(of(g.logit_opacities)),
        sh(of(g.sh)),
        features(of(g.features)),
        means2d(of(g.means2d)),
        coefficients(coefficients),
        feature_channels(feature_channels),
        accumulate(accumulate) {}

  float *means, *quats, *log_scales, *logits, *sh, *features, *means2d;
  int64_t coefficients;
  int feature_channels;
  bool accumulate;

  void put(float* array, int64_t at, float value) const {
    if (array) array[at] = accumulate ? array[at] + value : value;
  }

  // Gaussians [begin, end) have no gradient.
  void skip(int64_t begin, int64_t end) const {
    clear(means2d, 2, begin, end);
    if (accumulate) return;
    clear(means, 3, begin, end);
    clear(quats, 4, begin, end);
    clear(log_scales, 3, begin, end);
    clear(logits, 1, begin, end);
    clear(sh, 3 * coefficients, begin, end);
    clear(features, feature_channels, begin, end);
  }

 private:
  static float* of(const Tensor* tensor) { return tensor ? data<float>(*tensor) : nullptr; }
  static void clear(float* array, int64_t row, int64_t begin, int64_t end) {
    if (array && begin < end) {
      std::memset(array + row * begin, 0, static_cast<std::size_t>(row * (end - begin)) * sizeof(float));
    }
  }
};

// Rows of up to kLanes Gaussians, wherever they are, as vectors.
struct LaneRows {
  HWY_ALIGN float values[16][kLanes];

  // rows(j): where the row of lane j begins. Lanes at and after `count` repeat the last.
  template <typename Rows>
  HWY_INLINE void gather(int columns, int count, const Rows& rows) {
    for (int j = 0; j < kLanes; ++j) {
      const float* row = rows(std::min(j, count - 1));
      for (int c = 0; c < columns; ++c) values[c][j] = row[c];
    }
  }
  HWY_INLINE V operator[](int column) const { return hn::Load(FloatTag(), values[column]); }
  HWY_INLINE void set(int column, V v) { hn::Store(v, FloatTag(), values[column]); }
};

struct BackwardTask {
  const DrawingView& view;
  const GaussianArrays& in;
  const CpuSplatFrame& frame;
  const ChannelSet& channels;
  const PictureGradients& picture;
  const GradientArrays& out;

  // Gaussians [begin, end), a block; view_sums[kViewEntries]: rows of the rotation with the translation
  // behind each.
  template <int kModel>
  void block(int64_t begin, int64_t end, int visible, double* view_sums) const {
    V sums[kViewEntries];
    for (V& sum : sums) sum = hn::Zero(FloatTag());
    const int32_t* indices = frame.indices.data() + begin;
    int64_t next = begin;
    int place = 0;
    for (;;) {
      int count = 0;
      int64_t places[kLanes], ids[kLanes];
      for (; place < visible && count < kLanes; ++place) {
        if (!picture.touched[begin + place]) continue;
        places[count] = begin + place;
        ids[count] = indices[place];
        out.skip(next, ids[count]);
        next = ids[count] + 1;
        ++count;
      }
      if (count == 0) break;
      vector<kModel>(places, ids, count, sums);
    }
    out.skip(next, end);
    for (int k = 0; k < kViewEntries; ++k) {
      view_sums[k] = static_cast<double>(hn::GetLane(hn::SumOfLanes(FloatTag(), sums[k])));
    }
  }

  template <int kModel>
  HWY_INLINE void vector(const int64_t* places, const int64_t* ids, int count, V* view_sums) const {
    const GaussianLanes g = load(ids, count);
    ProjectedLanes p;
    p.p = to_camera(view, g.mean);
    project_lanes<kModel>(view, g, p);
    const PictureLanes from = read_picture(places, count);
    GradientLanes to;
    project_lanes_backward<kModel>(view, g, p, from, channels.normals, to);
    if (channels.rgb) colors(g.mean, places, ids, count, to);
    for (int j = 0; out.sh && !channels.rgb && j < count; ++j) out_sh_nothing(ids[j]);
    write(to, places, ids, count);
    const FloatMask lanes = hn::FirstN(FloatTag(), static_cast<std::size_t>(count));
    const auto add = [&](int at, V value)
                         HWY_ATTR { view_sums[at] = view_sums[at] + hn::IfThenElseZero(lanes, value); };
    for (int i = 0; i < 3; ++i) {
      add(4 * i, to.rotation[i].x), add(4 * i + 1, to.rotation[i].y), add(4 * i + 2, to.rotation[i].z);
    }
    add(3, to.translation.x), add(7, to.translation.y), add(11, to.translation.z);
  }

 private:
  HWY_INLINE GaussianLanes load(const int64_t* ids, int count) const {
    LaneRows rows;
    GaussianLanes g;
    rows.gather(3, count, [&](int j) { return in.means + 3 * ids[j]; });
    g.mean = {rows[0], rows[1], rows[2]};
    rows.gather(4, count, [&](int j) { return in.quats + 4 * ids[j]; });
    g.w = rows[0], g.x = rows[1], g.y = rows[2], g.z = rows[3];
    rows.gather(3, count, [&](int j) { return in.log_scales + 3 * ids[j]; });
    g.log_scale = {finite_log_scale(rows[0]), finite_log_scale(rows[1]), finite_log_scale(rows[2])};
    rows.gather(1, count, [&](int j) { return in.logit_opacities + ids[j]; });
    g.logit = finite_logit(rows[0]);
    return g;
  }

  const float* picture_row(int64_t place) const { return picture.by_place + place * picture.slot; }

  HWY_INLINE PictureLanes read_picture(const int64_t* places, int count) const {
    LaneRows rows;
    PictureLanes from;
    rows.gather(kMoments, count, [&](int j) { return picture_row(places[j]); });
    for (int k = 0; k < kMoments; ++k) from.moment[k] = rows[k];
    from.depth = hn::Zero(FloatTag());
    from.normal = {from.depth, from.depth, from.depth};
    if (channels.depth) {
      rows.gather(1, count, [&](int j) { return picture_row(places[j]) + kMoments + channels.depth_at(); });
      from.depth = rows[0];
    }
    if (channels.normals) {
      rows.gather(3, count, [&](int j) { return picture_row(places[j]) + kMoments + channels.normals_at(); });
      from.normal = {rows[0], rows[1], rows[2]};
    }
    return from;
  }

  // Through the harmonics: to the coefficients at once, to the means and the camera through `to`.
  HWY_INLINE void colors(const Vec3V& mean, const int64_t* places, const int64_t* ids, int count,
                         GradientLanes& to) const {
    const FloatTag d;
    const int harmonics = (view.sh_degree + 1) * (view.sh_degree + 1);
    V values[kMaxHarmonics], inverse_length;
    const Vec3V direction = direction_of(view, mean, inverse_length);
    evaluate_harmonics(direction, view.sh_degree, values);
    LaneRows basis, dots;
    for (int k = 0; k < harmonics; ++k) basis.set(k, values[k]), dots.set(k, hn::Zero(d));
    for (int j = 0; j < count; ++j) {
      const float* drawn = frame.records.data()[places[j]].color;
      const float* g = picture_row(places[j]) + kMoments;
      float uncut[3];
      for (int c = 0; c < 3; ++c) uncut[c] = drawn[c] > 0 ? g[c] : 0;
      const float* sh = in.sh + 3 * in.coefficients * ids[j];
      for (int k = 1; k < harmonics; ++k) {
        dots.values[k][j] = uncut[0] * sh[3 * k] + uncut[1] * sh[3 * k + 1] + uncut[2] * sh[3 * k + 2];
      }
      if (out.sh) write_sh(uncut, basis, j, harmonics, out.sh + 3 * in.coefficients * ids[j]);
    }
    if (view.sh_degree == 0) return;
    for (int k = 0; k < harmonics; ++k) values[k] = dots[k];
    direction_backward(view, direction, inverse_length, harmonics_backward(direction, view.sh_degree, values),
                       to);
  }

  HWY_INLINE void write_sh(const float* g, const LaneRows& basis, int lane, int harmonics, float* row) const {
    if (out.accumulate) {
      for (int k = 0; k < harmonics; ++k) {
        for (int c = 0; c < 3; ++c) row[3 * k + c] += basis.values[k][lane] * g[c];
      }
      return;
    }
    for (int k = 0; k < harmonics; ++k) {
      for (int c = 0; c < 3; ++c) row[3 * k + c] = basis.values[k][lane] * g[c];
    }
    std::fill(row + 3 * harmonics, row + 3 * in.coefficients, 0.0f);
  }

  void out_sh_nothing(int64_t id) const {
    if (!out.accumulate) std::fill_n(out.sh + 3 * in.coefficients * id, 3 * in.coefficients, 0.0f);
  }

  HWY_INLINE void write(const GradientLanes& to, const int64_t* places, const int64_t* ids, int count) const {
    LaneRows rows;
    const V columns[] = {to.mean.x, to.mean.y,   to.mean.z,      to.w,           to.x,
                         to.y,      to.z,        to.log_scale.x, to.log_scale.y, to.log_scale.z,
                         to.logit,  to.mean2d_x, to.mean2d_y};
    for (int k = 0; k < 13; ++k) rows.set(k, columns[k]);
    for (int j = 0; j < count; ++j) {
      const int64_t i = ids[j];
      for (int c = 0; c < 3; ++c) out.put(out.means, 3 * i + c, rows.values[c][j]);
      for (int c = 0; c < 4; ++c) out.put(out.quats, 4 * i + c, rows.values[3 + c][j]);
      for (int c = 0; c < 3; ++c) out.put(out.log_scales, 3 * i + c, rows.values[7 + c][j]);
      out.put(out.logits, i, rows.values[10][j]);
      for (int c = 0; out.means2d && c < 2; ++c) out.means2d[2 * i + c] = rows.values[11 + c][j];
      if (!out.features) continue;
      const float* from = picture_row(places[j]) + kMoments + channels.features_at();
      for (int c = 0; c < in.feature_channels; ++c) {
        out.put(out.features, i * in.feature_channels + c, channels.features > 0 ? from[c] : 0);
      }
    }
  }
};

void project_all_backward(Context& context, const DrawingView& view, const GaussianArrays& in,
                          const CpuSplatFrame& frame, const ChannelSet& channels,
                          const PictureGradients& picture, bool accumulate,
                          const dio_splat_gradients& gradients) {
  const GradientArrays out(gradients, in.coefficients, in.feature_channels, accumulate);
  const BackwardTask task = {view, in, frame, channels, picture, out};
  const int64_t blocks = (in.count + kBlock - 1) / kBlock;
  double* sums = context.scratch_array<double>(static_cast<std::size_t>(blocks * kViewEntries));
  const int threads = static_cast<int>(std::min<int64_t>(context.threads(), blocks));
  with_model(view.model, [&](auto model) {
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (int64_t b = 0; b < blocks; ++b) {
      task.block<decltype(model)::value>(b * kBlock, std::min(in.count, (b + 1) * kBlock),
                                         frame.block_counts.data()[b], sums + b * kViewEntries);
    }
  });
  if (!gradients.view) return;
  float* to = data<float>(*gradients.view);
  for (int k = 0; k < 16; ++k) {
    double sum = 0;
    for (int64_t b = 0; k < kViewEntries && b < blocks; ++b) sum += sums[b * kViewEntries + k];
    to[k] = static_cast<float>(accumulate ? to[k] + sum : sum);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace diorama {
namespace {

HWY_EXPORT(project_all_backward);

}  // namespace

void project_gaussians_backward(Context& context, const DrawingView& view, const GaussianArrays& in,
                                const CpuSplatFrame& frame, const ChannelSet& channels,
                                const PictureGradients& picture, bool accumulate,
                                const dio_splat_gradients& gradients) {
  HWY_DYNAMIC_DISPATCH(project_all_backward)
  (context, view, in, frame, channels, picture, accumulate, gradients);
}

}  // namespace diorama
#endif

#pragma once

// Compositing front to back (Kerbl et al. 2023, by gsplat's rules). Of the Gaussians in order of depth, at
// the pixel's centre:
//
//   raw   = opacity exp(-sigma),  sigma = 0.5 d^T conic d,  d = pixel - mean
//   alpha = min(raw, alpha_max), times a smooth step where alpha_fade > 0; left out where raw < alpha_min
//   stop where T (1 - alpha) <= transmittance_stop, else
//   picture += alpha T attribute,  T *= 1 - alpha

#include <algorithm>
#include <numeric>
#include <vector>

#include "projection_reference.h"

namespace diorama {

// The channels that are composited, one behind the other.
enum Channel { kRed = 0, kDepth = 3, kNormal = 4, kFeature = 7 };

// What one Gaussian does to one pixel.
template <typename Real>
struct Touch {
  int64_t gaussian;
  Real dx, dy;
  Real falloff;  // exp(-sigma)
  Real alpha;
  Real slope;   // d alpha / d raw
  Real before;  // the transmittance in front of it
};

// A rendering: every Gaussian projected, and the visible ones from front to back.
template <typename Real>
struct Composition {
  dio_splat_settings settings{};
  int32_t width = 0;
  int64_t channels = 0;
  std::vector<Projected<Real>> projected;
  std::vector<Real> attributes;  // [N, channels]
  std::vector<int64_t> order;

  void sort() {
    order.clear();
    for (std::size_t i = 0; i < projected.size(); ++i) {
      if (projected[i].visible()) order.push_back(static_cast<int64_t>(i));
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](int64_t a, int64_t b) { return projected[a].depth < projected[b].depth; });
  }

  const Real* attribute(int64_t gaussian) const {
    return attributes.data() + static_cast<std::size_t>(gaussian * channels);
  }

  // The Gaussians that may touch a row of pixels, front to back. The boxes get a pixel's margin, so that
  // rounding cuts off nothing.
  std::vector<int64_t> row(int32_t y) const {
    std::vector<int64_t> list;
    for (const int64_t i : order) {
      const Projected<Real>& g = projected[i];
      if (std::abs(Real(y) + Real(0.5) - g.mean.y) <= g.reach.y + 1) list.push_back(i);
    }
    return list;
  }

  // Calls visit(touch) for what the pixel shows, front to back; returns the transmittance that is left.
  template <typename Visit>
  Real pixel(const std::vector<int64_t>& row, int32_t x, int32_t y, int64_t& evaluations,
             Visit&& visit) const {
    Real transmittance = 1;
    for (const int64_t i : row) {
      const Projected<Real>& g = projected[i];
      Touch<Real> t;
      t.gaussian = i;
      t.dx = Real(x) + Real(0.5) - g.mean.x;
      if (std::abs(t.dx) > g.reach.x + 1) continue;
      t.dy = Real(y) + Real(0.5) - g.mean.y;
      ++evaluations;
      const Real sigma =
          Real(0.5) * (g.conic.xx * t.dx * t.dx + g.conic.yy * t.dy * t.dy) + g.conic.xy * t.dx * t.dy;
      if (sigma < 0) continue;  // by rounding alone
      t.falloff = std::exp(-sigma);
      if (!set_alpha(g.opacity * t.falloff, t)) continue;
      t.before = transmittance;
      const Real after = transmittance * (1 - t.alpha);
      if (after <= Real(settings.transmittance_stop)) break;
      visit(t);
      transmittance = after;
    }
    return transmittance;
  }

 private:
  bool set_alpha(Real raw, Touch<Real>& t) const {
    const Real low = settings.alpha_min, high = settings.alpha_max, fade = settings.alpha_fade;
    if (!(raw >= low)) return false;
    t.alpha = std::min(raw, high);
    t.slope = raw > high ? 0 : 1;
    if (fade > 0) {
      const Real s = std::min((t.alpha - low) / fade, Real(1));
      const Real step = s * s * (3 - 2 * s), step_slope = 6 * s * (1 - s) / fade;
      t.slope *= step + t.alpha * step_slope;
      t.alpha *= step;
    }
    return true;
  }
};

}  // namespace diorama

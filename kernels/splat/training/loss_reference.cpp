#include <vector>

#include "kernels/splat/training/training.h"

namespace diorama {
namespace {

// The two pictures as Real, multiplied by the mask.
template <typename Real>
struct Pair {
  int64_t height, width;
  std::vector<Real> x, y;

  Pair(const Tensor& image, const Tensor& target, const Tensor* mask)
      : height(image.shape[0]), width(image.shape[1]) {
    const int64_t count = height * width * 3;
    x.resize(static_cast<std::size_t>(count));
    y.resize(static_cast<std::size_t>(count));
    for (int64_t i = 0; i < count; ++i) {
      const Real weight = mask ? static_cast<Real>(data<float>(*mask)[i / 3]) : 1;
      const Real goal = target.dtype == DIO_U8 ? static_cast<Real>(data<uint8_t>(target)[i]) / 255
                                               : static_cast<Real>(data<float>(target)[i]);
      x[i] = weight * static_cast<Real>(data<float>(image)[i]);
      y[i] = weight * goal;
    }
  }
};

// Calls visit(index, weight) for every value inside the picture under the window at pixel (row, column).
template <typename Real, typename Visit>
void under_window(int64_t height, int64_t width, int64_t row, int64_t column, int64_t channel,
                  Visit&& visit) {
  static const auto window = ssim_window();
  for (int dy = -kSsimRadius; dy <= kSsimRadius; ++dy) {
    for (int dx = -kSsimRadius; dx <= kSsimRadius; ++dx) {
      const int64_t r = row + dy, c = column + dx;
      if (r < 0 || r >= height || c < 0 || c >= width) continue;
      visit((r * width + c) * 3 + channel,
            static_cast<Real>(window[dy + kSsimRadius] * window[dx + kSsimRadius]));
    }
  }
}

// SSIM at one value and its derivatives with respect to the window's sums of x, x x and x y.
template <typename Real>
struct Similarity {
  Real value, by_x, by_xx, by_xy;

  Similarity(Real mx, Real my, Real xx, Real yy, Real xy) {
    const Real a = 2 * mx * my + static_cast<Real>(kSsimC1),
               b = 2 * (xy - mx * my) + static_cast<Real>(kSsimC2);
    const Real c = mx * mx + my * my + static_cast<Real>(kSsimC1);
    const Real d = (xx - mx * mx) + (yy - my * my) + static_cast<Real>(kSsimC2);
    value = a * b / (c * d);
    by_x = 2 * (my * (b - a) - mx * value * (d - c)) / (c * d);
    by_xx = -value / d;
    by_xy = 2 * a / (c * d);
  }
};

}  // namespace

template <typename Real>
void splat_loss_plain(Context&, const Tensor& image, const Tensor& target, const Tensor* mask,
                      float ssim_weight, const Tensor& losses, const Tensor* gradient) {
  const Pair<Real> pair(image, target, mask);
  const auto& [height, width, x, y] = pair;
  const Real weight = static_cast<Real>(ssim_weight), count = static_cast<Real>(height * width * 3);
  std::vector<Real> by_x(x.size()), by_xx(x.size()), by_xy(x.size());
  Real differences = 0, squares = 0, similarity = 0;
  for (int64_t i = 0; i < height * width * 3; ++i) {
    Real mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
    under_window<Real>(height, width, i / 3 / width, i / 3 % width, i % 3, [&](int64_t j, Real g) {
      mx += g * x[j];
      my += g * y[j];
      xx += g * x[j] * x[j];
      yy += g * y[j] * y[j];
      xy += g * x[j] * y[j];
    });
    const Similarity<Real> s(mx, my, xx, yy, xy);
    by_x[i] = s.by_x;
    by_xx[i] = s.by_xx;
    by_xy[i] = s.by_xy;
    similarity += s.value;
    differences += std::abs(x[i] - y[i]);
    squares += (x[i] - y[i]) * (x[i] - y[i]);
  }
  float* results = data<float>(losses);
  results[0] = static_cast<float>((1 - weight) * (differences / count) + weight * (1 - similarity / count));
  results[1] = static_cast<float>(differences / count);
  results[2] = static_cast<float>(similarity / count);
  results[3] = static_cast<float>(squares / count);
  if (!gradient) return;
  for (int64_t i = 0; i < height * width * 3; ++i) {
    const Real sign = static_cast<Real>((x[i] > y[i]) - (x[i] < y[i]));
    Real slope = (1 - weight) * sign;
    if (weight != 0) {
      Real p = 0, q = 0, r = 0;
      under_window<Real>(height, width, i / 3 / width, i / 3 % width, i % 3, [&](int64_t j, Real g) {
        p += g * by_x[j];
        q += g * by_xx[j];
        r += g * by_xy[j];
      });
      slope -= weight * (p + 2 * x[i] * q + y[i] * r);
    }
    const Real outer = mask ? static_cast<Real>(data<float>(*mask)[i / 3]) : 1;
    data<float>(*gradient)[i] = static_cast<float>(outer * slope / count);
  }
}

template void splat_loss_plain<double>(Context&, const Tensor&, const Tensor&, const Tensor*, float,
                                       const Tensor&, const Tensor*);
template void splat_loss_plain<float>(Context&, const Tensor&, const Tensor&, const Tensor*, float,
                                      const Tensor&, const Tensor*);

}  // namespace diorama

// The loss with SIMD and threads. The window is a product of two lines, so each sum under it takes 11 + 11
// steps instead of 121: rows are summed down the columns into a padded line, which is then summed along
// itself. Channels stay interleaved: a neighbour in the picture is three floats away. Every row of the result
// is made by one thread from the inputs alone, and rows' sums are added in their order: the number of threads
// changes nothing.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/splat/training/loss_cpu.cpp"
#include <hwy/foreach_target.h>

#include <algorithm>

#include "kernels/common/parallel.h"
#include "kernels/common/simd-inl.h"
#include "kernels/splat/training/training.h"
#include "kernels/splat/training/loss.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {
namespace {

// A sum of many floats: short runs in float, the runs in double.
class LongSum {
 public:
  HWY_INLINE LongSum() : part_(hn::Zero(FloatTag())) {}
  HWY_INLINE void add(FloatVector value) {
    part_ = hn::Add(part_, value);
    if (++count_ == kRun) flush();
  }
  HWY_INLINE double total() {
    flush();
    return total_;
  }

 private:
  static constexpr int kRun = 32;
  HWY_INLINE void flush() {
    total_ += static_cast<double>(hn::GetLane(hn::SumOfLanes(FloatTag(), part_)));
    part_ = hn::Zero(FloatTag());
    count_ = 0;
  }
  FloatVector part_;
  double total_ = 0;
  int count_ = 0;
};

// The picture and its target as dense rows of floats, multiplied by the mask, zeros behind their ends.
void PrepareRow(const LossPlan& plan, int64_t row) {
  const FloatTag d;
  const hn::Rebind<uint8_t, FloatTag> bytes;
  const hn::Rebind<int32_t, FloatTag> integers;
  const int64_t step = lanes(), n = plan.columns;
  float* x = plan.x + row * plan.pitch;
  float* y = plan.y + row * plan.pitch;
  const float* image = plan.image + row * n;
  std::copy(image, image + n, x);
  if (plan.target_bytes) {
    const uint8_t* target = plan.target_bytes + row * n;
    int64_t c = 0;
    for (; c + step <= n; c += step) {
      const auto value = hn::ConvertTo(d, hn::PromoteTo(integers, hn::LoadU(bytes, target + c)));
      hn::StoreU(hn::Div(value, splat(255.0f)), d, y + c);
    }
    for (; c < n; ++c) y[c] = static_cast<float>(target[c]) / 255.0f;
  } else {
    const float* target = plan.target_floats + row * n;
    std::copy(target, target + n, y);
  }
  if (plan.mask) {
    const float* mask = plan.mask + row * (n / 3);
    for (int64_t c = 0; c < n; ++c) {
      x[c] *= mask[c / 3];
      y[c] *= mask[c / 3];
    }
  }
  std::fill(x + n, x + plan.pitch, 0.0f);
  std::fill(y + n, y + plan.pitch, 0.0f);
}

// The window's sum along a padded line, for the value at `line`.
HWY_INLINE FloatVector along(const float* line, const float* window) {
  const FloatTag d;
  FloatVector sum = hn::Zero(d);
  for (int tap = 0; tap < kSsimTaps; ++tap) {
    sum = hn::MulAdd(splat(window[tap]), hn::LoadU(d, line + 3 * (tap - kSsimRadius)), sum);
  }
  return sum;
}

// Sums and slopes of one row. lines: four padded lines of this thread.
void SimilarityRow(const LossPlan& plan, int64_t row, float* const* lines) {
  const FloatTag d;
  const int64_t step = lanes(), n = plan.columns, pitch = plan.pitch;
  const int first = static_cast<int>(std::max<int64_t>(0, kSsimRadius - row));
  const int last = static_cast<int>(std::min<int64_t>(kSsimTaps, plan.height - row + kSsimRadius));
  const float* x = plan.x + (row - kSsimRadius) * pitch;
  const float* y = plan.y + (row - kSsimRadius) * pitch;
  for (int64_t c = 0; c < pitch; c += step) {
    FloatVector sx = hn::Zero(d), sy = sx, squares = sx, products = sx;
    for (int tap = first; tap < last; ++tap) {
      const FloatVector g = splat(plan.window[tap]);
      const FloatVector vx = hn::LoadU(d, x + tap * pitch + c), vy = hn::LoadU(d, y + tap * pitch + c);
      sx = hn::MulAdd(g, vx, sx);
      sy = hn::MulAdd(g, vy, sy);
      squares = hn::MulAdd(g, hn::MulAdd(vx, vx, hn::Mul(vy, vy)), squares);
      products = hn::MulAdd(g, hn::Mul(vx, vy), products);
    }
    hn::StoreU(sx, d, lines[0] + c);
    hn::StoreU(sy, d, lines[1] + c);
    hn::StoreU(squares, d, lines[2] + c);
    hn::StoreU(products, d, lines[3] + c);
  }
  x += kSsimRadius * pitch;
  y += kSsimRadius * pitch;
  const FloatVector c1 = splat(static_cast<float>(kSsimC1)), c2 = splat(static_cast<float>(kSsimC2));
  const FloatVector two = splat(2.0f);
  LongSum similarities, differences, squares;
  for (int64_t c = 0; c < n; c += step) {
    const FloatVector mx = along(lines[0] + c, plan.window), my = along(lines[1] + c, plan.window);
    const FloatVector xy = hn::Mul(mx, my), xx_yy = hn::MulAdd(mx, mx, hn::Mul(my, my));
    const FloatVector A = hn::MulAdd(two, xy, c1);
    const FloatVector B = hn::MulAdd(two, hn::Sub(along(lines[3] + c, plan.window), xy), c2);
    const FloatVector C = hn::Add(xx_yy, c1);
    const FloatVector D = hn::Add(hn::Sub(along(lines[2] + c, plan.window), xx_yy), c2);
    const FloatVector inverse = hn::Div(splat(1.0f), hn::Mul(C, D));
    const FloatVector value = hn::Mul(hn::Mul(A, B), inverse);
    // Behind the row's end there is no picture, though the window reaches there.
    const auto inside = hn::FirstN(d, static_cast<std::size_t>(std::min(step, n - c)));
    similarities.add(hn::IfThenElseZero(inside, value));
    const FloatVector difference = hn::Sub(hn::LoadU(d, x + c), hn::LoadU(d, y + c));
    differences.add(hn::Abs(difference));
    squares.add(hn::Mul(difference, difference));
    if (!plan.by_x) continue;
    const FloatVector slope = hn::Sub(hn::Mul(my, hn::Sub(B, A)), hn::Mul(hn::Mul(mx, value), hn::Sub(D, C)));
    const int64_t at = row * pitch + c;
    hn::StoreU(hn::IfThenElseZero(inside, hn::Mul(hn::Mul(two, slope), inverse)), d, plan.by_x + at);
    hn::StoreU(hn::IfThenElseZero(inside, hn::Neg(hn::Mul(hn::Mul(value, C), inverse))), d,
               plan.by_squares + at);
    hn::StoreU(hn::IfThenElseZero(inside, hn::Mul(hn::Mul(two, A), inverse)), d, plan.by_products + at);
  }
  if (plan.by_x) {
    const int64_t end = (n + step - 1) / step * step;
    for (float* map : {plan.by_x, plan.by_squares, plan.by_products}) {
      std::fill(map + row * pitch + end, map + (row + 1) * pitch, 0.0f);
    }
  }
  plan.sums[3 * row] = differences.total();
  plan.sums[3 * row + 1] = similarities.total();
  plan.sums[3 * row + 2] = squares.total();
}

// One row of the gradient: the slopes of all windows that a value lies under, and the difference's sign.
void GradientRow(const LossPlan& plan, int64_t row, float* const* lines) {
  const FloatTag d;
  const int64_t step = lanes(), n = plan.columns, pitch = plan.pitch;
  const float* maps[] = {plan.by_x, plan.by_squares, plan.by_products};
  const int first = static_cast<int>(std::max<int64_t>(0, kSsimRadius - row));
  const int last = static_cast<int>(std::min<int64_t>(kSsimTaps, plan.height - row + kSsimRadius));
  if (plan.by_x) {
    for (int64_t c = 0; c < pitch; c += step) {
      const int64_t top = (row - kSsimRadius) * pitch + c;
      FloatVector sums[3] = {hn::Zero(d), hn::Zero(d), hn::Zero(d)};
      for (int tap = first; tap < last; ++tap) {
        const FloatVector g = splat(plan.window[tap]);
        for (int m = 0; m < 3; ++m) {
          sums[m] = hn::MulAdd(g, hn::LoadU(d, maps[m] + top + tap * pitch), sums[m]);
        }
      }
      for (int m = 0; m < 3; ++m) hn::StoreU(sums[m], d, lines[m] + c);
    }
  }
  const float* x = plan.x + row * pitch;
  const float* y = plan.y + row * pitch;
  float* out = plan.gradient + row * n;
  const FloatVector sign = splat(plan.difference_factor), similarity = splat(plan.similarity_factor);
  for (int64_t c = 0; c < n; c += step) {
    const FloatVector vx = hn::LoadU(d, x + c), vy = hn::LoadU(d, y + c);
    FloatVector slope =
        hn::Sub(hn::IfThenElseZero(hn::Gt(vx, vy), sign), hn::IfThenElseZero(hn::Lt(vx, vy), sign));
    if (plan.by_x) {
      const FloatVector p = along(lines[0] + c, plan.window), q = along(lines[1] + c, plan.window);
      const FloatVector r = along(lines[2] + c, plan.window);
      const FloatVector sum = hn::Add(hn::MulAdd(hn::Add(vx, vx), q, p), hn::Mul(vy, r));
      slope = hn::NegMulAdd(similarity, sum, slope);
    }
    if (c + step <= n) {
      hn::StoreU(slope, d, out + c);
    } else {
      store_first(slope, out + c, n - c);
    }
  }
  if (plan.mask) {
    const float* mask = plan.mask + row * (n / 3);
    for (int64_t c = 0; c < n; ++c) out[c] *= mask[c / 3];
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace diorama {
namespace {

HWY_EXPORT(PrepareRow);
HWY_EXPORT(SimilarityRow);
HWY_EXPORT(GradientRow);

constexpr int64_t kPad = 16;    // floats before a line; the window reaches 15
constexpr int64_t kRound = 64;  // rows are as long as a multiple of any vector
// An odd number of such pieces: eleven rows are read side by side, and at distances of whole pages they would
// all fall into the same sets of the first-level cache (1024 x 1024: twice the time).
constexpr int64_t pitch_of(int64_t columns) { return ((columns + kRound - 1) / kRound | 1) * kRound; }
constexpr int kLines = 4;

// Calls body(row, lines) for every row; the lines are a thread's own, with zeros around them.
template <typename Body>
void with_lines(Context& context, const LossPlan& plan, float* memory, Body&& body) {
  constexpr int64_t kValuesPerThread = 8192;
  const int64_t length = kPad + plan.pitch + kPad;
  const int64_t grain = kValuesPerThread / plan.pitch + 1;
  parallel_ranges(context.threads(), plan.height, grain, [&](int64_t begin, int64_t end, int thread) {
    float* lines[kLines];
    for (int i = 0; i < kLines; ++i) {
      float* line = memory + (thread * kLines + i) * length;
      std::fill(line, line + kPad, 0.0f);
      std::fill(line + kPad + plan.pitch, line + length, 0.0f);
      lines[i] = line + kPad;
    }
    for (int64_t row = begin; row < end; ++row) body(row, static_cast<float* const*>(lines));
  });
}

}  // namespace

void splat_loss_cpu(Context& context, const Tensor& image, const Tensor& target, const Tensor* mask,
                    float ssim_weight, const Tensor& losses, const Tensor* gradient) {
  LossPlan plan = {};
  plan.height = image.shape[0];
  plan.columns = image.shape[1] * 3;
  plan.pitch = pitch_of(plan.columns);
  plan.image = data<float>(image);
  plan.target_bytes = target.dtype == DIO_U8 ? data<uint8_t>(target) : nullptr;
  plan.target_floats = target.dtype == DIO_U8 ? nullptr : data<float>(target);
  plan.mask = mask ? data<float>(*mask) : nullptr;
  plan.gradient = gradient ? data<float>(*gradient) : nullptr;
  const auto window = ssim_window();
  for (int i = 0; i < kSsimTaps; ++i) plan.window[i] = static_cast<float>(window[i]);
  const double weight = ssim_weight, count = static_cast<double>(plan.height * plan.columns);
  plan.difference_factor = static_cast<float>((1 - weight) / count);
  plan.similarity_factor = static_cast<float>(weight / count);

  const auto plane = static_cast<std::size_t>(plan.height * plan.pitch);
  plan.x = context.scratch_array<float>(plane);
  plan.y = context.scratch_array<float>(plane);
  if (gradient && ssim_weight != 0) {
    plan.by_x = context.scratch_array<float>(plane);
    plan.by_squares = context.scratch_array<float>(plane);
    plan.by_products = context.scratch_array<float>(plane);
  }
  plan.sums = context.scratch_array<double>(static_cast<std::size_t>(3 * plan.height));
  float* lines = context.scratch_array<float>(
      static_cast<std::size_t>(context.threads() * kLines * (kPad + plan.pitch + kPad)));

  parallel_ranges(context.threads(), plan.height, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; ++row) HWY_DYNAMIC_DISPATCH(PrepareRow)(plan, row);
  });
  with_lines(context, plan, lines, [&](int64_t row, float* const* mine) {
    HWY_DYNAMIC_DISPATCH(SimilarityRow)(plan, row, mine);
  });
  if (gradient) {
    with_lines(context, plan, lines, [&](int64_t row, float* const* mine) {
      HWY_DYNAMIC_DISPATCH(GradientRow)(plan, row, mine);
    });
  }
  double difference = 0, similarity = 0, square = 0;
  for (int64_t row = 0; row < plan.height; ++row) {
    difference += plan.sums[3 * row];
    similarity += plan.sums[3 * row + 1];
    square += plan.sums[3 * row + 2];
  }
  float* results = data<float>(losses);
  results[0] = static_cast<float>((1 - weight) * difference / count + weight * (1 - similarity / count));
  results[1] = static_cast<float>(difference / count);
  results[2] = static_cast<float>(similarity / count);
  results[3] = static_cast<float>(square / count);
}

}  // namespace diorama
#endif

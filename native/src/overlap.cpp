#include "overlap.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>

namespace diorama {
namespace {

// The bytes a view touches lie in [low, high).
struct Extent {
  int64_t low;
  int64_t high;
};

// Of the axes whose |stride| in bytes is below `limit`.
Extent extent_below(const Tensor& t, int64_t limit) {
  const int64_t size = element_size(t.dtype);
  Extent extent{static_cast<int64_t>(reinterpret_cast<std::uintptr_t>(t.data)), 0};
  extent.high = extent.low + size;
  for (int i = 0; i < t.rank; ++i) {
    const int64_t stride = t.strides[i] * size;
    if (std::abs(stride) >= limit) continue;
    const int64_t reach = stride * (t.shape[i] - 1);
    (reach < 0 ? extent.low : extent.high) += reach;
  }
  return extent;
}

// The largest |stride| in bytes below `limit` among axes that move, or 0.
int64_t largest_stride(const Tensor& t, int64_t limit) {
  int64_t largest = 0;
  for (int i = 0; i < t.rank; ++i) {
    const int64_t stride = std::abs(t.strides[i] * element_size(t.dtype));
    if (t.shape[i] > 1 && stride < limit) largest = std::max(largest, stride);
  }
  return largest;
}

// Do [a.low, a.high) and [b.low, b.high), both repeated with `period`, stay apart?
bool apart_modulo(const Extent& a, const Extent& b, int64_t period) {
  const int64_t length_a = a.high - a.low;
  const int64_t length_b = b.high - b.low;
  if (length_a + length_b > period) return false;
  const int64_t distance = ((b.low - a.low) % period + period) % period;
  return distance >= length_a && distance + length_b <= period;
}

}  // namespace

bool may_overlap(const Tensor& a, const Tensor& b) {
  constexpr int64_t kAll = INT64_MAX;
  const Extent whole_a = extent_below(a, kAll);
  const Extent whole_b = extent_below(b, kAll);
  if (whole_a.high <= whole_b.low || whole_b.high <= whole_a.low) return false;
  // Take the largest strides away one by one: their common divisor is the period with which the rest repeats.
  int64_t period = 0;
  int64_t limit = kAll;
  while (true) {
    const int64_t stride = std::max(largest_stride(a, limit), largest_stride(b, limit));
    if (stride == 0) return true;
    period = std::gcd(period, stride);
    limit = stride;
    if (apart_modulo(extent_below(a, limit), extent_below(b, limit), period)) return false;
  }
}

bool same_view(const Tensor& a, const Tensor& b) {
  if (a.data != b.data || a.dtype != b.dtype || a.rank != b.rank) return false;
  for (int i = 0; i < a.rank; ++i) {
    if (a.shape[i] != b.shape[i]) return false;
    if (a.shape[i] > 1 && a.strides[i] != b.strides[i]) return false;
  }
  return true;
}

bool is_writable_layout(const Tensor& t) {
  // From the smallest stride up, each must step over all that lies below it.
  int64_t reach = 1;
  int64_t below = 0;
  while (true) {
    int next = -1;
    for (int i = 0; i < t.rank; ++i) {
      if (t.shape[i] == 1) continue;
      if (t.strides[i] <= 0) return false;
      if (t.strides[i] > below && (next < 0 || t.strides[i] < t.strides[next])) next = i;
    }
    if (next < 0) break;
    below = t.strides[next];
    if (below < reach) return false;
    reach += below * (t.shape[next] - 1);
    for (int i = next + 1; i < t.rank; ++i) {
      if (t.shape[i] > 1 && t.strides[i] == below) return false;
    }
  }
  return true;
}

}  // namespace diorama

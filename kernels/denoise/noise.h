#pragma once

#include <cmath>
#include <cstdint>

#include "generator.h"

namespace diorama {

constexpr double kTwoPi = 6.283185307179586;
// Tensors of this many elements and more are drawn in blocks of as many (see randn_plain).
constexpr int64_t kNormalBlock = 16;

// Fewer than kNormalBlock normal numbers: one Box-Muller pair in double at a time, whose second half the
// generator keeps for the next draw.
inline void draw_few(Generator& generator, float* values, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    if (generator.has_spare_normal) {
      generator.has_spare_normal = false;
      values[i] = static_cast<float>(generator.spare_normal);
      continue;
    }
    const double angle = kTwoPi * generator.uniform53();
    const double radius = std::sqrt(-2 * std::log1p(-generator.uniform53()));
    generator.spare_normal = radius * std::sin(angle);
    generator.has_spare_normal = true;
    values[i] = static_cast<float>(radius * std::cos(angle));
  }
}

}  // namespace diorama

#pragma once

#include <cstdint>

namespace diorama {

// The state of torch's CPU generator: MT19937 and the second half of the last Box-Muller pair of a short
// draw.
struct Generator {
  explicit Generator(uint64_t seed);

  uint32_t random();    // 32 bits
  uint64_t random64();  // 64 bits, high half first
  double uniform53();   // [0, 1) in steps of 2^-53
  float uniform24();    // [0, 1) in steps of 2^-24

  uint32_t state[624];
  int next = 624;
  bool has_spare_normal = false;
  double spare_normal = 0;
};

}  // namespace diorama

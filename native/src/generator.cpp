#include "generator.h"

namespace diorama {
namespace {

constexpr int kState = 624;
constexpr int kShift = 397;

uint32_t twist(uint32_t high, uint32_t low) {
  const uint32_t mixed = (high & 0x80000000u) | (low & 0x7fffffffu);
  return (mixed >> 1) ^ ((low & 1u) ? 0x9908b0dfu : 0u);
}

}  // namespace

// Matsumoto and Nishimura 1998, seeded by Knuth's recurrence from the seed's low 32 bits, as torch does.
Generator::Generator(uint64_t seed) {
  state[0] = static_cast<uint32_t>(seed);
  for (uint32_t i = 1; i < kState; ++i) state[i] = 1812433253u * (state[i - 1] ^ (state[i - 1] >> 30)) + i;
}

uint32_t Generator::random() {
  if (next == kState) {
    for (int i = 0; i < kState - kShift; ++i) state[i] = state[i + kShift] ^ twist(state[i], state[i + 1]);
    for (int i = kState - kShift; i < kState - 1; ++i) {
      state[i] = state[i + kShift - kState] ^ twist(state[i], state[i + 1]);
    }
    state[kState - 1] = state[kShift - 1] ^ twist(state[kState - 1], state[0]);
    next = 0;
  }
  uint32_t y = state[next++];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  return y ^ (y >> 18);
}

uint64_t Generator::random64() {
  const uint64_t high = random();
  return high << 32 | random();
}

double Generator::uniform53() {
  return static_cast<double>(random64() & ((uint64_t{1} << 53) - 1)) * 0x1p-53;
}

float Generator::uniform24() { return static_cast<float>(random() & ((1u << 24) - 1)) * 0x1p-24f; }

}  // namespace diorama

#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/common/both.h"
#include "operations.h"

namespace diorama {

// dio_splat_noise: Real = double for `reference`, float for all others. *_plain is a longhand loop.
template <typename Real>
void splat_noise_plain(Context&, uint64_t seed, const Tensor& out);
void splat_noise_cpu(Context&, uint64_t seed, const Tensor& out);

// What one counter gives.
constexpr int kNormalsAtOnce = 4;

// Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): four words of 32 bits
// that depend on the key and the counter alone.
DIO_BOTH inline void philox(uint64_t key, uint64_t counter, uint32_t words[4]) {
  uint32_t key0 = static_cast<uint32_t>(key), key1 = static_cast<uint32_t>(key >> 32);
  words[0] = static_cast<uint32_t>(counter);
  words[1] = static_cast<uint32_t>(counter >> 32);
  words[2] = words[3] = 0;
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t{0xD2511F53} * words[0];
    const uint64_t product1 = uint64_t{0xCD9E8D57} * words[2];
    const uint32_t next0 = static_cast<uint32_t>(product1 >> 32) ^ words[1] ^ key0;
    const uint32_t next2 = static_cast<uint32_t>(product0 >> 32) ^ words[3] ^ key1;
    words[0] = next0;
    words[1] = static_cast<uint32_t>(product1);
    words[2] = next2;
    words[3] = static_cast<uint32_t>(product0);
    key0 += 0x9E3779B9;
    key1 += 0xBB67AE85;
  }
}

// Numbers 4 * counter to 4 * counter + 3 of a seed: two pairs by Box and Muller (1958). What is uniform has
// as many bits as f32 holds exactly: 23 and a half between 0 and 1, and 24 for the angle.
template <typename Real>
DIO_BOTH inline void normals(uint64_t seed, uint64_t counter, float values[kNormalsAtOnce]) {
  constexpr Real kTurn = static_cast<Real>(6.283185307179586);
  uint32_t words[4];
  philox(seed, counter, words);
  for (int pair = 0; pair < 2; ++pair) {
    const Real distance =
        (static_cast<Real>(words[2 * pair] >> 9) + static_cast<Real>(0.5)) * static_cast<Real>(0x1p-23);
    const Real angle = kTurn * (static_cast<Real>(words[2 * pair + 1] >> 8) * static_cast<Real>(0x1p-24));
    const Real radius = std::sqrt(static_cast<Real>(-2) * std::log(distance));
    values[2 * pair] = static_cast<float>(radius * std::cos(angle));
    values[2 * pair + 1] = static_cast<float>(radius * std::sin(angle));
  }
}

// The numbers [begin, end) of a seed, begin a multiple of kNormalsAtOnce.
template <typename Real>
inline void fill_normals(uint64_t seed, int64_t begin, int64_t end, float* values) {
  for (int64_t i = begin; i < end; i += kNormalsAtOnce) {
    float some[kNormalsAtOnce];
    normals<Real>(seed, static_cast<uint64_t>(i / kNormalsAtOnce), some);
    for (int64_t k = i; k < end && k < i + kNormalsAtOnce; ++k) values[k] = some[k - i];
  }
}

}  // namespace diorama

#pragma once

// What device code may use, on the host: the names of CUDA's built-in variables and functions.

#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "kernels/simt/block.h"
#include "kernels/simt/instructions.h"

#define threadIdx (::diorama::simt::Block::running()->current().index)
#define blockIdx (::diorama::simt::Block::running()->index())
#define blockDim (::diorama::simt::Block::running()->shape())
#define gridDim (::diorama::simt::Block::running()->grid())

namespace diorama::simt {

inline constexpr unsigned kAllLanes = 0xFFFFFFFFu;

// The block's shared memory; it must be as large as the kernel believes.
void* shared_memory(std::size_t bytes);

template <typename T>
struct Shuffle {
  T value, result;
  int source;  // a lane
};

template <typename T>
void perform_shuffle(WarpCall& call) {
  for (int lane = 0; lane < kWarp; ++lane) {
    if (!(call.mask >> lane & 1)) continue;
    auto* mine = static_cast<Shuffle<T>*>(call.arguments[lane]);
    const bool present = call.mask >> mine->source & 1;
    if (!present) Block::running()->fail("shuffles from a lane that its mask does not name");
    mine->result = static_cast<Shuffle<T>*>(call.arguments[mine->source])->value;
  }
}

template <typename T>
T shuffle(unsigned mask, T value, int source) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8, "what a shuffle takes");
  Shuffle<T> call = {value, value, source};
  Block::running()->meet("a shuffle", mask, &call, perform_shuffle<T>);
  return call.result;
}

inline int current_lane() { return Block::running()->current().lane; }

// bar.sync (wait) and bar.arrive.
inline void named_barrier(int id, int threads, bool wait) {
  Block::running()->named_barrier(id, threads, wait);
}

unsigned ballot(unsigned mask, bool predicate);
void sync_warp(unsigned mask);

// As CUDA's atomics: the old value.
template <typename T, typename Change>
T atomic_change(T* address, Change&& change) {
  std::atomic_ref<T> cell(*address);
  T old = cell.load(std::memory_order_relaxed);
  while (!cell.compare_exchange_weak(old, change(old), std::memory_order_acq_rel)) {
  }
  return old;
}

}  // namespace diorama::simt

inline void __syncthreads() { ::diorama::simt::Block::running()->barrier(0); }
inline int __syncthreads_count(int predicate) {
  return ::diorama::simt::Block::running()->barrier(predicate != 0);
}
inline int __syncthreads_or(int predicate) { return __syncthreads_count(predicate) > 0; }
inline int __syncthreads_and(int predicate) {
  return __syncthreads_count(predicate) == ::diorama::simt::Block::running()->threads();
}
inline void __syncwarp(unsigned mask = 0xFFFFFFFFu) { ::diorama::simt::sync_warp(mask); }

template <typename T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32) {
  const int lane = ::diorama::simt::current_lane();
  return ::diorama::simt::shuffle(mask, value, lane / width * width + (source & (width - 1)));
}
template <typename T>
T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = 32) {
  const int lane = ::diorama::simt::current_lane(), source = lane ^ lanes;
  return ::diorama::simt::shuffle(mask, value, source / width == lane / width ? source : lane);
}
template <typename T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32) {
  const int lane = ::diorama::simt::current_lane(), source = lane + static_cast<int>(delta);
  return ::diorama::simt::shuffle(mask, value, source / width == lane / width ? source : lane);
}
template <typename T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32) {
  const int lane = ::diorama::simt::current_lane(), source = lane - static_cast<int>(delta);
  return ::diorama::simt::shuffle(mask, value, source >= lane / width * width ? source : lane);
}
inline unsigned __ballot_sync(unsigned mask, int predicate) {
  return ::diorama::simt::ballot(mask, predicate != 0);
}
inline int __any_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) != 0; }
inline int __all_sync(unsigned mask, int predicate) { return __ballot_sync(mask, !predicate) == 0; }

template <typename T>
T atomicAdd(T* address, std::type_identity_t<T> value) {
  return ::diorama::simt::atomic_change(address, [&](T old) { return static_cast<T>(old + value); });
}
template <typename T>
T atomicMax(T* address, std::type_identity_t<T> value) {
  return ::diorama::simt::atomic_change(address, [&](T old) { return old < value ? value : old; });
}
template <typename T>
T atomicMin(T* address, std::type_identity_t<T> value) {
  return ::diorama::simt::atomic_change(address, [&](T old) { return value < old ? value : old; });
}
template <typename T>
T atomicOr(T* address, std::type_identity_t<T> value) {
  return ::diorama::simt::atomic_change(address, [&](T old) { return static_cast<T>(old | value); });
}
template <typename T>
T atomicExch(T* address, std::type_identity_t<T> value) {
  return ::diorama::simt::atomic_change(address, [&](T) { return value; });
}
template <typename T>
T atomicCAS(T* address, std::type_identity_t<T> compare, std::type_identity_t<T> value) {
  return ::diorama::simt::atomic_change(address, [&](T old) { return old == compare ? value : old; });
}

inline void __threadfence() { std::atomic_thread_fence(std::memory_order_seq_cst); }
inline void __threadfence_block() {}

template <typename T>
T __ldg(const T* address) {
  return *address;
}
template <typename T>
T __ldcs(const T* address) {
  return *address;
}
template <typename T>
T __ldcg(const T* address) {
  return *address;
}
template <typename T>
void __stcs(T* address, T value) {
  *address = value;
}
template <typename T>
void __stcg(T* address, T value) {
  *address = value;
}

inline unsigned __float_as_uint(float value) { return std::bit_cast<unsigned>(value); }
inline int __float_as_int(float value) { return std::bit_cast<int>(value); }
inline float __uint_as_float(unsigned bits) { return std::bit_cast<float>(bits); }
inline float __int_as_float(int bits) { return std::bit_cast<float>(bits); }
inline float __expf(float x) { return std::exp(x); }
inline float __logf(float x) { return std::log(x); }
inline float __fdividef(float a, float b) { return a / b; }
inline float __frcp_rn(float x) { return 1.0f / x; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fsqrt_rn(float x) { return std::sqrt(x); }
inline float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
inline float __saturatef(float x) { return x > 0 ? (x < 1 ? x : 1) : 0; }
inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
inline int __float2int_rn(float x) { return static_cast<int>(std::nearbyint(x)); }
inline int __float2int_rd(float x) { return static_cast<int>(std::floor(x)); }
inline int __float2int_ru(float x) { return static_cast<int>(std::ceil(x)); }
inline int __popc(unsigned x) { return std::popcount(x); }
inline int __clz(int x) { return std::countl_zero(static_cast<unsigned>(x)); }
inline int __ffs(int x) { return x == 0 ? 0 : std::countr_zero(static_cast<unsigned>(x)) + 1; }
template <typename T>
constexpr T min(T a, std::type_identity_t<T> b) {
  return b < a ? b : a;
}
template <typename T>
constexpr T max(T a, std::type_identity_t<T> b) {
  return a < b ? b : a;
}

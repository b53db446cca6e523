#pragma once

// One function for each instruction that Hopper brought besides wgmma (wgmma.cuh): barriers in shared memory
// that count bytes, bulk tensor copies, proxies, registers on the move between warpgroups. Names and operands
// as in NVIDIA's PTX ISA; kernels/simt/hopper.cpp stands in for each where the source runs on the host.

#include "floats.cuh"

#include <cuda.h>

#include "ptx.cuh"
#include "wgmma.cuh"

#if !defined(__CUDACC__)
#include "kernels/simt/hopper.h"
#endif

namespace diorama::cuda {

// An mbarrier: 8 bytes of shared memory. A phase is over when `arrivals` arrivals have been made and as many
// bytes have been copied as were expected; the next one begins at once. Phases are told apart by parity: the
// first has 0.
using Mbarrier = uint64_t;

#if defined(__CUDACC__)

// By one thread; then mbarrier_init_fence by it and __syncthreads by all.
DIO_DEVICE void mbarrier_init(Mbarrier* barrier, int arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(barrier)), "r"(arrivals)
               : "memory");
}
// Makes barriers known to the copy engine.
DIO_DEVICE void mbarrier_init_fence() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }

DIO_DEVICE void mbarrier_arrive(Mbarrier* barrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared_address(barrier)) : "memory");
}
// In the threads where `arrives`, without a branch: around it the compiler would sort other work anew.
DIO_DEVICE void mbarrier_arrive_if(Mbarrier* barrier, bool arrives) {
  asm volatile(
      "{\n.reg .pred p;\n"
      "setp.ne.b32 p, %1, 0;\n"
      "@p mbarrier.arrive.shared::cta.b64 _, [%0];\n}" ::"r"(shared_address(barrier)),
      "r"(static_cast<int>(arrives))
      : "memory");
}
// One arrival, and `bytes` more to come in this phase.
DIO_DEVICE void mbarrier_arrive_expect_tx(Mbarrier* barrier, uint32_t bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(barrier)),
               "r"(bytes)
               : "memory");
}
// Whether the phase of this parity is over; the hardware lets the thread sleep for a while before it says no.
DIO_DEVICE bool mbarrier_try_wait(Mbarrier* barrier, uint32_t parity) {
  uint32_t done;
  asm volatile(
      "{\n.reg .pred p;\n"
      "mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\n"
      "selp.u32 %0, 1, 0, p;\n}"
      : "=r"(done)
      : "r"(shared_address(barrier)), "r"(parity)
      : "memory");
  return done != 0;
}
// Of a fresh barrier, parity 1 stands for the phase before the first: the wait is over at once.
DIO_DEVICE void mbarrier_wait(Mbarrier* barrier, uint32_t parity) {
  while (!mbarrier_try_wait(barrier, parity)) {
  }
}

// Between this thread's ordinary accesses to shared memory and those of the copy engine and of wgmma (the
// "async proxy"), before the barrier that orders them.
DIO_DEVICE void fence_proxy_async() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

// Starts the copy of the map's box whose first element has the coordinates `at` (innermost first) to shared
// memory, at a multiple of 1024 bytes where the map swizzles; by one thread. What lies outside the tensor is
// 0 and counts as copied: the barrier gets all bytes of the box.
template <int kRank>
DIO_DEVICE void tensor_load(void* to, const CUtensorMap& map, const int32_t (&at)[kRank], Mbarrier* barrier) {
  static_assert(kRank >= 2 && kRank <= 5, "bulk tensor copies have 2 to 5 axes here");
  const uint64_t address = reinterpret_cast<uint64_t>(&map);
  const uint32_t shared = shared_address(to), done = shared_address(barrier);
#define DIO_TENSOR_LOAD(RANK, COORDINATES, ...)                             \
  asm volatile("cp.async.bulk.tensor." RANK                                 \
               ".shared::cluster.global.tile.mbarrier::complete_tx::bytes " \
               "[%0], [%1, {" COORDINATES "}], [%2];" ::"r"(shared),        \
               "l"(address), "r"(done), __VA_ARGS__                         \
               : "memory")
  if constexpr (kRank == 2) DIO_TENSOR_LOAD("2d", "%3,%4", "r"(at[0]), "r"(at[1]));
  if constexpr (kRank == 3) DIO_TENSOR_LOAD("3d", "%3,%4,%5", "r"(at[0]), "r"(at[1]), "r"(at[2]));
  if constexpr (kRank == 4) {
    DIO_TENSOR_LOAD("4d", "%3,%4,%5,%6", "r"(at[0]), "r"(at[1]), "r"(at[2]), "r"(at[3]));
  }
  if constexpr (kRank == 5) {
    DIO_TENSOR_LOAD("5d", "%3,%4,%5,%6,%7", "r"(at[0]), "r"(at[1]), "r"(at[2]), "r"(at[3]), "r"(at[4]));
  }
#undef DIO_TENSOR_LOAD
}

// The other way; what lies outside the tensor is not written. Ordinary stores to `from` need
// fence_proxy_async and a barrier before.
template <int kRank>
DIO_DEVICE void tensor_store(const CUtensorMap& map, const int32_t (&at)[kRank], const void* from) {
  static_assert(kRank >= 2 && kRank <= 5, "bulk tensor copies have 2 to 5 axes here");
  const uint64_t address = reinterpret_cast<uint64_t>(&map);
  const uint32_t shared = shared_address(from);
#define DIO_TENSOR_STORE(RANK, COORDINATES, ...)                                                     \
  asm volatile("cp.async.bulk.tensor." RANK ".global.shared::cta.tile.bulk_group [%0, {" COORDINATES \
               "}], [%1];" ::"l"(address),                                                           \
               "r"(shared), __VA_ARGS__                                                              \
               : "memory")
  if constexpr (kRank == 2) DIO_TENSOR_STORE("2d", "%2,%3", "r"(at[0]), "r"(at[1]));
  if constexpr (kRank == 3) DIO_TENSOR_STORE("3d", "%2,%3,%4", "r"(at[0]), "r"(at[1]), "r"(at[2]));
  if constexpr (kRank == 4) {
    DIO_TENSOR_STORE("4d", "%2,%3,%4,%5", "r"(at[0]), "r"(at[1]), "r"(at[2]), "r"(at[3]));
  }
  if constexpr (kRank == 5) {
    DIO_TENSOR_STORE("5d", "%2,%3,%4,%5,%6", "r"(at[0]), "r"(at[1]), "r"(at[2]), "r"(at[3]), "r"(at[4]));
  }
#undef DIO_TENSOR_STORE
}
// This thread's stores so far become a group; waits until at most N groups still read shared memory.
DIO_DEVICE void tensor_store_commit() { asm volatile("cp.async.bulk.commit_group;" ::: "memory"); }
template <int N>
DIO_DEVICE void tensor_store_wait_read() {
  asm volatile("cp.async.bulk.wait_group.read %0;" ::"n"(N) : "memory");
}

// Fetches a map, a __grid_constant__ parameter of the kernel, before its first use.
DIO_DEVICE void prefetch_tensor_map(const CUtensorMap& map) {
  asm volatile("prefetch.tensormap [%0];" ::"l"(reinterpret_cast<uint64_t>(&map)) : "memory");
}

// The register limit of each thread of the warpgroup, up or down; a multiple of 8 from 24 to 256. Every warp
// of the warpgroup executes it; the kernel has __launch_bounds__(threads, 1).
template <int kRegisters>
DIO_DEVICE void setmaxnreg_inc() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(kRegisters));
}
template <int kRegisters>
DIO_DEVICE void setmaxnreg_dec() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(kRegisters));
}

// True in one lane of a converged warp, the same one at every call.
DIO_DEVICE bool elect_one() {
  uint32_t elected;
  asm volatile(
      "{\n.reg .pred p;\n"
      "elect.sync _|p, 0xffffffff;\n"
      "selp.u32 %0, 1, 0, p;\n}"
      : "=r"(elected));
  return elected != 0;
}

#else

inline void mbarrier_init(Mbarrier* barrier, int arrivals) { simt::mbarrier_init(barrier, arrivals); }
inline void mbarrier_init_fence() {}
inline void mbarrier_arrive(Mbarrier* barrier) { simt::mbarrier_arrive(barrier, 0); }
inline void mbarrier_arrive_if(Mbarrier* barrier, bool arrives) {
  if (arrives) simt::mbarrier_arrive(barrier, 0);
}
inline void mbarrier_arrive_expect_tx(Mbarrier* barrier, uint32_t bytes) {
  simt::mbarrier_arrive(barrier, bytes);
}
inline void mbarrier_wait(Mbarrier* barrier, uint32_t parity) { simt::mbarrier_wait(barrier, parity); }
inline void fence_proxy_async() {}
template <int kRank>
void tensor_load(void* to, const CUtensorMap& map, const int32_t (&at)[kRank], Mbarrier* barrier) {
  simt::tensor_load(to, map, at, kRank, barrier);
}
template <int kRank>
void tensor_store(const CUtensorMap& map, const int32_t (&at)[kRank], const void* from) {
  simt::tensor_store(map, at, kRank, from);
}
inline void tensor_store_commit() { simt::tensor_store_commit(); }
template <int N>
void tensor_store_wait_read() {
  simt::tensor_store_wait_read(N);
}
inline void prefetch_tensor_map(const CUtensorMap&) {}
template <int kRegisters>
void setmaxnreg_inc() {
  simt::setmaxnreg(kRegisters);
}
template <int kRegisters>
void setmaxnreg_dec() {
  simt::setmaxnreg(kRegisters);
}
inline bool elect_one() { return simt::current_lane() == 0; }

#endif

}  // namespace diorama::cuda

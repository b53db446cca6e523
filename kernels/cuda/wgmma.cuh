#pragma once

// wgmma (sm_90a): the product of a warpgroup, four warps in a row of which the first one's index is a
// multiple of 4. d[64, N] += a[64, 16] b[16, N], f32 accumulators, bf16 or f16 operands. Facts from NVIDIA's
// PTX ISA
// ("Asynchronous Warpgroup Level Matrix Multiply-Accumulate Instructions"), checked against
// CUTLASS's comments (mma_sm90_desc.hpp, mma_traits_sm90_gmma.hpp) and ThunderKittens' descriptors.
//
// A product from shared memory, k innermost on both sides (x [64, K], w [N, K]), tiles with rows of 64
// elements in the 128-byte swizzle, as tensor_load writes them:
//
//   const uint64_t a = wgmma_tile(x_tile, 1024), b = wgmma_tile(w_tile, 1024);
//   wgmma_fence();                                   // before the first, and after d or a's registers
//   changed for (int k = 0; k < 4; ++k) {                    // 4 steps of 16 elements in a row of 64: 32
//   bytes each
//     wgmma<bf16>(d, wgmma_advance(a, 32 * k), wgmma_advance(b, 32 * k), accumulate || k > 0);
//   }
//   wgmma_commit();
//   ...                                              // anything that leaves d, a's registers and the tiles
//   alone wgmma_wait<0>();                                 // at most 0 committed groups under way
//   wgmma_hold(d);                                   // d may be read from here on
//
// Whoever wrote the tiles by ordinary stores has executed fence_proxy_async() before the barrier between;
// what tensor_load wrote is there once its mbarrier's phase is over. A tile may be overwritten after the wait
// of every warp of the warpgroup.
//
// Registers, with g = lane / 4, p = lane % 4 and w the warp's index in the warpgroup:
//   d[4 j + 0, 1] = row 16 w + g, columns 8 j + 2 p, + 1;   d[4 j + 2, 3] = row 16 w + g + 8, same columns
//   a[0] = (row 16 w + g; k 2 p, + 1)   a[1] = (g + 8; same k)   a[2] = (g; k + 8)   a[3] = (g + 8; k + 8)
// so that accumulators become the next product's a: a[i] of step s holds d[8 s + 2 i] and d[8 s + 2 i + 1].

#include "floats.cuh"

#include <type_traits>

#include "ptx.cuh"

#if !defined(__CUDACC__)
#include "kernels/simt/wgmma.h"
#endif

namespace diorama::cuda {

// The matrix descriptor of a tile in the 128-byte swizzle: start address in bits 0-13, leading and stride
// byte offsets in 16-29 and 32-45, all three in units of 16 bytes, mode 1 (128 bytes) in 62-63; base offset
// 0, as patterns start at multiples of 1024 bytes. Rows of the tile are 128 bytes.
//  - k innermost: stride_bytes is from 8 rows to the next 8 (1024 where rows follow one another); the
//    leading offset is not used.
//  - N (or M) innermost ("transposed"): rows are k; stride_bytes from 8 k to the next 8 (1024),
//    leading_bytes from 64 columns to the next 64, which lie in a tile of their own.
DIO_DEVICE uint64_t wgmma_tile(const void* tile, uint32_t stride_bytes, uint32_t leading_bytes = 16) {
  return static_cast<uint64_t>((shared_address(tile) & 0x3FFFF) >> 4) |
         static_cast<uint64_t>(leading_bytes >> 4) << 16 | static_cast<uint64_t>(stride_bytes >> 4) << 32 |
         uint64_t{1} << 62;
}

// The tile that starts `bytes` (a multiple of 16) further: 32 a step of 16 elements where k is innermost,
// 16 rows of 128 bytes a step where it is not. The swizzle depends on addresses, so it holds from any start.
DIO_DEVICE uint64_t wgmma_advance(uint64_t tile, uint32_t bytes) { return tile + (bytes >> 4); }

#if defined(__CUDACC__)

DIO_DEVICE void wgmma_fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
DIO_DEVICE void wgmma_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }

// Waits until at most N of the committed groups are under way.
template <int N>
DIO_DEVICE void wgmma_wait() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(N) : "memory");
}

// What `value` (any that depends on all of the work) is computed from stays before the wait that follows:
// ptxas sees no reason for it and moves the wait up, so that the work no longer runs beside the product. A
// store to shared memory is what it does not move a wait across (seen in the machine code of CUDA 13.0's
// ptxas; empty assembly, __syncwarp and votes do not do). `slot` is the thread's own word of shared memory.
DIO_DEVICE void wgmma_work_before_wait(float* slot, float value) {
  asm volatile("st.shared.f32 [%0], %1;" ::"r"(shared_address(slot)), "f"(value) : "memory");
}

// After wgmma_wait, for the accumulators and register operands of the groups waited for: keeps the compiler
// from moving their readers and writers to before the wait.
template <int N>
DIO_DEVICE void wgmma_hold(float (&registers)[N]) {
#pragma unroll
  for (int i = 0; i < N; ++i) asm volatile("" : "+f"(registers[i])::"memory");
}
template <int N, int M>
DIO_DEVICE void wgmma_hold(uint32_t (&registers)[N][M]) {
#pragma unroll
  for (int i = 0; i < N; ++i) {
#pragma unroll
    for (int j = 0; j < M; ++j) asm volatile("" : "+r"(registers[i][j])::"memory");
  }
}

// clang-format off
#define DIO_D8_0 "%0,%1,%2,%3,%4,%5,%6,%7"
#define DIO_D8_1 ",%8,%9,%10,%11,%12,%13,%14,%15"
#define DIO_D8_2 ",%16,%17,%18,%19,%20,%21,%22,%23"
#define DIO_D8_3 ",%24,%25,%26,%27,%28,%29,%30,%31"
#define DIO_D8_4 ",%32,%33,%34,%35,%36,%37,%38,%39"
#define DIO_D8_5 ",%40,%41,%42,%43,%44,%45,%46,%47"
#define DIO_D8_6 ",%48,%49,%50,%51,%52,%53,%54,%55"
#define DIO_D8_7 ",%56,%57,%58,%59,%60,%61,%62,%63"
#define DIO_D8_8 ",%64,%65,%66,%67,%68,%69,%70,%71"
#define DIO_D8_9 ",%72,%73,%74,%75,%76,%77,%78,%79"
#define DIO_D8_10 ",%80,%81,%82,%83,%84,%85,%86,%87"
#define DIO_D8_11 ",%88,%89,%90,%91,%92,%93,%94,%95"
#define DIO_D8_12 ",%96,%97,%98,%99,%100,%101,%102,%103"
#define DIO_D8_13 ",%104,%105,%106,%107,%108,%109,%110,%111"
#define DIO_D8_14 ",%112,%113,%114,%115,%116,%117,%118,%119"
#define DIO_D8_15 ",%120,%121,%122,%123,%124,%125,%126,%127"
#define DIO_D_64 DIO_D8_0 DIO_D8_1 DIO_D8_2 DIO_D8_3
#define DIO_D_96 DIO_D_64 DIO_D8_4 DIO_D8_5
#define DIO_D_128 DIO_D_96 DIO_D8_6 DIO_D8_7
#define DIO_D_176 DIO_D_128 DIO_D8_8 DIO_D8_9 DIO_D8_10
#define DIO_D_192 DIO_D_176 DIO_D8_11
#define DIO_D_256 DIO_D_192 DIO_D8_12 DIO_D8_13 DIO_D8_14 DIO_D8_15
#define DIO_F8(i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3]), "+f"(d[i + 4]), "+f"(d[i + 5]), "+f"(d[i + 6]), "+f"(d[i + 7])
#define DIO_F_64 DIO_F8(0), DIO_F8(8), DIO_F8(16), DIO_F8(24)
#define DIO_F_96 DIO_F_64, DIO_F8(32), DIO_F8(40)
#define DIO_F_128 DIO_F_96, DIO_F8(48), DIO_F8(56)
#define DIO_F_176 DIO_F_128, DIO_F8(64), DIO_F8(72), DIO_F8(80)
#define DIO_F_192 DIO_F_176, DIO_F8(88)
#define DIO_F_256 DIO_F_192, DIO_F8(96), DIO_F8(104), DIO_F8(112), DIO_F8(120)

// A, B, P, TA, TB: the numbers of the operands after the accumulators.
#define DIO_WGMMA_SS(N, TYPE, A, B, P, TA, TB)                                                        \
  asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %" #P ", 0;\n"                                       \
               "wgmma.mma_async.sync.aligned.m64n" #N "k16.f32." TYPE "." TYPE " {" DIO_D_##N "}, %" #A \
               ", %" #B ", p, 1, 1, %" #TA ", %" #TB ";\n}"                                            \
               : DIO_F_##N                                                                            \
               : "l"(a), "l"(b), "r"(static_cast<int>(accumulate)), "n"(kTransA ? 1 : 0), "n"(kTransB ? 1 : 0))
#define DIO_WGMMA_RS(N, TYPE, A0, A1, A2, A3, B, P, TB)                                               \
  asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %" #P ", 0;\n"                                       \
               "wgmma.mma_async.sync.aligned.m64n" #N "k16.f32." TYPE "." TYPE " {" DIO_D_##N "}, {%" #A0 \
               ",%" #A1 ",%" #A2 ",%" #A3 "}, %" #B ", p, 1, 1, %" #TB ";\n}"                          \
               : DIO_F_##N                                                                            \
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(static_cast<int>(accumulate)), \
                 "n"(kTransB ? 1 : 0))
#define DIO_WGMMA_CASE(KIND, N, ...)                                            \
  if constexpr (kColumns == N && std::is_same_v<T, bf16>) DIO_WGMMA_##KIND(N, "bf16", __VA_ARGS__); \
  if constexpr (kColumns == N && std::is_same_v<T, f16>) DIO_WGMMA_##KIND(N, "f16", __VA_ARGS__)
// clang-format on

// N columns: those for which there is a case below.
template <int N>
inline constexpr bool kIsWgmmaColumns = N == 64 || N == 96 || N == 128 || N == 176 || N == 192 || N == 256;

// d = a b, plus d where `accumulate`; a and b by descriptors, "transposed" where their k is not innermost.
template <typename T, bool kTransA = false, bool kTransB = false, int kHalf>
DIO_DEVICE void wgmma(float (&d)[kHalf], uint64_t a, uint64_t b, bool accumulate) {
  constexpr int kColumns = 2 * kHalf;
  static_assert(kIsWgmmaColumns<kColumns>, "add a case for this number of columns");
  DIO_WGMMA_CASE(SS, 64, 32, 33, 34, 35, 36);
  DIO_WGMMA_CASE(SS, 96, 48, 49, 50, 51, 52);
  DIO_WGMMA_CASE(SS, 128, 64, 65, 66, 67, 68);
  DIO_WGMMA_CASE(SS, 176, 88, 89, 90, 91, 92);
  DIO_WGMMA_CASE(SS, 192, 96, 97, 98, 99, 100);
  DIO_WGMMA_CASE(SS, 256, 128, 129, 130, 131, 132);
}

// The same with a in registers.
template <typename T, bool kTransB = false, int kHalf>
DIO_DEVICE void wgmma(float (&d)[kHalf], const uint32_t (&a)[4], uint64_t b, bool accumulate) {
  constexpr int kColumns = 2 * kHalf;
  static_assert(kIsWgmmaColumns<kColumns>, "add a case for this number of columns");
  DIO_WGMMA_CASE(RS, 64, 32, 33, 34, 35, 36, 37, 38);
  DIO_WGMMA_CASE(RS, 96, 48, 49, 50, 51, 52, 53, 54);
  DIO_WGMMA_CASE(RS, 128, 64, 65, 66, 67, 68, 69, 70);
  DIO_WGMMA_CASE(RS, 176, 88, 89, 90, 91, 92, 93, 94);
  DIO_WGMMA_CASE(RS, 192, 96, 97, 98, 99, 100, 101, 102);
  DIO_WGMMA_CASE(RS, 256, 128, 129, 130, 131, 132, 133, 134);
}

#else

inline void wgmma_fence() { simt::wgmma_fence(); }
inline void wgmma_commit() { simt::wgmma_commit(); }
template <int N>
void wgmma_wait() {
  simt::wgmma_wait(N);
}
inline void wgmma_work_before_wait(float* slot, float value) { *slot = value; }
template <int N>
void wgmma_hold(float (&)[N]) {}
template <int N, int M>
void wgmma_hold(uint32_t (&)[N][M]) {}
template <typename T, bool kTransA = false, bool kTransB = false, int kHalf>
void wgmma(float (&d)[kHalf], uint64_t a, uint64_t b, bool accumulate) {
  simt::wgmma_shared(d, 2 * kHalf, a, b, kTransA, kTransB, accumulate, std::is_same_v<T, bf16>);
}
template <typename T, bool kTransB = false, int kHalf>
void wgmma(float (&d)[kHalf], const uint32_t (&a)[4], uint64_t b, bool accumulate) {
  simt::wgmma_registers(d, 2 * kHalf, a, b, kTransB, accumulate, std::is_same_v<T, bf16>);
}

#endif

}  // namespace diorama::cuda

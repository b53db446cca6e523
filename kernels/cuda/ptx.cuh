#pragma once

// One function for each instruction that C++ has no word for, sm_80 and later; names and operands as in
// NVIDIA's PTX ISA. kernels/simt/instructions.cpp stands in for each where the source runs on the host.

#include "floats.cuh"

namespace diorama::cuda {

#if defined(__CUDACC__)

DIO_DEVICE uint32_t shared_address(const void* pointer) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(pointer));
}

// mma.sync.aligned.m16n8k16: d[16,8] += a[16,16] b[16,8], f32 accumulators. With g = lane / 4 and p = lane %
// 4: d[0,1] = (row g, columns 2p, 2p+1), d[2,3] = row g + 8; a[0] = (g; k 2p, 2p+1), a[1] = (g + 8; same k),
// a[2] = (g; k + 8), a[3] = (g + 8; k + 8); b[0] = (k 2p, 2p+1; column g), b[1] = (k + 8; column g).
template <typename T>
DIO_DEVICE void mma_m16n8k16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]);

template <>
DIO_DEVICE void mma_m16n8k16<bf16>(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

template <>
DIO_DEVICE void mma_m16n8k16<f16>(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// mma.sync.aligned.m16n8k8 of tf32: a[0] = (g; k p), a[1] = (g + 8; p), a[2] = (g; p + 4), a[3] = (g + 8; p +
// 4); b[0] = (k p; column g), b[1] = (p + 4; g). Operands by to_tf32.
DIO_DEVICE void mma_m16n8k8_tf32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// To tf32's 10 bits of mantissa, to nearest, ties away from zero.
DIO_DEVICE uint32_t to_tf32(float value) {
  uint32_t bits;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(value));
  return bits;
}

// Four 8x8 matrices of 16-bit elements: lanes 8i to 8i+7 give the addresses of matrix i's rows (16 bytes
// each, aligned); lane l gets elements (row l / 4, columns 2 (l % 4) and + 1) of matrix i in r[i]. `trans`
// gives the transposes.
DIO_DEVICE void ldmatrix_x4(uint32_t (&r)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared_address(row))
               : "memory");
}

DIO_DEVICE void ldmatrix_x4_trans(uint32_t (&r)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared_address(row))
               : "memory");
}

// 16 bytes from global to shared memory, asynchronous, past L1; zeros where !valid (nothing is read then, but
// `from` must still be some valid address of the tensor). Both aligned to 16 bytes.
DIO_DEVICE void cp_async_16(void* to, const void* from, bool valid = true) {
  const int bytes = valid ? 16 : 0;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)), "l"(from),
               "r"(bytes)
               : "memory");
}

// 4 bytes, likewise, through L1.
DIO_DEVICE void cp_async_4(void* to, const void* from, bool valid = true) {
  const int bytes = valid ? 4 : 0;
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(shared_address(to)), "l"(from), "r"(bytes)
               : "memory");
}

DIO_DEVICE void cp_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }

// Waits until at most N of this thread's groups are under way. Other threads' copies need a barrier as well.
template <int N>
DIO_DEVICE void cp_async_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
}

// 2^x by the special function unit: relative error 2^-22; -inf gives 0.
DIO_DEVICE float ex2(float x) {
  float result;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}

// 1 / x by the special function unit: relative error 2^-23; a subnormal result gives 0.
DIO_DEVICE float rcp(float x) {
  float result;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}

// A barrier among `threads` threads of the block (a multiple of 32), one of ids 1 to 15.
DIO_DEVICE void named_barrier_sync(int id, int threads) {
  asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(threads) : "memory");
}
DIO_DEVICE void named_barrier_arrive(int id, int threads) {
  asm volatile("bar.arrive %0, %1;" ::"r"(id), "r"(threads) : "memory");
}

#else

inline uint32_t shared_address(const void* pointer) { return simt::shared_address(pointer); }
template <typename T>
void mma_m16n8k16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  simt::mma_m16n8k16(d, a, b, std::is_same_v<T, bf16>);
}
inline void mma_m16n8k8_tf32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  simt::mma_m16n8k8_tf32(d, a, b);
}
inline uint32_t to_tf32(float value) { return simt::to_tf32(value); }
inline void ldmatrix_x4(uint32_t (&r)[4], const void* row) { simt::ldmatrix_x4(r, row, false); }
inline void ldmatrix_x4_trans(uint32_t (&r)[4], const void* row) { simt::ldmatrix_x4(r, row, true); }
inline void cp_async_16(void* to, const void* from, bool valid = true) {
  simt::cp_async(to, from, 16, valid);
}
inline void cp_async_4(void* to, const void* from, bool valid = true) { simt::cp_async(to, from, 4, valid); }
inline void cp_async_commit() { simt::cp_async_commit(); }
template <int N>
void cp_async_wait() {
  simt::cp_async_wait(N);
}
inline float ex2(float x) { return simt::ex2(x); }
inline float rcp(float x) { return simt::rcp(x); }
inline void named_barrier_sync(int id, int threads) { simt::named_barrier(id, threads, true); }
inline void named_barrier_arrive(int id, int threads) { simt::named_barrier(id, threads, false); }

#endif

}  // namespace diorama::cuda

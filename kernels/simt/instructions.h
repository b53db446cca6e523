#pragma once

// Stand-ins for instructions that C++ has no word for. Semantics and fragments as in NVIDIA's PTX ISA.

#include <cstdint>

namespace diorama::simt {

// End the block with a report unless the address that instruction `what` was given is a multiple of `bytes`;
// unless `bytes` from it on lie in the block's shared memory.
void require_aligned(const char* what, const void* address, int bytes);
void require_shared(const char* what, const void* address, int bytes);

// Shared memory's address as instructions and descriptors have it: from the start of the block's own.
uint32_t shared_address(const void* pointer);

void mma_m16n8k16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], bool bf16);
void mma_m16n8k8_tf32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]);
uint32_t to_tf32(float value);
void ldmatrix_x4(uint32_t (&r)[4], const void* row, bool transposed);

// The copy is made by the wait that covers it; until then its target holds NaN.
void cp_async(void* to, const void* from, int bytes, bool valid);
void cp_async_commit();
void cp_async_wait(int groups_left);

// With ex2.approx.ftz's flush of subnormals.
float ex2(float x);
// With rcp.approx.ftz's flush of subnormals.
float rcp(float x);

}  // namespace diorama::simt

#pragma once

// Stand-ins for wgmma: products of a warpgroup that are done, on a card, beside the threads that asked for
// them. Here the wait does them, warp by warp, so that a kernel that reads its sums early, or overwrites its
// operands, shows: till then the accumulators hold NaN, and registers that change in between are reported.

#include <cstdint>

namespace diorama::simt {

void wgmma_fence();
void wgmma_commit();
void wgmma_wait(int groups_left);

// d[64, columns] (+)= a[64, 16] b[16, columns] by descriptors; columns / 2 accumulators a thread.
void wgmma_shared(float* d, int columns, uint64_t a, uint64_t b, bool transposed_a, bool transposed_b,
                  bool accumulate, bool bf16);
// The same with a in four registers of each thread, which must stay as they are until the wait.
void wgmma_registers(float* d, int columns, const uint32_t (&a)[4], uint64_t b, bool transposed_b,
                     bool accumulate, bool bf16);

}  // namespace diorama::simt

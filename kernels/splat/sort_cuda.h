#pragma once

// Sorting and prefix sums on the device by CUB, with scratch memory from the context.

#include "drawing_cuda.h"

namespace diorama::cuda {

// Values in the order of their keys, equal keys in the order in which they came. Of both there are `count`.
// Returns the sorted keys, which are in `keys` or in `spare`, of the same size; the other one holds anything
// afterwards. Only the lowest `bits` of keys are looked at.
uint32_t* sort_by_key(Context& context, uint32_t* keys, uint32_t* spare, FrameArray<int32_t>& values,
                      int64_t count, int bits);

// to[i] = from[0] + ... + from[i - 1]; `to` may be `from`.
void exclusive_sum(Context& context, const uint32_t* from, uint32_t* to, int64_t count);

}  // namespace diorama::cuda

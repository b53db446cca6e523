#pragma once

// Attention on Hopper (sm_90a): see attention_sm90.cuh. What it does not take is attention_sm80.cuh's.

#include "attention.h"
#include "cuda/device.h"
#include "operations.h"

namespace diorama::cuda {

// Whether attention_sm90 takes this call: a Hopper device, bf16 or f16, head size 64 or 128, no bias, a scale
// that is not below 0, at least one key, and rows that the copy engine can fetch (every address and stride a
// multiple of 16 bytes, strides above 0 but for axes of size 1).
bool fits_attention_sm90(const Device& device, const Tensor& q, const Tensor& k, const Tensor& v,
                         const Tensor* bias, float scale, const Tensor& out);

// As Operations::attention, without a bias, for an output that is not empty. Throws Error.
void attention_sm90(Context& context, const Tensor& q, const Tensor& k, const Tensor& v,
                    const Tensor* key_lengths, float scale, const Tensor& out);

}  // namespace diorama::cuda

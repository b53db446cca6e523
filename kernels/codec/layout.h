#pragma once

#include "operations.h"

namespace diorama {

// Two views of equal shape: every move of the codec is a copy between such a pair.
struct ViewPair {
  Tensor from;
  Tensor to;
};

// Cutting x [B, T, H, W, C] into patches, out [B, tokens, features], as a copy between views of rank 8:
// [B, T/pt, H/ph, W/pw, then C, pt, ph, pw in the order of the features].
ViewPair patch_views(const Tensor& x, int patch_t, int patch_h, int patch_w, bool channels_first,
                     const Tensor& patches);

// The frames [from, from + count) of a video [B, T, ...].
Tensor frame_view(const Tensor& video, int64_t from, int64_t count);

// carry = the last frames of carry followed by x, made of calls copy(context, x, out).
void update_carry(Context& context, const Tensor& x, const Tensor& carry,
                  void (*copy)(Context&, const Tensor&, const Tensor&));

}  // namespace diorama

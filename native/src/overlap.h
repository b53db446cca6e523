#pragma once

#include "tensor.h"

namespace diorama {

// True when the two views can touch a common byte. Interleaved views (column ranges of one matrix, say) are
// told apart; a few exotic pairs of strides that never meet are still reported.
bool may_overlap(const Tensor& a, const Tensor& b);

// True when the very same elements lie at the very same places.
bool same_view(const Tensor& a, const Tensor& b);

// True when no two elements of an output share memory and all strides are positive.
bool is_writable_layout(const Tensor& t);

}  // namespace diorama

#pragma once

#include "../common/elements.h"
#include "operations.h"

namespace diorama {

template <typename Real>
void embedding_plain(Context&, const Tensor& table, const Tensor& ids, const Tensor& out);
template <typename Real>
void t5_relative_bias_plain(Context&, const Tensor& table, int max_distance, const Tensor& out);

// The row of T5's bias table for a distance (key - query). Half of the buckets serve keys that come later. In
// each half the first half of the buckets are exact distances, the others grow logarithmically up to
// max_distance. The logarithm is taken in float, as torch takes it: in double some distances would fall into
// the neighbouring bucket.
int64_t t5_bucket(int64_t distance, int64_t buckets, int max_distance);

}  // namespace diorama

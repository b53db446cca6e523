// Attention on Hopper, host side: tensor maps, the grid.
#include "kernels/attention/attention_sm90.cuh"

#include <algorithm>

#include "kernels/attention/attention_sm90.h"
#include "kernels/cuda/dispatch.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/walk.cuh"
#include "kernels/cuda/tensor_map.h"

namespace diorama::cuda {
namespace {

// [B, S, H, D] with axes (head size, sequence, head, batch), boxes of 64 x rows.
CUtensorMap rows_map(const Tensor& tensor, int rows) {
  TensorMapShape map;
  map.data = tensor.data;
  map.dtype = tensor.dtype;
  map.rank = 4;
  const int axes[] = {3, 1, 2, 0};
  for (int i = 0; i < 4; ++i) {
    map.sizes[i] = tensor.shape[axes[i]];
    map.strides[i] = tensor.strides[axes[i]];
    map.box[i] = 1;
  }
  map.box[0] = 64;
  map.box[1] = rows;
  return make_tensor_map(map);
}

template <typename T, int kHeadSize>
void run(Context& context, const Tensor& q, const Tensor& k, const Tensor& v, const AttentionShape& shape,
         const Tensor& out) {
  using Kernel = AttentionSm90<T, kHeadSize>;
  AttentionSm90Call<T> call = {};
  call.out = data<T>(out);
  std::copy_n(out.strides, 3, call.out_strides);
  call.key_lengths = shape.key_lengths;
  call.queries = static_cast<int32_t>(shape.queries);
  call.keys = static_cast<int32_t>(shape.keys);
  call.heads = static_cast<int32_t>(shape.heads);
  call.batches = static_cast<int32_t>(shape.batches);
  call.query_tiles = static_cast<int32_t>(blocks_for(shape.queries, Kernel::kTileQueries));
  call.scale_log2 = static_cast<float>(shape.scale * 1.4426950408889634);
  const int64_t tiles = shape.batches * shape.heads * call.query_tiles;
  const unsigned blocks =
      static_cast<unsigned>(std::min<int64_t>(tiles, on_cuda(context).device().multiprocessors));
  launch(context, "attention_sm90", attention_sm90_kernel<T, kHeadSize>,
         {blocks, Kernel::kThreads, sizeof(typename Kernel::Shared)}, rows_map(q, Kernel::kTileQueries),
         rows_map(k, Kernel::kTileKeys), rows_map(v, Kernel::kTileKeys), call);
}

// Of 64 queries, the smallest: tiles are counted in 32 bits.
bool is_countable(const Tensor& q) {
  constexpr int64_t kMost = int64_t{1} << 30;
  const int64_t rows = q.shape[0] * q.shape[2];
  return rows <= kMost && q.shape[1] <= kMost && rows * blocks_for(q.shape[1], 64) <= kMost;
}

bool is_copyable(const Tensor& tensor) {
  const int64_t unit = 8;  // elements in 16 bytes
  if (!is_aligned(tensor, 16) || tensor.strides[3] != 1) return false;
  for (int axis = 0; axis < 3; ++axis) {
    if (tensor.shape[axis] > INT32_MAX) return false;
    if (tensor.shape[axis] == 1) continue;
    if (tensor.strides[axis] <= 0 || tensor.strides[axis] % unit != 0) return false;
    if (tensor.strides[axis] >= int64_t{1} << 39) return false;  // 2^40 bytes
  }
  return true;
}

}  // namespace

bool fits_attention_sm90(const Device& device, const Tensor& q, const Tensor& k, const Tensor& v,
                         const Tensor* bias, float scale, const Tensor& out) {
  const int64_t head_size = q.shape[3];
  return device.is_hopper() && (q.dtype == DIO_BF16 || q.dtype == DIO_F16) &&
         (head_size == 64 || head_size == 128) && bias == nullptr && scale >= 0 && k.shape[1] > 0 &&
         is_countable(q) && is_copyable(q) && is_copyable(k) && is_copyable(v) && is_copyable(out);
}

void attention_sm90(Context& context, const Tensor& q, const Tensor& k, const Tensor& v,
                    const Tensor* key_lengths, float scale, const Tensor& out) {
  const AttentionShape shape(q, k, nullptr, key_lengths, scale);
  if (q.dtype == DIO_BF16) {
    shape.head_size == 64 ? run<bf16, 64>(context, q, k, v, shape, out)
                          : run<bf16, 128>(context, q, k, v, shape, out);
  } else {
    shape.head_size == 64 ? run<f16, 64>(context, q, k, v, shape, out)
                          : run<f16, 128>(context, q, k, v, shape, out);
  }
}

}  // namespace diorama::cuda

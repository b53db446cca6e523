// Embedding look-up and T5's relative position bias. Both are a few microseconds, once for a prompt.
#include "kernels/cuda/dispatch.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/walk.cuh"
#include "kernels/text/text_cuda.h"

namespace diorama::cuda {
namespace {

constexpr int kThreads = 256;

struct EmbeddingRows {
  int64_t rows_of_table, channels;
  int64_t table_row, out_row;  // strides
};

// A block a row of out. An id beyond the table, which the host cannot see, takes the nearest row there is.
template <typename T, typename U, int kPack>
__global__ void __launch_bounds__(kThreads)
    embedding(const T* table, const int32_t* ids, U* out, const EmbeddingRows rows) {
  const int64_t id = ids[blockIdx.x];
  const int64_t row = id < 0 ? 0 : id >= rows.rows_of_table ? rows.rows_of_table - 1 : id;
  const T* const from = table + row * rows.table_row;
  U* const to = out + static_cast<int64_t>(blockIdx.x) * rows.out_row;
  for (int64_t c = threadIdx.x * kPack; c < rows.channels; c += kThreads * kPack) {
    const auto values = load_pack<kPack>(from + c);
    Pack<U, kPack> results;
#pragma unroll
    for (int k = 0; k < kPack; ++k) results[k] = from_float<U>(to_float(values[k]));
    store_pack(to + c, results);
  }
}

struct RelativeBias {
  AnyFloats table;
  int64_t table_row;  // stride
  int64_t heads, distances;
  int64_t buckets;
  float range;  // the logarithm of the largest distance over that of the first inexact one
};

// As t5_bucket (text_reference.cpp): the logarithm rounded to float before anything is done with it.
DIO_DEVICE int64_t bucket_of(const RelativeBias& bias, int64_t distance) {
  const int64_t half = bias.buckets / 2, exact = half / 2;
  const int64_t first = distance > 0 ? half : 0, size = distance < 0 ? -distance : distance;
  if (size < exact) return first + size;
  const float ratio = static_cast<float>(size) / static_cast<float>(exact);
  const float logarithm = static_cast<float>(log(static_cast<double>(ratio)));
  const float step = logarithm / bias.range * static_cast<float>(half - exact);
  const int64_t steps = static_cast<int64_t>(fmaxf(0.0f, fminf(static_cast<float>(half), step)));
  return first + (exact + steps < half - 1 ? exact + steps : half - 1);
}

__global__ void __launch_bounds__(kThreads) t5_relative_bias(const RelativeBias bias, float* out) {
  const int64_t j = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (j >= bias.distances) return;
  const int64_t bucket = bucket_of(bias, j - (bias.distances - 1) / 2);
  for (int64_t head = blockIdx.y; head < bias.heads; head += gridDim.y) {
    out[head * bias.distances + j] = bias.table[bucket * bias.table_row + head];
  }
}

}  // namespace

void embedding_cuda(Context& context, const Tensor& table, const Tensor& ids, const Tensor& out) {
  if (element_count(out) == 0) return;
  const EmbeddingRows rows = {table.shape[0], table.shape[1], table.strides[0], out.strides[0]};
  with_float_type(table.dtype, [&](auto from) {
    with_float_type(out.dtype, [&](auto to) {
      using T = typename decltype(from)::type;
      using U = typename decltype(to)::type;
      constexpr int kPack = 16 / static_cast<int>(sizeof(T) > sizeof(U) ? sizeof(T) : sizeof(U));
      const bool in_packs = rows.channels % kPack == 0 && rows.table_row % kPack == 0 &&
                            rows.out_row % kPack == 0 && is_aligned(table, kPack * sizeof(T)) &&
                            is_aligned(out, kPack * sizeof(U));
      launch(context, "embedding", in_packs ? embedding<T, U, kPack> : embedding<T, U, 1>,
             {static_cast<unsigned>(out.shape[0]), kThreads}, data<T>(table), data<int32_t>(ids),
             data<U>(out), rows);
    });
  });
}

void t5_relative_bias_cuda(Context& context, const Tensor& table, int max_distance, const Tensor& out) {
  if (element_count(out) == 0) return;
  RelativeBias bias = {AnyFloats(&table), table.strides[0], out.shape[0], out.shape[1], table.shape[0], 0};
  bias.range = static_cast<float>(std::log(max_distance / static_cast<double>(bias.buckets / 4)));
  const auto heads = static_cast<unsigned>(std::min<int64_t>(bias.heads, 65535));
  launch(context, "t5_relative_bias", t5_relative_bias,
         {dim3(blocks_for(bias.distances, kThreads), heads), kThreads}, bias, data<float>(out));
}

}  // namespace diorama::cuda

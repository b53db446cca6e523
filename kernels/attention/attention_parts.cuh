#pragma once

// Launching an attention kernel, and splitting the keys where queries are few: with fewer blocks of threads
// than the device holds at once each takes a part of the keys, and a second kernel combines the parts
// (Flash-Decoding, Dao et al. 2023).

#include "kernels/attention/attention_arguments.cuh"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/ptx.cuh"
#include "kernels/cuda/reduce.cuh"

#include <algorithm>

#include "error.h"

namespace diorama::cuda {

inline constexpr int kCombineWarps = 4;

// out [B, Sq, H, D] = sum of the parts' sums over that of their weights, each times 2^(reference - the
// largest). A warp has a query.
template <typename T>
__global__ void __launch_bounds__(32 * kCombineWarps) combine_parts(const AttentionArguments<T> a) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const int64_t row = static_cast<int64_t>(blockIdx.x) * kCombineWarps + threadIdx.x / 32, rows = a.rows();
  if (row >= rows) return;
  PartStatistics part = {-INFINITY, 0};
  if (lane < a.parts) part = a.part_statistics[lane * rows + row];
  const float largest = warp_max(part.reference);
  const float weight = ex2(part.reference - usable_reference(largest));
  const float sum = warp_sum(weight * part.sum);

  const int query = static_cast<int>(row % a.queries), head = static_cast<int>(row / a.queries % a.heads);
  const int batch = static_cast<int>(row / a.queries / a.heads);
  T* out = a.out + a.out_strides.offset(batch, head, query);
  for (int first = 0; first < a.head_size; first += 32) {  // every lane takes part in the shuffles
    const int d = min(first + lane, a.head_size - 1);
    float total = 0;
    for (int i = 0; i < a.parts; ++i) {
      const float of_part = a.part_sums[(i * rows + row) * a.part_pitch + d];
      total = fmaf(__shfl_sync(kFullWarp, weight, i), of_part, total);
    }
    if (first + lane < a.head_size) out[d] = from_float<T>(total / sum);
  }
}

// In how many parts the keys are taken: so that the blocks of threads fill the device once, and each has four
// blocks of keys or more.
inline int parts_of(const CudaContext& context, int64_t blocks, int resident_blocks, int key_blocks) {
  const int64_t places = static_cast<int64_t>(context.device().multiprocessors) * resident_blocks;
  const int64_t parts = std::min(places / blocks, static_cast<int64_t>(key_blocks / 4));
  return static_cast<int>(std::clamp(parts, int64_t{1}, int64_t{kMaxParts}));
}

// Starts `kernel`, whose blocks of threads are those of AttentionShare with the sizes of Tiles.
template <typename Memory, typename Tiles, typename T>
void launch_attention(Context& context, const char* name, void (*kernel)(AttentionArguments<T>),
                      AttentionArguments<T> a) {
  const int64_t tiles = (a.queries + int64_t{Tiles::kQueries} - 1) / Tiles::kQueries;
  const int64_t blocks = tiles * a.heads * a.batches;
  const int key_blocks = (a.keys + Tiles::kKeys - 1) / Tiles::kKeys;
  a.parts = parts_of(on_cuda(context), blocks, Tiles::kResidentBlocks, key_blocks);
  if (blocks > INT32_MAX) {
    raise(
        DIO_STATUS_UNSUPPORTED,
        "attention: " + std::to_string(a.rows()) +
            " queries over all heads and batches are more than a CUDA kernel can be started for; call it for "
            "parts of the batch.");
  }
  if (a.parts > 1) {
    const auto rows = static_cast<std::size_t>(a.parts * a.rows());
    a.part_pitch = (a.head_size + 7) / 8 * 8;
    a.part_sums = context.scratch_array<float>(rows * static_cast<std::size_t>(a.part_pitch));
    a.part_statistics = context.scratch_array<PartStatistics>(rows);
  }
  launch(context, name, kernel, {static_cast<unsigned>(blocks * a.parts), Tiles::kThreads, sizeof(Memory)},
         a);
  if (a.parts > 1) {
    launch(context, "attention, combining parts", combine_parts<T>,
           {blocks_for(a.rows(), kCombineWarps), 32 * kCombineWarps}, a);
  }
}

}  // namespace diorama::cuda

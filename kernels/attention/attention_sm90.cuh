#pragma once

// Attention with Hopper's own units, after FlashAttention-3 (Shah et al. 2024, arXiv 2407.08608).
//
// A persistent grid: one block a multiprocessor takes tiles of 64 queries for each consumer warpgroup, one
// head, after another. In a block:
//  - one warp (the producer) brings queries, and tile by tile keys and values, to shared memory by bulk
//    tensor copies, up to kStages tiles ahead; each stage has an mbarrier `full` and an mbarrier `empty`;
//  - 2 or 3 warpgroups (the consumers) each hold 64 queries, their scores, weights and output in registers.
//    Scores = queries x keys by wgmma from shared memory; output += weights x values with the weights from
//    registers, since an accumulator's fragment is an operand's.
// Two things hide the exponentials. Inside a warpgroup the products of a step are the next tile's scores and
// this tile's values, and the softmax of the former runs beside the latter. Between warpgroups a token goes
// round (named barriers), so that one issues its products while the others are at their exponentials
// ("ping-pong").
//
// Tiles of keys are walked from the last, ragged one to the first, so that only the first step masks. Beyond
// the tensor the copy engine fills in zeros; between key_lengths[b] and the tensor's end the producer writes
// zeros over the values it fetched, since 0 x NaN is NaN.
//
// Weights are 2^(score - reference) with a reference for each query. It is its first tile's maximum and moves
// to a later maximum only where a weight would pass 2^8: no ratio of weights depends on it, and then almost
// no step has to rescale the output.

#include "kernels/attention/attention_sm90_consumer.cuh"
#include "kernels/attention/attention_sm90_producer.cuh"

namespace diorama::cuda {

// ceil(queries / kTileQueries) tiles a head; any number of blocks.
template <typename T, int kHeadSize>
__global__ void __launch_bounds__(AttentionSm90<T, kHeadSize>::kThreads, 1)
    attention_sm90_kernel(const __grid_constant__ CUtensorMap q_map,
                          const __grid_constant__ CUtensorMap k_map,
                          const __grid_constant__ CUtensorMap v_map, AttentionSm90Call<T> call) {
#if defined(DIO_ARCH_HOPPER)
  using Kernel = AttentionSm90<T, kHeadSize>;
  DIO_SHARED(typename Kernel::Shared, shared);
  if (threadIdx.x == 0) {
    Kernel::init_barriers(shared);
    prefetch_tensor_map(q_map);
    prefetch_tensor_map(k_map);
    prefetch_tensor_map(v_map);
  }
  __syncthreads();
  // The warpgroup's number by a shuffle, so that the compiler knows it to be the same in all lanes.
  const int warpgroup = __shfl_sync(kFullWarp, static_cast<int>(threadIdx.x) / 128, 0);
  if (warpgroup == 0) {
    setmaxnreg_dec<Kernel::Tiles::kProducerRegisters>();
    if (threadIdx.x < 32) AttentionSm90Producer<T, kHeadSize>::produce(shared, q_map, k_map, v_map, call);
  } else {
    setmaxnreg_inc<Kernel::Tiles::kConsumerRegisters>();
    AttentionSm90Consumer<T, kHeadSize>::consume(shared, call, warpgroup - 1);
  }
#endif
}

}  // namespace diorama::cuda

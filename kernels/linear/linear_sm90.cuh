#pragma once

// Products with Hopper's own units (sm_90a), f16 and bf16.
//
// A persistent grid: one block a multiprocessor makes tile after tile of out. In a block one warp, the
// producer, brings steps of 64 along K of both operands to swizzled shared memory by bulk tensor copies, as
// far ahead as there are stages; two warpgroups, the consumers, each multiply 64 rows by wgmma from there,
// with one step's products in flight while the next step's are issued. What lies outside the operands comes
// as zeros from the copy engine, so that no size needs an edge. While the consumers finish a tile, the
// producer fetches the next one, and one consumer may be at its epilogue while the other multiplies.

#include "kernels/cuda/platform.cuh"

#include "kernels/cuda/ptx_sm90.cuh"
#include "kernels/cuda/reduce.cuh"
#include "product.h"
#include "tile_order.cuh"

namespace diorama::cuda {

// What a block needs to know of the whole.
struct Sm90Work {
  int64_t row_tiles = 0, column_tiles = 0;
  int64_t items = 0;  // tiles times parts of K; the tiles of one part after those of another
  int64_t steps = 0, steps_per_split = 0;
};

template <typename T, int kColumns_>
struct LinearSm90 {
  static constexpr int kConsumers = 2, kThreads = 128 * (kConsumers + 1);
  static constexpr int kRows = 64 * kConsumers, kColumns = kColumns_;
  static constexpr int kStep = 64;  // elements of K: 128 bytes, the swizzle's span
  static constexpr int kStages = kColumns == 256 ? 4 : 6;
  static constexpr int kProducerRegisters = 24, kConsumerRegisters = 240;
  static constexpr int kPieceColumns = 32;
  static constexpr uint32_t kStageBytes = (kRows + kColumns) * kStep * sizeof(T);

  struct Shared {
    struct Stage {
      T x[kRows][kStep];
      T w[kColumns][kStep];
    } stages[kStages];
    float pieces[kConsumers * 4][16 * kPieceStride<kPieceColumns>];
    Mbarrier full[kStages], empty[kStages];
  };

  // A block's walk through the stages.
  struct Ring {
    int stage = 0;
    uint32_t parity = 0;
    DIO_DEVICE void advance() {
      if (++stage == kStages) {
        stage = 0;
        parity ^= 1;
      }
    }
  };

  // One item: a tile and its part of K.
  struct Item {
    int64_t row, column, split, first_step;
    int steps;
  };
  static DIO_DEVICE Item item_at(const Sm90Work& work, int64_t i) {
    const int64_t tiles = work.row_tiles * work.column_tiles;
    const int64_t split = i / tiles;
    const TilePlace place = tile_place(i - split * tiles, work.row_tiles, work.column_tiles);
    const int64_t first = split * work.steps_per_split, left = work.steps - first;
    return {place.row * kRows, place.column * kColumns, split, first,
            static_cast<int>(left < work.steps_per_split ? left : work.steps_per_split)};
  }

  static DIO_DEVICE void init_barriers(Shared& shared) {
    for (int stage = 0; stage < kStages; ++stage) {
      mbarrier_init(&shared.full[stage], 1);
      mbarrier_init(&shared.empty[stage], 4 * kConsumers);
    }
    mbarrier_init_fence();
  }

  // By one thread.
  static DIO_DEVICE void produce(Shared& shared, const CUtensorMap& x_map, const CUtensorMap& w_map,
                                 const Sm90Work& work) {
    Ring ring;
#pragma unroll 1
    for (int64_t i = blockIdx.x; i < work.items; i += gridDim.x) {
      const Item item = item_at(work, i);
      const int row = static_cast<int>(item.row), column = static_cast<int>(item.column);
#pragma unroll 1
      for (int step = 0; step < item.steps; ++step) {
        mbarrier_wait(&shared.empty[ring.stage], ring.parity ^ 1);
        Mbarrier* full = &shared.full[ring.stage];
        auto& stage = shared.stages[ring.stage];
        const int k = static_cast<int>(item.first_step + step) * kStep;
        mbarrier_arrive_expect_tx(full, kStageBytes);
        tensor_load<2>(stage.x, x_map, {k, row}, full);
        tensor_load<2>(stage.w, w_map, {k, column}, full);
        ring.advance();
      }
    }
  }

  static DIO_DEVICE void release(Mbarrier* empty) {
    __syncwarp();
    mbarrier_arrive_if(empty, threadIdx.x % 32 == 0);
  }

  // This warp's 16 rows of sums, 32 columns at a time.
  static DIO_DEVICE void finish(const Epilogue& epilogue, const float (&sums)[kColumns / 2], float* piece,
                                int64_t row, int64_t column) {
    const int lane = threadIdx.x % 32;
    float* to = piece + lane / 4 * kPieceStride<kPieceColumns> + lane % 4 * 2;
#pragma unroll 1
    for (int p = 0; p < kColumns / kPieceColumns; ++p) {
#pragma unroll
      for (int j = 0; j < kColumns / 8; ++j) {
        if (j / (kPieceColumns / 8) != p) continue;
        float* at = to + j % (kPieceColumns / 8) * 8;
        store_pack(at, Pack<float, 2>{sums[4 * j], sums[4 * j + 1]});
        store_pack(at + 8 * kPieceStride<kPieceColumns>, Pack<float, 2>{sums[4 * j + 2], sums[4 * j + 3]});
      }
      __syncwarp();
      finish_piece<16, kPieceColumns, 4>(epilogue, piece, row, column + p * kPieceColumns);
      __syncwarp();
    }
  }

  static DIO_DEVICE void consume(Shared& shared, const Sm90Work& work, const Epilogue& epilogue,
                                 int consumer) {
    const int warp = static_cast<int>(threadIdx.x) % 128 / 32;
    Ring ring;
    float sums[kColumns / 2];
#pragma unroll 1
    for (int64_t i = blockIdx.x; i < work.items; i += gridDim.x) {
      const Item item = item_at(work, i);
      int before = 0;
#pragma unroll 1
      for (int step = 0; step < item.steps; ++step) {
        mbarrier_wait(&shared.full[ring.stage], ring.parity);
        const uint64_t x = wgmma_tile(shared.stages[ring.stage].x[64 * consumer], 1024);
        const uint64_t w = wgmma_tile(shared.stages[ring.stage].w, 1024);
        wgmma_fence();
#pragma unroll
        for (int k = 0; k < kStep / 16; ++k) {
          wgmma<T>(sums, wgmma_advance(x, 32 * k), wgmma_advance(w, 32 * k), step > 0 || k > 0);
        }
        wgmma_commit();
        if (step > 0) {
          wgmma_wait<1>();
          release(&shared.empty[before]);
        }
        before = ring.stage;
        ring.advance();
      }
      wgmma_wait<0>();
      wgmma_hold(sums);
      release(&shared.empty[before]);
      finish(of_split(epilogue, item.split), sums, shared.pieces[consumer * 4 + warp],
             item.row + 64 * consumer + 16 * warp, item.column);
    }
  }
};

template <typename T, int kColumns>
__global__ void __launch_bounds__(LinearSm90<T, kColumns>::kThreads, 1)
    linear_sm90(const __grid_constant__ CUtensorMap x_map, const __grid_constant__ CUtensorMap w_map,
                Sm90Work work, Epilogue epilogue) {
#if defined(DIO_ARCH_HOPPER)
  using Kernel = LinearSm90<T, kColumns>;
  DIO_SHARED(typename Kernel::Shared, shared);
  if (threadIdx.x == 0) {
    Kernel::init_barriers(shared);
    prefetch_tensor_map(x_map);
    prefetch_tensor_map(w_map);
  }
  __syncthreads();
  // The warpgroup's number by a shuffle, so that the compiler knows it to be the same in all lanes.
  const int warpgroup = __shfl_sync(kFullWarp, static_cast<int>(threadIdx.x) / 128, 0);
  if (warpgroup == 0) {
    setmaxnreg_dec<Kernel::kProducerRegisters>();
    if (threadIdx.x == 0) Kernel::produce(shared, x_map, w_map, work);
  } else {
    setmaxnreg_inc<Kernel::kConsumerRegisters>();
    Kernel::consume(shared, work, epilogue, warpgroup - 1);
  }
#endif
}

}  // namespace diorama::cuda

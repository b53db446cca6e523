#pragma once

// One warp that brings tiles to shared memory: see attention_sm90.cuh.

#include "kernels/attention/attention_sm90_tiles.cuh"

namespace diorama::cuda {

template <typename T, int kHeadSize>
struct AttentionSm90Producer : AttentionSm90<T, kHeadSize> {
  using Base = AttentionSm90<T, kHeadSize>;
  using Base::kKeyBytes, Base::kParts, Base::kQueryBytes, Base::kRow, Base::kStages, Base::kTileKeys;
  using typename Base::Place, typename Base::Shared;

  // A tile of keys or values, from key `first` on.
  static DIO_DEVICE void load_tile(T (&to)[kParts][kTileKeys][kRow], const CUtensorMap& map,
                                   const Place& place, int first, Mbarrier* full) {
    mbarrier_arrive_expect_tx(full, kKeyBytes);
#pragma unroll
    for (int part = 0; part < kParts; ++part) {
      tensor_load<4>(to[part], map, {part * kRow, first, place.head, place.batch}, full);
    }
  }

  // Values of keys that the batch does not see become 0. A row's 128 bytes are its own, whatever the swizzle
  // does with their order.
  static DIO_DEVICE void blank_values(T (&v)[kParts][kTileKeys][kRow], int valid, int lane) {
    constexpr int kPack = kPackOf<T>, kPacks = kRow / kPack;
    const int blank = (kTileKeys - valid) * kPacks;
#pragma unroll 1
    for (int part = 0; part < kParts; ++part) {
#pragma unroll 1
      for (int i = lane; i < blank; i += 32) {
        store_pack(&v[part][valid + i / kPacks][i % kPacks * kPack], Pack<T, kPack>{});
      }
    }
  }

  static DIO_DEVICE void produce(Shared& shared, const CUtensorMap& q_map, const CUtensorMap& k_map,
                                 const CUtensorMap& v_map, const AttentionSm90Call<T>& call) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    Ring<kStages> keys, values;
    uint32_t q_parity = 0, ragged_parity = 0;
    const int tiles = Base::tile_count(call), blocks = static_cast<int>(gridDim.x);
#pragma unroll 1
    for (int tile = static_cast<int>(blockIdx.x); tile < tiles; tile += blocks) {
      const Place place = Base::place_of(call, tile);
      const int steps = (place.key_count + kTileKeys - 1) / kTileKeys;
#pragma unroll 1
      for (int step = steps; step >= 0; --step) {
        // Keys of tile step - 1, then values of the tile before in this walk, `step`: as consumers want them.
        if (step > 0) {
          mbarrier_wait(&shared.k_empty[keys.stage], keys.parity ^ 1);
          if (lane == 0) {
            load_tile(shared.k[keys.stage], k_map, place, (step - 1) * kTileKeys, &shared.k_full[keys.stage]);
          }
          keys.advance();
        }
        if (step == steps) {
          mbarrier_wait(&shared.q_empty, q_parity ^ 1);
          if (lane == 0) {
            mbarrier_arrive_expect_tx(&shared.q_full, kQueryBytes);
#pragma unroll
            for (int part = 0; part < kParts; ++part) {
              tensor_load<4>(shared.q[part], q_map, {part * kRow, place.query, place.head, place.batch},
                             &shared.q_full);
            }
          }
          q_parity ^= 1;
        }
        if (step < steps) {
          mbarrier_wait(&shared.v_empty[values.stage], values.parity ^ 1);
          auto& v = shared.v[values.stage];
          Mbarrier* full = &shared.v_full[values.stage];
          const int first = step * kTileKeys, valid = place.key_count - first;
          if (valid >= kTileKeys || place.key_count == call.keys) {
            if (lane == 0) load_tile(v, v_map, place, first, full);
          } else {
            if (lane == 0) load_tile(v, v_map, place, first, &shared.v_ragged);
            mbarrier_wait(&shared.v_ragged, ragged_parity);
            ragged_parity ^= 1;
            blank_values(v, valid, lane);
            fence_proxy_async();
            __syncwarp();
            if (lane == 0) mbarrier_arrive(full);
          }
          values.advance();
        }
      }
    }
  }
};

}  // namespace diorama::cuda

#pragma once

// A warpgroup that holds 64 queries: see attention_sm90.cuh.

#include "kernels/attention/attention_sm90_tiles.cuh"

namespace diorama::cuda {

template <typename T, int kHeadSize>
struct AttentionSm90Consumer : AttentionSm90<T, kHeadSize> {
  using Base = AttentionSm90<T, kHeadSize>;
  using Base::kConsumers, Base::kRow, Base::kSlack, Base::kStages, Base::kTileKeys, Base::kTileQueries;
  using typename Base::Place, typename Base::Shared;

  // In registers, spread over the 128 threads as wgmma has it: this thread's rows are 16 warp + lane / 4 and
  // the one 8 further.
  using Scores = float[kTileKeys / 2];
  using Weights = uint32_t[kTileKeys / 16][4];
  using Output = float[kHeadSize / 2];

  // Of this thread's two rows: weights are 2^(scale_log2 * score - shift), where the shift belongs to the
  // reference, a score.
  struct Softmax {
    float reference[2], shift[2], sum[2];
    float factor[2];  // of what was summed up before this step
  };

  // While all scores of a query are -inf its weights must be 2^-inf, not 2^(-inf + inf).
  static DIO_DEVICE float shift_of(float reference, float scale_log2) {
    return (reference == -INFINITY ? 0.0f : reference * scale_log2) - Base::kLift;
  }

  // The scores of keys beyond key_count become -inf.
  static DIO_DEVICE void mask(Scores& s, int valid, int lane) {
#pragma unroll
    for (int j = 0; j < kTileKeys / 8; ++j) {
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        if (8 * j + 2 * (lane % 4) + i >= valid) s[4 * j + i] = s[4 * j + 2 + i] = -INFINITY;
      }
    }
  }

  // Scores to weights; their sum is this thread's own until the end. NaN is no maximum, but makes NaN
  // weights; a row of -inf alone has reference -inf and weights of 0.
  template <bool kFirst>
  static DIO_DEVICE void weigh(Scores& s, Softmax& softmax, float scale_log2) {
#pragma unroll
    for (int row = 0; row < 2; ++row) {
      float largest = fmaxf(s[2 * row], s[2 * row + 1]);
#pragma unroll
      for (int j = 1; j < kTileKeys / 8; ++j) {
        largest = fmaxf(largest, fmaxf(s[4 * j + 2 * row], s[4 * j + 2 * row + 1]));
      }
      largest = warp_max<4>(largest);
      float &reference = softmax.reference[row], &shift = softmax.shift[row];
      float factor = 1;
      if constexpr (kFirst) {
        reference = largest;
        shift = shift_of(largest, scale_log2);
        softmax.sum[row] = 0;
      } else if ((largest - reference) * scale_log2 > kSlack) {
        // From the rounded shifts, so that weights before and after agree whatever the scores' size.
        const float next = shift_of(largest, scale_log2);
        factor = reference == -INFINITY ? 0.0f : ex2(shift - next);
        reference = largest;
        shift = next;
      }
      softmax.factor[row] = factor;
      float sums[2] = {0, 0};
#pragma unroll
      for (int j = 0; j < kTileKeys / 8; ++j) {
#pragma unroll
        for (int i = 0; i < 2; ++i) {
          float& score = s[4 * j + 2 * row + i];
          score = ex2(fmaf(score, scale_log2, -shift));
          sums[i] += score;
        }
      }
      softmax.sum[row] = softmax.sum[row] * factor + (sums[0] + sums[1]);
    }
  }

  static DIO_DEVICE void pack_weights(Weights& p, const Scores& s) {
#pragma unroll
    for (int i = 0; i < kTileKeys / 16; ++i) {
#pragma unroll
      for (int j = 0; j < 4; ++j) p[i][j] = pack2<T>(s[8 * i + 2 * j], s[8 * i + 2 * j + 1]);
    }
  }

  static DIO_DEVICE void rescale(Output& o, const Softmax& softmax) {
    if (!__any_sync(kFullWarp, softmax.factor[0] != 1.0f || softmax.factor[1] != 1.0f)) return;
#pragma unroll
    for (int j = 0; j < kHeadSize / 8; ++j) {
#pragma unroll
      for (int i = 0; i < 4; ++i) o[4 * j + i] *= softmax.factor[i / 2];
    }
  }

  // s = the warpgroup's queries x a tile of keys: both have their heads innermost.
  static DIO_DEVICE void start_scores(Scores& s, uint64_t q, uint64_t k) {
    wgmma_fence();
#pragma unroll
    for (int step = 0; step < kHeadSize / 16; ++step) {
      const int part = step / 4, within = step % 4 * 32;
      wgmma<T>(s, wgmma_advance(q, part * kTileQueries * kRow * sizeof(T) + within),
               wgmma_advance(k, part * kTileKeys * kRow * sizeof(T) + within), step > 0);
    }
    wgmma_commit();
  }

  // o += weights x a tile of values, whose keys are the product's k and lie 128 bytes apart.
  static DIO_DEVICE void start_values(Output& o, const Weights& p, uint64_t v) {
    wgmma_fence();
#pragma unroll
    for (int step = 0; step < kTileKeys / 16; ++step) {
      wgmma<T, true>(o, p[step], wgmma_advance(v, step * 16 * kRow * sizeof(T)), true);
    }
    wgmma_commit();
  }

  static DIO_DEVICE uint64_t key_tile(const Shared& shared, int stage) {
    return wgmma_tile(shared.k[stage], 1024);
  }
  static DIO_DEVICE uint64_t value_tile(const Shared& shared, int stage) {
    return wgmma_tile(shared.v[stage], 1024, kTileKeys * kRow * sizeof(T));
  }

  // Each warp tells for itself that it has done with a stage: a warpgroup's warps are not in step.
  static DIO_DEVICE void release(Mbarrier* empty, int lane) {
    __syncwarp();
    mbarrier_arrive_if(empty, lane == 0);
  }

  // Named barriers 1 to kConsumers: consumer c waits at 1 + c for the token, with its own 128 threads and the
  // 128 of the one before.
  static DIO_DEVICE void take_token(int consumer) { named_barrier_sync(1 + consumer, 256); }
  static DIO_DEVICE void pass_token(int consumer) {
    named_barrier_arrive(consumer + 1 == kConsumers ? 1 : 2 + consumer, 256);
  }

  // Rows of `out`. Four lanes hold a row, two columns of every eight each; they change places so that each
  // has eight columns, 16 bytes, together.
  static DIO_DEVICE void store(const AttentionSm90Call<T>& call, const Place& place, const Output& o,
                               const float (&inverse)[2], int row_in_tile, int lane) {
    const bool odd = lane & 1, high = lane & 2;
#pragma unroll
    for (int row = 0; row < 2; ++row) {
      const int query = place.query + row_in_tile + 8 * row;
      T* to = call.out + place.batch * call.out_strides[0] + query * call.out_strides[1] +
              place.head * call.out_strides[2] + 8 * (lane % 4);
#pragma unroll
      for (int group = 0; group < kHeadSize / 32; ++group) {
        uint32_t w[4];
#pragma unroll
        for (int j = 0; j < 4; ++j) {
          const int at = 4 * (4 * group + j) + 2 * row;
          w[j] = pack2<T>(o[at] * inverse[row], o[at + 1] * inverse[row]);
        }
#pragma unroll
        for (int j = 0; j < 4; j += 2) {  // a 4 x 4 transpose: first within pairs of lanes
          const uint32_t got = __shfl_xor_sync(kFullWarp, odd ? w[j] : w[j + 1], 1);
          (odd ? w[j] : w[j + 1]) = got;
        }
#pragma unroll
        for (int j = 0; j < 2; ++j) {
          const uint32_t got = __shfl_xor_sync(kFullWarp, high ? w[j] : w[j + 2], 2);
          (high ? w[j] : w[j + 2]) = got;
        }
        if (query < call.queries) {
          store_pack(reinterpret_cast<uint32_t*>(to + 32 * group),
                     Pack<uint32_t, 4>{{w[0], w[1], w[2], w[3]}});
        }
      }
    }
  }

  static DIO_DEVICE void consume(Shared& shared, const AttentionSm90Call<T>& call, int consumer) {
    const int thread = static_cast<int>(threadIdx.x) % 128, lane = thread % 32;
    const int row_in_tile = 64 * consumer + thread / 32 * 16 + lane / 4;
    const uint64_t q = wgmma_tile(shared.q[0][64 * consumer], 1024);
    Ring<kStages> keys, values;
    uint32_t q_parity = 0;
    Scores s;
    Weights p;
    Output o;
    Softmax softmax;
    if (consumer + 1 == kConsumers) pass_token(consumer);

    const int tiles = Base::tile_count(call), blocks = static_cast<int>(gridDim.x);
#pragma unroll 1
    for (int tile = static_cast<int>(blockIdx.x); tile < tiles; tile += blocks) {
      const Place place = Base::place_of(call, tile);
      const int steps = (place.key_count + kTileKeys - 1) / kTileKeys;
#pragma unroll
      for (int i = 0; i < kHeadSize / 2; ++i) o[i] = 0;
      mbarrier_wait(&shared.q_full, q_parity);
      q_parity ^= 1;
      mbarrier_wait(&shared.k_full[keys.stage], keys.parity);
      start_scores(s, q, key_tile(shared, keys.stage));
      wgmma_wait<0>();
      wgmma_hold(s);
      release(&shared.k_empty[keys.stage], lane);
      keys.advance();
      mask(s, place.key_count - (steps - 1) * kTileKeys, lane);
      weigh<true>(s, softmax, call.scale_log2);
      pack_weights(p, s);
#pragma unroll 1
      for (int step = steps - 1; step > 0; --step) {
        mbarrier_wait(&shared.k_full[keys.stage], keys.parity);
        take_token(consumer);
        start_scores(s, q, key_tile(shared, keys.stage));
        mbarrier_wait(&shared.v_full[values.stage], values.parity);
        start_values(o, p, value_tile(shared, values.stage));
        pass_token(consumer);
        wgmma_wait<1>();
        wgmma_hold(s);
        release(&shared.k_empty[keys.stage], lane);
        keys.advance();
        weigh<false>(s, softmax, call.scale_log2);
        wgmma_work_before_wait(&shared.order[128 * consumer + thread], softmax.sum[0] + softmax.sum[1]);
        wgmma_wait<0>();
        wgmma_hold(o);
        wgmma_hold(p);
        release(&shared.v_empty[values.stage], lane);
        values.advance();
        pack_weights(p, s);
        rescale(o, softmax);
      }
      release(&shared.q_empty, lane);
      mbarrier_wait(&shared.v_full[values.stage], values.parity);
      start_values(o, p, value_tile(shared, values.stage));
      wgmma_wait<0>();
      wgmma_hold(o);
      wgmma_hold(p);
      release(&shared.v_empty[values.stage], lane);
      values.advance();
      // Without a weight above 0 this is 0 / 0: NaN, as it should be.
      const float inverse[2] = {1 / warp_sum<4>(softmax.sum[0]), 1 / warp_sum<4>(softmax.sum[1])};
      store(call, place, o, inverse, row_in_tile, lane);
    }
    if (consumer == 0) take_token(consumer);  // as many came as went
  }
};

}  // namespace diorama::cuda

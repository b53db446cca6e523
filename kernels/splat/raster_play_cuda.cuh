#pragma once

// Rasterization backwards, second kernel: a block a bucket, from its last splat to its first. 16 lanes (32
// where there are many channels) hold a sub-tile's pixels, and go through the splats that touch it; the two
// halves of a warp through different ones. Every splat's six moments and channels are summed over the lanes
// all at once, by halving: a lane ends up with one of the sums. Sub-tiles leave their sums in shared memory,
// where they are added in order and written to the pairs' places. No atomics: the bits are always the same.

#include "raster_backward_cuda.cuh"
#include "tiles_cuda.cuh"

namespace diorama::cuda {

// Sums kCount values over kStep * 2 lanes: v[0] becomes the sum of value folded_slot(lane).
template <int kCount, int kStep, int kValues>
DIO_DEVICE void fold(float (&v)[kValues], int lane) {
  if constexpr (kStep > 0) {
    constexpr int kHalf = (kCount + 1) / 2;
    const bool upper = lane & kStep;
#pragma unroll
    for (int i = 0; i < kCount / 2; ++i) {
      const float give = upper ? v[i] : v[i + kHalf], keep = upper ? v[i + kHalf] : v[i];
      v[i] = keep + __shfl_xor_sync(kFullWarp, give, kStep);
    }
    if constexpr (kCount % 2 != 0) v[kHalf - 1] += __shfl_xor_sync(kFullWarp, v[kHalf - 1], kStep);
    fold<kHalf, kStep / 2>(v, lane);
  }
}

// -1 where another lane has the same sum.
template <int kCount, int kStep>
DIO_DEVICE int folded_slot(int lane) {
  if constexpr (kStep == 0) {
    return 0;
  } else {
    constexpr int kHalf = (kCount + 1) / 2;
    const int slot = folded_slot<kHalf, kStep / 2>(lane);
    if (!(lane & kStep) || slot < 0) return slot;
    return slot < kCount / 2 ? slot + kHalf : -1;
  }
}

template <int kChannels>
struct PlayShape {
  static constexpr int kPixels = kChannels <= 4 ? 4 : 2;  // a lane
  static constexpr int kLanes = kSubtile * kSubtile / kPixels;
  static constexpr int kThreads = kSubtiles * kLanes;
  static constexpr int kValues = kMoments + kChannels;
  static constexpr int kWords = kBucket / 32;
  static_assert(kThreads >= kBucket, "a thread for each splat");
};

template <int kChannels>
struct PlayShared {
  using Shape = PlayShape<kChannels>;
  SplatLine line[kBucket];
  SplatDown down[kBucket];
  BatchAttributes<kChannels, kBucket> attributes;
  uint32_t met[kSubtiles][Shape::kWords];     // which splats touch a sub-tile
  uint8_t lists[kSubtiles][kBucket];          // the same, one behind the other
  uint32_t walked[kSubtiles][Shape::kWords];  // those of them before all pixels' ends
  uint32_t pairs[kBucket];
  float sums[kSubtiles][kBucket * Shape::kValues];
};

template <int kChannels>
class BucketPlayer {
  using Shape = PlayShape<kChannels>;
  using Shared = PlayShared<kChannels>;
  static constexpr int kPixels = Shape::kPixels;

 public:
  DIO_DEVICE BucketPlayer(const BackwardTask& task, Shared& shared, int tile, uint32_t slot)
      : task_(task),
        shared_(shared),
        tile_(task.view, tile),
        subtile_(threadIdx.x / Shape::kLanes),
        lane_(threadIdx.x % Shape::kLanes) {
    const uint32_t bucket = slot - task.first_bucket(tile);
    begin_ = task.tile_starts[tile] + bucket * kBucket;
    const uint32_t left = task.tile_starts[tile + 1] - begin_;
    count_ = static_cast<int>(left < kBucket ? left : kBucket);
    state_ = static_cast<int64_t>(slot - task.wave_begin) * kTilePixels;
  }

  // Before the first barrier. live: whether the bucket's sub-tiles will be walked at all.
  DIO_DEVICE void bring_splats(bool live) {
    if (threadIdx.x >= kBucket) return;
    const int at = threadIdx.x;
    uint32_t met = 0;
    if (at < count_) {
      const int32_t gaussian = task_.list[begin_ + at];
      const DeviceSplat g = task_.attributes.splats[gaussian];
      shared_.pairs[at] = task_.pair_starts[gaussian] + tile_index(task_.view, g, tile_.x, tile_.y);
      if (live) {
        const SplatLine line = line_of(g, tile_);
        shared_.line[at] = line;
        shared_.down[at] = down_of(g);
        shared_.attributes.store(at, gaussian, g, task_.attributes, task_.pass);
        met = met_subtiles(g, line.x, line.y, task_.view.log2_floor);
      }
    }
#pragma unroll
    for (int s = 0; s < kSubtiles; ++s) {
      const uint32_t word = __ballot_sync(kFullWarp, static_cast<int>(met >> s & 1));
      if (at % 32 == 0) {
        shared_.met[s][at / 32] = word;
        if (!live) shared_.walked[s][at / 32] = 0;
      }
    }
  }

  // Between two barriers.
  DIO_DEVICE void make_lists() {
    if (threadIdx.x >= kBucket) return;
    const int word = threadIdx.x / 32, bit = threadIdx.x % 32;
#pragma unroll
    for (int s = 0; s < kSubtiles; ++s) {
      const uint32_t mine = shared_.met[s][word];
      if ((mine >> bit & 1) == 0) continue;
      int at = __popc(mine & ((1u << bit) - 1));
      for (int w = 0; w < word; ++w) at += __popc(shared_.met[s][w]);
      shared_.lists[s][at] = static_cast<uint8_t>(threadIdx.x);
    }
  }

  // What the lanes hold: from bring_splats on, as it needs no splats.
  DIO_DEVICE void read_pixels() {
    const PixelRun<kPixels> run(task_.view, tile_, subtile_, lane_);
    x_ = run.x;
    y_ = run.y;
    const int64_t at = state_ + static_cast<int64_t>(threadIdx.x) * kPixels;
    rest_ = load_pack<kPixels>(task_.states.rest + at);
    behind_ = load_pack<kPixels>(task_.states.behind + at);
    limits_ = load_pack<kPixels>(task_.states.limits + at);
    most_ = 0;
#pragma unroll
    for (int k = 0; k < kPixels; ++k) {
      most_ = max(most_, static_cast<int>(limits_[k]));
      if (k < run.inside) {
        task_.read(run.first + k, gradients_[k]);
      } else {
#pragma unroll
        for (int c = 0; c < kChannels; ++c) gradients_[k][c] = 0;
      }
    }
#pragma unroll
    for (int step = Shape::kLanes / 2; step > 0; step /= 2)
      most_ = max(most_, __shfl_xor_sync(kFullWarp, most_, step));
  }

  template <bool kFade>
  DIO_DEVICE void play() {
    int count = 0;
#pragma unroll
    for (int w = 0; w < Shape::kWords; ++w) {
      const int before = most_ - 32 * w;
      const uint32_t below = before >= 32 ? ~0u : before > 0 ? (1u << before) - 1 : 0;
      const uint32_t walked = shared_.met[subtile_][w] & below;
      count += __popc(walked);
      if (lane_ == 0) shared_.walked[subtile_][w] = walked;
    }
    int most = count;  // of the warp's sub-tiles
    if constexpr (Shape::kLanes < 32) most = max(most, __shfl_xor_sync(kFullWarp, most, 16));
    const int slot = folded_slot<Shape::kValues, Shape::kLanes / 2>(lane_);
    float* sums = shared_.sums[subtile_] + slot;
#pragma unroll 1
    for (int n = 1; n <= most; ++n) {
      const bool live = n <= count;
      const int at = live ? shared_.lists[subtile_][count - n] : 0;
      float sum[Shape::kValues];
      play_splat<kFade>(at, live ? at : kBucket, sum);
      fold<Shape::kValues, Shape::kLanes / 2>(sum, lane_);
      if (live && slot >= 0) sums[at * Shape::kValues] = sum[0];
    }
  }

  // After the last barrier: the sub-tiles' sums, to where the pairs' gradients lie.
  DIO_DEVICE void write() const {
    for (int i = threadIdx.x; i < count_ * Shape::kValues; i += Shape::kThreads) {
      const int at = i / Shape::kValues, slot = i - at * Shape::kValues;
      const int channel = slot - kMoments;
      if (channel >= task_.pass.count) continue;
      float sum = 0;
#pragma unroll
      for (int s = 0; s < kSubtiles; ++s) {
        if (shared_.walked[s][at / 32] >> at % 32 & 1) sum += shared_.sums[s][i];
      }
      float* to = task_.values + static_cast<int64_t>(shared_.pairs[at]) * task_.slots + slot;
      if (channel >= 0) to += task_.pass.first;
      *to = channel < 0 && task_.pass.first > 0 ? *to + sum : sum;
    }
  }

 private:
  // One splat over the lane's pixels; drawn at those that end after `place`.
  template <bool kFade>
  DIO_DEVICE void play_splat(int at, int place, float (&sum)[Shape::kValues]) {
    const SplatLine line = shared_.line[at];
    float values[4 * BatchAttributes<kChannels, kBucket>::kQuads];
    shared_.attributes.load(at, values);
    const RowExponent row(line, shared_.down[at], y_);
    float v[kPixels];
#pragma unroll
    for (int c = 0; c < kChannels; ++c) sum[kMoments + c] = 0;
#pragma unroll
    for (int k = 0; k < kPixels; ++k) {
      const float raw = ex2(row.at(x_ + static_cast<float>(k)));
      const float alpha = place < limits_[k] ? task_.rule.alpha<kFade>(raw) : 0.0f;
      rest_[k] *= rcp(1.0f - alpha);
      const float weight = alpha * rest_[k];
      // What this splat shows more than what is behind it.
      const float more = minus_plus_dot(behind_[k], values, gradients_[k]);
      behind_[k] = fmaf(alpha, more, behind_[k]);
#pragma unroll
      for (int c = 0; c < kChannels; ++c)
        sum[kMoments + c] = fmaf(weight, gradients_[k][c], sum[kMoments + c]);
      if constexpr (kFade) {
        v[k] = alpha > 0 ? task_.rule.slope<true>(raw) * rest_[k] * more : 0.0f;
      } else {
        v[k] = raw <= task_.rule.high ? weight * more : 0.0f;
      }
    }
    moments(x_ - line.x, row.dy, v, sum);
  }

  // (dx, dy): from the splat to the lane's first pixel. Along the row by whole steps first.
  DIO_DEVICE static void moments(float dx, float dy, const float (&v)[kPixels],
                                 float (&sum)[Shape::kValues]) {
    float all = v[0], step = 0, square = 0;
#pragma unroll
    for (int k = 1; k < kPixels; ++k) {
      all += v[k];
      step = fmaf(static_cast<float>(k), v[k], step);
      square = fmaf(static_cast<float>(k * k), v[k], square);
    }
    const float along = fmaf(dx, all, step);
    sum[0] = all;
    sum[1] = along;
    sum[2] = all * dy;
    sum[3] = fmaf(dx, along + step, square);
    sum[4] = along * dy;
    sum[5] = sum[2] * dy;
  }

  const BackwardTask& task_;
  Shared& shared_;
  DeviceTile tile_;
  int subtile_, lane_;
  uint32_t begin_;  // in the list
  int count_;       // splats
  int64_t state_;
  float x_, y_;  // of the lane's first pixel, from the tile's centre
  int most_;     // largest limit of the sub-tile's pixels
  Pack<float, kPixels> rest_, behind_;
  Pack<uint8_t, kPixels> limits_;
  float gradients_[kPixels][kChannels];
};

template <int kChannels, bool kFade>
__global__ void __launch_bounds__(PlayShape<kChannels>::kThreads)
    play_buckets(const __grid_constant__ BackwardTask task) {
  DIO_SHARED(PlayShared<kChannels>, shared);
  // The host may know no more than a bound of how many buckets there are.
  if (task.wave_begin + blockIdx.x >= task.first_bucket(task.view.tiles_x * task.view.tiles_y)) return;
  const int owner = task.states.owners[blockIdx.x];
  if (owner == kNobody) return;
  const bool live = owner >= 0;
  BucketPlayer<kChannels> player(task, shared, live ? owner : ended_tile(owner),
                                 task.wave_begin + blockIdx.x);
  player.bring_splats(live);
  if (live) {
    player.read_pixels();
    __syncthreads();
    player.make_lists();
    __syncthreads();
    player.template play<kFade>();
  }
  __syncthreads();
  player.write();
}

}  // namespace diorama::cuda

#pragma once

// Rasterization backwards, first kernel: a block a tile, laid out as in drawing. Forward through the list as
// drawing went, then from bucket to bucket back: what is behind a bucket's first splat is what the bucket
// itself shows, and through it what is behind the bucket.

#include "raster_backward_cuda.cuh"

namespace diorama::cuda {

template <int kChannels>
struct RecordedPixel {
  float rest;      // as in drawing: its sign marks the end
  float shown;     // by the current bucket, in units of 1
  uint32_t ended;  // how many splats of the list come before the end
  float gradients[kChannels];

  template <int kValues>
  DIO_DEVICE void add(float alpha, float stop, uint32_t place, const float (&values)[kValues]) {
    const float after = fmaf(-alpha, rest, rest), negative = -fabsf(rest), share = alpha * rest;
    const bool drawn = after > stop, ends = !drawn && rest > 0;
    const float weight = drawn ? share : 0.0f;
    ended = ends ? place : ended;
    rest = drawn ? after : negative;
    shown = fmaf(weight, minus_plus_dot(0.0f, values, gradients), shown);
  }
};

template <int kChannels>
class TileRecorder {
 public:
  static constexpr int kBucketWords = kBucket / 32;
  static_assert(kBucket % 32 == 0 && kBatch % kBucket == 0, "buckets are words of a batch");

  DIO_DEVICE TileRecorder(const BackwardTask& task, int tile)
      : task_(task),
        tile_(task.view, tile),
        run_(task.view, tile_, threadIdx.x / 32, threadIdx.x % 32),
        first_slot_(task.first_bucket(tile)),
        list_begin_(task.tile_starts[tile]) {
    const uint32_t length = task.tile_starts[tile + 1] - list_begin_;
    buckets_ = (length + kBucket - 1) / kBucket;
    first_ = task.wave_begin > first_slot_ ? task.wave_begin - first_slot_ : 0;
    last_ = task.wave_end - first_slot_ < buckets_ ? task.wave_end - first_slot_ : buckets_;
    list_end_ = list_begin_ + (last_ * kBucket < length ? last_ * kBucket : length);
  }

  // Whether the wave has a bucket of the tile.
  DIO_DEVICE bool has_work() const { return first_ < last_; }

  template <bool kFade>
  DIO_DEVICE void record(WalkBatch<kChannels>& batch) {
    const float stop = task_.view.transmittance_stop;
#pragma unroll
    for (int k = 0; k < kWalkPixels; ++k) {
      const bool inside = k < run_.inside;
      pixels_[k].rest = inside ? 1.0f : -1.0f;
      pixels_[k].ended = inside ? 0xFFFFFFFFu : 0;
      if (inside) {
        task_.read(run_.first + k, pixels_[k].gradients);
      } else {
#pragma unroll
        for (int c = 0; c < kChannels; ++c) pixels_[k].gradients[c] = 0;
      }
      rest_at_first_[k] = 1;
    }
    const int subtile = threadIdx.x / 32;
    BatchLoader loader(task_.view, task_.list, task_.attributes.splats, tile_, list_begin_, list_end_);
    bool alive = true;
    uint32_t bucket = 0;
    for (uint32_t base = list_begin_; base < list_end_; base += kBatch) {
      if (__syncthreads_and(!alive)) break;
      loader.store(batch, task_.attributes, task_.pass);
      __syncthreads();
      if (base + kBatch < list_end_) loader.fetch();
#pragma unroll 1
      for (int word = 0; word < kBatchWords; ++word) {
        if (word % kBucketWords == 0) start(bucket);
        uint32_t met = alive ? batch.met[subtile][word] : 0;
        const uint32_t place = base - list_begin_ + 32 * word;
        while (met != 0) {
          const int bit = __ffs(static_cast<int>(met)) - 1, at = 32 * word + bit;
          met &= met - 1;
          const SplatLine line = batch.line[at];
          const SplatDown down = batch.down[at];
          float values[4 * BatchAttributes<kChannels, kBatch>::kQuads];
          batch.attributes.load(at, values);
          const RowExponent row(line, down, run_.y);
#pragma unroll
          for (int k = 0; k < kWalkPixels; ++k) {
            const float raw = ex2(row.at(run_.x + static_cast<float>(k)));
            pixels_[k].add(task_.rule.alpha<kFade>(raw), stop, place + bit, values);
          }
        }
        if (word % kBucketWords == kBucketWords - 1) {
          if (bucket >= first_ && bucket < last_) store(bucket);
          ++bucket;
        }
        alive = alive && __any_sync(kFullWarp, pixels_[0].rest > 0 || pixels_[1].rest > 0);
      }
    }
    live_ = bucket < last_ ? bucket : last_;
  }

  // After record.
  DIO_DEVICE void go_back() const {
    float behind[kWalkPixels];
    const int64_t own = int64_t{kWalkPixels} * threadIdx.x;
#pragma unroll
    for (int k = 0; k < kWalkPixels; ++k) {
      // A tile that a later wave has begun with goes on from there.
      behind[k] = last_ < buckets_  ? task_.carry_in[own + k]
                  : k < run_.inside ? task_.end(run_.first + k)
                                    : 0;
    }
    for (uint32_t bucket = live_; bucket > first_; --bucket) {
      const int64_t at = state(bucket - 1) + own;
      const Pack<float, kWalkPixels> rest = load_pack<kWalkPixels>(task_.states.rest + at);
      const Pack<float, kWalkPixels> shown = load_pack<kWalkPixels>(task_.states.behind + at);
      Pack<float, kWalkPixels> left;
#pragma unroll
      for (int k = 0; k < kWalkPixels; ++k) {
        left[k] = behind[k];
        const float before =
            bucket - 1 > first_ ? task_.states.rest[at + k - kTilePixels] : rest_at_first_[k];
        // What shows through less than the smallest normal number counts for nothing.
        behind[k] = fmaf(rest[k], behind[k], shown[k]) * rcp(fmaxf(before, 0x1p-126f));
      }
      store_pack<kWalkPixels>(task_.states.behind + at, left);
    }
    if (first_ == 0) return;
#pragma unroll
    for (int k = 0; k < kWalkPixels; ++k) task_.carry_out[own + k] = behind[k];
  }

  // Says whose the wave's buckets are, up to where the next tile's begin.
  DIO_DEVICE void claim(int tile, bool recorded) const {
    const uint32_t next = task_.first_bucket(tile + 1);
    const uint32_t begin = first_slot_ < task_.wave_begin ? task_.wave_begin : first_slot_;
    const uint32_t end = next < task_.wave_end ? next : task_.wave_end;
    for (uint32_t slot = begin + threadIdx.x; slot < end; slot += kWalkThreads) {
      const uint32_t bucket = slot - first_slot_;
      const int owner = bucket >= buckets_ ? kNobody : recorded && bucket < live_ ? tile : ended_tile(tile);
      task_.states.owners[slot - task_.wave_begin] = owner;
    }
  }

 private:
  DIO_DEVICE int64_t state(uint32_t bucket) const {
    return static_cast<int64_t>(first_slot_ + bucket - task_.wave_begin) * kTilePixels;
  }
  DIO_DEVICE void start(uint32_t bucket) {
#pragma unroll
    for (int k = 0; k < kWalkPixels; ++k) {
      pixels_[k].shown = 0;
      if (bucket == first_) rest_at_first_[k] = fabsf(pixels_[k].rest);
    }
  }
  DIO_DEVICE void store(uint32_t bucket) const {
    Pack<float, kWalkPixels> rest, shown;
    Pack<uint8_t, kWalkPixels> limits;
    const uint32_t first = bucket * kBucket;
#pragma unroll
    for (int k = 0; k < kWalkPixels; ++k) {
      rest[k] = fabsf(pixels_[k].rest);
      shown[k] = pixels_[k].shown;
      const uint32_t ended = pixels_[k].ended < first ? 0 : pixels_[k].ended - first;
      limits[k] = static_cast<uint8_t>(ended < kBucket ? ended : kBucket);
    }
    const int64_t at = state(bucket) + int64_t{kWalkPixels} * threadIdx.x;
    store_pack<kWalkPixels>(task_.states.rest + at, rest);
    store_pack<kWalkPixels>(task_.states.behind + at, shown);
    store_pack<kWalkPixels>(task_.states.limits + at, limits);
  }

  const BackwardTask& task_;
  DeviceTile tile_;
  PixelRun<kWalkPixels> run_;
  uint32_t first_slot_, list_begin_, list_end_;
  uint32_t buckets_;       // of the tile
  uint32_t first_, last_;  // those of the tile's buckets that the wave has
  uint32_t live_ = 0;      // buckets from here on find all pixels ended
  RecordedPixel<kChannels> pixels_[kWalkPixels];
  float rest_at_first_[kWalkPixels];
};

template <int kChannels, bool kFade>
__global__ void __launch_bounds__(kWalkThreads) record_buckets(const __grid_constant__ BackwardTask task) {
  DIO_SHARED(WalkBatch<kChannels>, batch);
  const int tile = static_cast<int>(blockIdx.x);
  if (task.first_bucket(tile) >= task.wave_end || task.first_bucket(tile + 1) <= task.wave_begin) return;
  TileRecorder<kChannels> recorder(task, tile);
  if (recorder.has_work()) {
    recorder.template record<kFade>(batch);
    recorder.go_back();
  }
  recorder.claim(tile, recorder.has_work());
}

}  // namespace diorama::cuda

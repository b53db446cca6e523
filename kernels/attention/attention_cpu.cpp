// Attention without its matrix of scores (Dao et al. 2022): panels of queries walk over blocks of keys, keep
// a running sum of weights and of weighted values, and divide at the end. README.md tells what bought what.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/attention/attention_cpu.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "kernels/attention/attention.h"
#include "kernels/attention/attention_tiles.h"
#include "kernels/attention/pack-inl.h"
#include "kernels/attention/panel-inl.h"
#include "kernels/attention/register.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {
namespace {

// What a thread needs for one panel of queries at a time.
struct PanelState {
  float* q;               // [D][width]
  float* output;          // [D][width]
  float* sum;             // [width]: of the weights
  float* reference;       // [width]: what is subtracted from scores
  float* true_reference;  // [width]: the same, -inf while no score was finite
  int64_t from, count, vectors;
};

class Attention {
 public:
  Attention(Context& context, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor* bias,
            const Tensor* key_lengths, float scale, const Tensor& out)
      : shape_(q, k, bias, key_lengths, scale), q_(q), k_(k), v_(v), out_(out) {
    const int64_t size = shape_.head_size;
    width_ = kMaxVectors * lanes();
    block_keys_ = keys_in_block(size, kRows > kGroup);
    key_floats_ = round_up(block_keys_, kRows) * size;
    value_floats_ = block_keys_ * round_up(size, kRows);
    blocks_ = (shape_.keys + block_keys_ - 1) / block_keys_;
    panels_ = (shape_.queries + width_ - 1) / width_;

    const int64_t heads = shape_.batches * shape_.heads;
    const double work = static_cast<double>(heads * shape_.queries) * static_cast<double>(shape_.keys * size);
    threads_ =
        static_cast<int>(std::clamp(work / kWorkOfThread, 1.0, static_cast<double>(context.threads())));
    const int64_t head_bytes = blocks_ * (key_floats_ + value_floats_) * 4;
    heads_at_once_ = std::clamp<int64_t>(kPackedBytes * threads_ / head_bytes, 1, heads);
    const int64_t panels = heads_at_once_ * panels_;
    panels_at_once_ = std::clamp<int64_t>(panels / (kTilesOfThread * threads_), 1, kMaxPanels);

    packed_ = context.scratch_array<float>(
        static_cast<std::size_t>(heads_at_once_ * blocks_ * (key_floats_ + value_floats_)));
    thread_floats_ = panels_at_once_ * panel_floats() + (bias ? 2 : 1) * block_keys_ * width_ + 2 * width_ +
                     round_up(2 * kGroup * size, 16);
    workspace_ = context.scratch_array<float>(static_cast<std::size_t>(threads_ * thread_floats_));
  }

  void run() {
    const int64_t heads = shape_.batches * shape_.heads;
    const int64_t tiles = (panels_ + panels_at_once_ - 1) / panels_at_once_;
#pragma omp parallel num_threads(threads_)
    {
      float* workspace = workspace_ + omp_get_thread_num() * thread_floats_;
      for (int64_t first = 0; first < heads; first += heads_at_once_) {
        const int64_t count = std::min(heads_at_once_, heads - first);
        if (omp_get_thread_num() == 0) next_tile_ = 0;
#pragma omp for schedule(static)
        for (int64_t i = 0; i < count * blocks_; ++i)
          pack_block(first + i / blocks_, i / blocks_, i % blocks_, workspace);
        attend_tiles(first, count * tiles, tiles, workspace);
#pragma omp barrier
      }
    }
  }

 private:
  // Panels [first, first + count) of a head, whose keys are packed in a slot.
  struct Tile {
    int64_t head, slot, first, count;
  };

  // Any thread may take any tile: a query's result depends on no other query. A thread takes the next one
  // before it begins, so that its queries can be fetched, but not the last ones, which others may be free
  // for.
  void attend_tiles(int64_t first_head, int64_t all, int64_t tiles, float* workspace) {
    const auto tile = [&](int64_t i) {
      const int64_t panel = i % tiles * panels_at_once_;
      return Tile{first_head + i / tiles, i / tiles, panel, std::min(panels_at_once_, panels_ - panel)};
    };
    const int64_t dealt_early = all - 2 * threads_;
    int64_t mine = next_tile_++;
    bool fetched = false;
    while (mine < all) {
      const bool early = next_tile_ < dealt_early;
      const int64_t next = early ? next_tile_++ : all;
      const Tile following = tile(std::min(next, all - 1));
      attend(tile(mine), fetched, next < all ? &following : nullptr, workspace);
      fetched = next < all;
      mine = early ? next : next_tile_++;
    }
  }

  static constexpr double kWorkOfThread = 2e5;
  static constexpr int64_t kTilesOfThread = 8;

  int64_t panel_floats() const { return (shape_.head_size + round_up(shape_.head_size, kRows) + 3) * width_; }
  float* keys_of(int64_t slot, int64_t block) const {
    return packed_ + (slot * blocks_ + block) * (key_floats_ + value_floats_);
  }

  void pack_block(int64_t head, int64_t slot, int64_t block, float* buffer) const {
    const int64_t b = head / shape_.heads, h = head % shape_.heads;
    const int64_t from = block * block_keys_, to = std::min(from + block_keys_, shape_.key_count(b));
    if (from >= to) return;
    float* keys = keys_of(slot, block);
    pack_keys(k_, b, h, from, to, buffer, keys);
    pack_values(v_, b, h, from, to, block_keys_, buffer, keys + key_floats_);
  }

  // A tile against all keys of its head, block by block. fetched: its queries are in a cache. next: null, or
  // whose queries are to be fetched.
  void attend(const Tile& tile, bool fetched, const Tile* next, float* workspace) const {
    const int64_t first = tile.first, count = tile.count, slot = tile.slot;
    const int64_t b = tile.head / shape_.heads, h = tile.head % shape_.heads;
    const int64_t size = shape_.head_size, padded = round_up(size, kRows);
    PanelState panels[kMaxPanels];
    float* scores = workspace + count * panel_floats();
    float* bias = shape_.bias ? scores + block_keys_ * width_ : nullptr;
    float* statistics = scores + (bias ? 2 : 1) * block_keys_ * width_;
    float* buffer = statistics + 2 * width_;
    const auto fetch_now = [&](int64_t p) {
      if (fetched || p >= count) return;
      RowFetch rows = panel_rows(q_, tile, p);
      rows.fetch(rows.rows);
    };
    fetch_now(0);
    for (int64_t p = 0; p < count; ++p) {
      fetch_now(p + 1);
      PanelState& panel = panels[p];
      panel.q = workspace + p * panel_floats();
      panel.output = panel.q + size * width_;
      panel.sum = panel.output + padded * width_;
      panel.reference = panel.sum + width_;
      panel.true_reference = panel.reference + width_;
      panel.from = (first + p) * width_;
      panel.count = std::min(width_, shape_.queries - panel.from);
      panel.vectors = (panel.count + lanes() - 1) / lanes();
      std::memset(panel.sum, 0, static_cast<std::size_t>(3 * width_) * sizeof(float));
      const float factor = static_cast<float>(shape_.scale * 1.4426950408889634);
      pack_queries(q_, b, h, panel.from, panel.count, panel.vectors * lanes(), factor, buffer, panel.q);
    }
    const int64_t key_count = shape_.key_count(b);
    for (int64_t key = 0; key < key_count; key += block_keys_) {
      float* keys = keys_of(slot, key / block_keys_);
      const KeyBlock block = {keys, keys + key_floats_, block_keys_, std::min(block_keys_, key_count - key)};
      for (int64_t p = 0; p < count; ++p) {
        RowFetch fetches[2];
        if (key + block_keys_ >= key_count) {
          fetches[0] = panel_rows(out_, tile, p);
          if (next && p < next->count) fetches[1] = panel_rows(q_, *next, p);
        }
        if (bias) {
          pack_bias(shape_, b, h, panels[p].from, panels[p].count, panels[p].vectors * lanes(), key,
                    block.keys, bias);
        }
        switch (panels[p].vectors) {
          case 1:
            attend_block<1>(panels[p], block, key == 0, bias, fetches, statistics, scores);
            break;
          case 2:
            attend_block<2>(panels[p], block, key == 0, bias, fetches, statistics, scores);
            break;
          default:
            attend_block<3>(panels[p], block, key == 0, bias, fetches, statistics, scores);
        }
      }
    }
    for (int64_t p = 0; p < count; ++p) {
      const PanelState& panel = panels[p];
      unpack_output(panel.output, panel.sum, panel.vectors * lanes(), out_, b, h, panel.from, panel.count,
                    panel.q);
    }
  }

  RowFetch panel_rows(const Tensor& t, const Tile& tile, int64_t p) const {
    const int64_t from = (tile.first + p) * width_;
    return rows_to_fetch(t, tile.head / shape_.heads, tile.head % shape_.heads, from, from + width_);
  }

  template <int kVectors>
  void attend_block(const PanelState& panel, const KeyBlock& block, bool first, const float* bias,
                    RowFetch fetches[2], float* statistics, float* scores) const {
    const int64_t size = shape_.head_size, padded = round_up(size, kRows);
    float* largest = statistics;
    float* sum = statistics + width_;
    const auto weigh = [&] {
      weigh_block<kVectors>(block, panel.q, size, bias, panel.reference, fetches, largest, sum, scores);
    };
    weigh();
    if (move_reference<kVectors>(largest, padded, first, panel.true_reference, panel.reference, panel.sum,
                                 panel.output)) {
      weigh();
    }
    for (int64_t lane = 0; lane < kVectors * lanes(); ++lane) panel.sum[lane] += sum[lane];
    add_values<kVectors>(block, scores, padded, first, panel.output);
  }

  AttentionShape shape_;
  const Tensor &q_, &k_, &v_, &out_;
  int64_t width_, block_keys_, key_floats_, value_floats_, blocks_, panels_;
  int64_t heads_at_once_, panels_at_once_, thread_floats_;
  int threads_;
  std::atomic<int64_t> next_tile_ = 0;
  float* packed_;
  float* workspace_;
};

void attention(Context& context, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor* bias,
               const Tensor* key_lengths, float scale, const Tensor& out) {
  Attention(context, q, k, v, bias, key_lengths, scale, out).run();
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace diorama {
namespace {

HWY_EXPORT(attention);

void attention_cpu(Context& context, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor* bias,
                   const Tensor* key_lengths, float scale, const Tensor& out) {
  HWY_DYNAMIC_DISPATCH(attention)(context, q, k, v, bias, key_lengths, scale, out);
}

}  // namespace

void add_attention_cpu(Operations& operations) { operations.attention = attention_cpu; }

}  // namespace diorama
#endif

// RMS norm over all heads of a token, rotation of neighbouring pairs and change of layout on CUDA devices, in
// one pass.
//
// Floor: x read once, out written once; cosines and sines are small and stay in the caches. A token lies in
// the registers of its team, a pack of it never spans two heads.
#include "kernels/cuda/launch.h"
#include "kernels/denoise/denoise_cuda.h"
#include "kernels/denoise/rows_cuda.cuh"

namespace diorama::cuda {
namespace {

// [batch, tokens, heads, size], each head dense.
struct Heads {
  void* data;
  int32_t dtype;
  int64_t batch_stride, token_stride, head_stride;

  explicit Heads(const Tensor& t)
      : data(t.data),
        dtype(t.dtype),
        batch_stride(t.strides[0]),
        token_stride(t.strides[1]),
        head_stride(t.strides[2]) {}
  DIO_DEVICE int64_t token(int64_t b, int64_t s) const { return b * batch_stride + s * token_stride; }
  bool in_packs_of(int pack) const {
    const int64_t bytes = pack * element_size(dtype);
    const auto aligned = [&](int64_t stride) { return stride * element_size(dtype) % bytes == 0; };
    return reinterpret_cast<std::uintptr_t>(data) % static_cast<std::uintptr_t>(bytes) == 0 &&
           aligned(batch_stride) && aligned(token_stride) && aligned(head_stride);
  }
};

struct RopeTask {
  Heads x, out;
  AnyFloats weight;
  AnyRows cosine, sine;  // f32 [tokens, size / 2], or none
  int rows, tokens, channels, size;
  float eps;
  int row_threads;
};

// What one thread holds of a token: as a RowPart, with the head and the place in it of each pack.
template <int kPacks, int kPack>
struct TokenPart : RowPart<kPacks, kPack> {
  int heads[kPacks], places[kPacks];

  DIO_DEVICE TokenPart(const Team& team, int channels, int size) : RowPart<kPacks, kPack>(team, channels) {
    const int step = team.threads * kPack, step_heads = step / size, step_rest = step % size;
    heads[0] = team.rank * kPack / size;
    places[0] = team.rank * kPack % size;
#pragma unroll
    for (int i = 1; i < kPacks; ++i) {
      places[i] = places[i - 1] + step_rest;
      heads[i] = heads[i - 1] + step_heads;
      if (places[i] >= size) {
        places[i] -= size;
        ++heads[i];
      }
    }
  }
  DIO_DEVICE bool has(int i) const { return this->first + i * this->step < this->packs; }
};

template <typename R, typename T>
__global__ void __launch_bounds__(RowTeams::kMaxThreads, sizeof(R) == 4 ? 1 : 2)
    rope_in_registers(RopeTask task) {
  constexpr int kPack = kCommonPack<R, T>, kPacks = RowTeams::kElements / kPack;
  DIO_SHARED(TeamSums, sums);
  const Team team(task.row_threads);
  const int m = static_cast<int>(team.row());
  if (m >= task.rows) return;
  const int b = m / task.tokens, s = m - b * task.tokens;
  TokenPart<kPacks, kPack> row(team, task.channels, task.size);
  const R* x = static_cast<const R*>(task.x.data) + task.x.token(b, s);
  float squares = 0;
#pragma unroll
  for (int i = 0; i < kPacks; ++i) {
    Pack<R, kPack> loaded = {};
    if (row.has(i)) loaded = load_pack<kPack>(x + row.heads[i] * task.x.head_stride + row.places[i]);
#pragma unroll
    for (int j = 0; j < kPack; ++j) row.values[i][j] = to_float(loaded[j]);
  }
#pragma unroll
  for (int i = 0; i < kPacks; ++i) {
#pragma unroll
    for (int j = 0; j < kPack; ++j) squares = fmaf(row.values[i][j], row.values[i][j], squares);
  }
  const float mean = team_sum(squares, team, sums.totals) / static_cast<float>(task.channels);
  const float inverse = 1.0f / sqrtf(mean + task.eps);
#pragma unroll
  for (int i = 0; i < kPacks; ++i) {
#pragma unroll
    for (int j = 0; j < kPack; ++j) row.values[i][j] *= inverse;
  }
  if (task.weight) row.apply(task.weight, [](float v, float weight) { return v * weight; });
  if (task.cosine.data) {
    const float* cosine = task.cosine.row<const float>(s);
    const float* sine = task.sine.row<const float>(s);
#pragma unroll
    for (int i = 0; i < kPacks; ++i) {
      if (!row.has(i)) continue;
      float cosines[kPack / 2], sines[kPack / 2];
      load_parameters(cosine + row.places[i] / 2, cosines);
      load_parameters(sine + row.places[i] / 2, sines);
#pragma unroll
      for (int j = 0; j < kPack / 2; ++j) {
        const float first = row.values[i][2 * j], second = row.values[i][2 * j + 1];
        row.values[i][2 * j] = first * cosines[j] - second * sines[j];
        row.values[i][2 * j + 1] = first * sines[j] + second * cosines[j];
      }
    }
  }
  T* out = static_cast<T*>(task.out.data) + task.out.token(b, s);
#pragma unroll
  for (int i = 0; i < kPacks; ++i) {
    if (!row.has(i)) continue;
    Pack<T, kPack> pack;
#pragma unroll
    for (int j = 0; j < kPack; ++j) pack[j] = from_float<T>(row.values[i][j]);
    store_pack(out + row.heads[i] * task.out.head_stride + row.places[i], pack);
  }
}

constexpr int kAnyThreads = 128;

// Any dtypes and sizes: a block for each token. A thread takes the same pairs of elements in both passes, as
// out may be x.
__global__ void __launch_bounds__(kAnyThreads) rope_any(RopeTask task) {
  DIO_SHARED(TeamSums, sums);
  const Team team(kAnyThreads);
  const int m = static_cast<int>(blockIdx.x);
  const int b = m / task.tokens, s = m - b * task.tokens;
  const AnyFloats x = AnyFloats(task.x.data, task.x.dtype);
  const int64_t x_token = task.x.token(b, s), out_token = task.out.token(b, s);
  const auto place = [&](const Heads& heads, int64_t token, int c) {
    return token + c / task.size * heads.head_stride + c % task.size;
  };
  const auto store = [&](int c, float value) {
    AnyRows(task.out.data, task.out.dtype).store(0, place(task.out, out_token, c), value);
  };
  float squares = 0;
  for (int c = 2 * static_cast<int>(threadIdx.x); c < task.channels; c += 2 * kAnyThreads) {
    const float first = x[place(task.x, x_token, c)];
    const float second = c + 1 < task.channels ? x[place(task.x, x_token, c + 1)] : 0.0f;
    squares = fmaf(first, first, fmaf(second, second, squares));
  }
  const float mean = team_sum(squares, team, sums.totals) / static_cast<float>(task.channels);
  const float inverse = 1.0f / sqrtf(mean + task.eps);
  for (int c = 2 * static_cast<int>(threadIdx.x); c < task.channels; c += 2 * kAnyThreads) {
    const bool paired = c + 1 < task.channels;
    float first = x[place(task.x, x_token, c)] * inverse;
    float second = paired ? x[place(task.x, x_token, c + 1)] * inverse : 0.0f;
    if (task.weight) {
      first *= task.weight[c];
      if (paired) second *= task.weight[c + 1];
    }
    if (task.cosine.data) {  // an even head size: both elements are of one head
      const float cosine = task.cosine.load(s, c % task.size / 2),
                  sine = task.sine.load(s, c % task.size / 2);
      const float before = first;
      first = before * cosine - second * sine;
      second = before * sine + second * cosine;
    }
    store(c, first);
    if (paired) store(c + 1, second);
  }
}

bool in_packs(const RopeTask& task, int pack) {
  return task.size % pack == 0 && task.x.in_packs_of(pack) && task.out.in_packs_of(pack) &&
         in_packs_of(pack, task.weight) && task.cosine.in_packs_of(pack / 2) &&
         task.sine.in_packs_of(pack / 2);
}

}  // namespace

void qk_norm_rope_cuda(Context& context, const Tensor& x, const Tensor* weight, float eps,
                       const Tensor* cosine, const Tensor* sine, const Tensor& out) {
  const int64_t rows = x.shape[0] * x.shape[1], channels = x.shape[2] * x.shape[3];
  if (rows > INT32_MAX || channels > INT32_MAX) {
    raise(DIO_STATUS_UNSUPPORTED, "qk_norm_rope: x has shape " + shape_text(x) +
                                      ", expected at most 2147483647 tokens and as many channels");
  }
  RopeTask task = {Heads(x),
                   Heads(out),
                   AnyFloats(weight),
                   AnyRows(cosine),
                   AnyRows(sine),
                   static_cast<int>(rows),
                   static_cast<int>(x.shape[1]),
                   static_cast<int>(channels),
                   static_cast<int>(x.shape[3]),
                   eps,
                   0};
  if (task.rows == 0 || task.channels == 0) return;
  bool done = false;
  with_common_types(x.dtype, out.dtype, [&](auto r, auto t) {
    using R = typename decltype(r)::type;
    using T = typename decltype(t)::type;
    if (!in_packs(task, kCommonPack<R, T>) || !RowTeams::hold(task.channels)) return;
    const RowTeams teams(task.channels);
    task.row_threads = teams.row_threads;
    launch(context, "qk_norm_rope", rope_in_registers<R, T>,
           {blocks_for(task.rows, teams.rows_per_block), teams.threads(), sizeof(TeamSums)}, task);
    done = true;
  });
  if (done) return;
  launch(context, "qk_norm_rope", rope_any, {static_cast<unsigned>(task.rows), kAnyThreads, sizeof(TeamSums)},
         task);
}

}  // namespace diorama::cuda

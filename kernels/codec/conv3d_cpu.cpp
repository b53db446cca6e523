// SIMD and threads: an implicit product, or Winograd's fewer multiplications where they pay. No patch matrix
// is built; the microkernel reads x through pointers, one for each pixel and tap, so that padding, carried
// frames and enlarging cost nothing in the inner loop.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/codec/conv3d_cpu.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <omp.h>

#include "kernels/codec/conv3d.h"
#include "kernels/codec/video_rows.h"
#include "kernels/codec/winograd-inl.h"
#include "kernels/common/parallel.h"
#include "kernels/linear/dot-inl.h"
#include "kernels/linear/gemm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {
namespace product {
namespace {

// Up to here, tiles of dot products waste less than tiles of whole vectors of columns.
constexpr int64_t kFewColumns = 12;
// Below, a row of taps is made contiguous and read as one.
constexpr int64_t kFewChannels = 16;
// Pixels in a tile of dot products, and in the block whose sums are finished together.
constexpr int64_t kDotRows = 4, kDotBlock = 64;

// The microkernel's view of a thread's rows.
struct GatheredRows {
  const VideoRows& video;
  int64_t video_rows;      // of the whole output
  const float** pointers;  // [kBlockRows / kTileRows, taps, kTileRows]
  int64_t taps_per_step;
  int64_t channels_per_step;
  int64_t taps = 0;
  int64_t tap_length = 0;

  int64_t length(int64_t k) const {
    if (channels_per_step < video.channels)
      return std::min(channels_per_step, video.channels - k % video.channels);
    return std::min(taps_per_step * video.channels, video.depth() - k);
  }
  void open_block(int64_t row, int64_t rows, int64_t k, int64_t length) {
    tap_length = std::min(length, video.channels);
    taps = length / tap_length;
    const int64_t true_rows = std::min(rows, video_rows - row);
    video.gather(row, true_rows, kTileRows, k / video.channels, taps, k % video.channels, pointers);
  }
  void tile(int64_t index, const float* w, int64_t, bool first, float* c, int64_t ldc) const {
    gathered_tile(pointers + index * taps * kTileRows, taps, w, tap_length, first, c, ldc);
  }
};

void multiply_tiles(Context& context, const VideoRows& video, int64_t rows, const Weights& w,
                    const Epilogue& epilogue) {
  int64_t taps_per_step = std::max<int64_t>(kDepth / video.channels, 1);
  taps_per_step = tiles(video.taps(), tiles(video.taps(), taps_per_step));
  const int64_t channels_per_step = tiles(video.channels, tiles(video.channels, kDepth));
  const int64_t row_tiles = tiles(rows, kTileRows), column_tiles = tiles(w.rows, kTileColumns);
  const int threads = useful_threads(context.threads(), rows, w.rows, w.depth);
  const double packing = 32.0 / kTileRows * static_cast<double>(tiles(rows, kSuperRows * threads));
  const ThreadGrid grid = choose_grid(threads, row_tiles, column_tiles, packing, 0.25);
  const int tasks = grid.rows * grid.columns;
  const int64_t weight_floats = Workspace::weight_floats(taps_per_step * channels_per_step);
  const int64_t sum_floats = Workspace::sum_floats(rows);
  const int64_t pointer_count = tiles(kBlockRows, kTileRows) * kTileRows * taps_per_step;
  float* own = context.scratch_array<float>(static_cast<std::size_t>(tasks * (weight_floats + sum_floats)));
  const float** pointers =
      context.scratch_array<const float*>(static_cast<std::size_t>(tasks * pointer_count));
#pragma omp parallel num_threads(tasks)
  for (int64_t task = omp_get_thread_num(); task < tasks; task += omp_get_num_threads()) {
    const Range m = part_of(row_tiles, task / grid.columns, grid.rows);
    const Range n = part_of(column_tiles, task % grid.columns, grid.columns);
    float* memory = own + task * (weight_floats + sum_floats);
    GatheredRows source{video, rows, pointers + task * pointer_count, taps_per_step, channels_per_step};
    multiply(source, w, {m.begin * kTileRows, m.end * kTileRows}, rows,
             {n.begin * kTileColumns, n.end * kTileColumns}, 0, epilogue, {memory, memory + weight_floats});
  }
}

// A block's sums for all columns.
void dot_block(const VideoRows& video, const float* const* pointers, int64_t rows, const float* w,
               int64_t columns, float* sums) {
  const int64_t taps = video.taps(), depth = video.depth();
  for (int64_t i = 0; i < rows; i += kDotRows) {
    const float* const* x = pointers + i * taps;
    float* c = sums + i * kFewColumns;
    int64_t n = 0;
    for (; n + 3 <= columns; n += 3) {
      const float* const row[3] = {w + n * depth, w + (n + 1) * depth, w + (n + 2) * depth};
      dot_tile<kDotRows, 3>(x, row, taps, video.channels, c + n, kFewColumns);
    }
    for (; n < columns; ++n) {
      const float* const row[1] = {w + n * depth};
      dot_tile<kDotRows, 1>(x, row, taps, video.channels, c + n, kFewColumns);
    }
  }
}

void multiply_few_columns(Context& context, const VideoRows& video, int64_t rows, const Weights& w,
                          const Epilogue& epilogue) {
  const int64_t depth = video.depth(), taps = video.taps();
  float* weights = context.scratch_array<float>(static_cast<std::size_t>(w.rows * depth));
  for (int64_t n = 0; n < w.rows; ++n) {
    const char* row = static_cast<const char*>(w.data) + n * w.stride * element_size(w.dtype);
    widen(row, w.dtype, 1, depth, weights + n * depth);
  }
  const int64_t blocks = tiles(rows, kDotBlock);
  const int threads = useful_threads(context.threads(), rows, w.rows, w.depth);
  const int tasks = static_cast<int>(std::min<int64_t>(threads, blocks));
  float* sums = context.scratch_array<float>(static_cast<std::size_t>(tasks * kDotBlock * kFewColumns));
  const float** pointers =
      context.scratch_array<const float*>(static_cast<std::size_t>(tasks * kDotBlock * taps));
  const FinishRows finish = finisher(epilogue);
#pragma omp parallel num_threads(tasks)
  for (int64_t task = omp_get_thread_num(); task < tasks; task += omp_get_num_threads()) {
    const Range mine = part_of(blocks, task, tasks);
    float* c = sums + task * kDotBlock * kFewColumns;
    const float** x = pointers + task * kDotBlock * taps;
    for (int64_t m = mine.begin * kDotBlock; m < std::min(mine.end * kDotBlock, rows); m += kDotBlock) {
      const int64_t count = std::min(kDotBlock, rows - m);
      video.gather(m, count, kDotRows, 0, taps, 0, x);
      dot_block(video, x, count, weights, w.rows, c);
      finish(epilogue, m, count, 0, w.rows, c, kFewColumns);
    }
  }
}

// x (or carry) as f32 [B, T, H, W, C]: itself, or a dense copy when it has another dtype.
Tensor as_floats(Context& context, const Tensor& x) {
  if (x.dtype == DIO_F32) return x;
  const int64_t channels = x.shape[4], pixels = element_count(x) / std::max<int64_t>(channels, 1);
  float* to = context.scratch_array<float>(static_cast<std::size_t>(element_count(x)));
  parallel_ranges(context.threads(), pixels, 1024, [&](int64_t begin, int64_t end, int) HWY_ATTR {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t column = i % x.shape[3], y = i / x.shape[3] % x.shape[2];
      const int64_t t = i / (x.shape[3] * x.shape[2]) % x.shape[1],
                    b = i / (x.shape[3] * x.shape[2] * x.shape[1]);
      const int64_t offset = b * x.strides[0] + t * x.strides[1] + y * x.strides[2] + column * x.strides[3];
      widen(static_cast<const uint16_t*>(x.data) + offset, x.dtype, 1, channels, to + i * channels);
    }
  });
  Tensor dense = x;
  dense.data = to;
  dense.dtype = DIO_F32;
  for (int64_t i = 4, stride = 1; i >= 0; stride *= dense.shape[i--]) dense.strides[i] = stride;
  return dense;
}

// Rewrites a video of few channels so that a row of taps is contiguous: enlarged and padded for good,
// kernel_w = 1 and kernel_w * channels channels.
VideoRows join_taps(Context& context, const VideoRows& video, int64_t frame_total) {
  const dio_conv3d_params& p = video.params;
  const int64_t height = video.height + p.pad_top + p.pad_bottom,
                width = video.width + p.pad_left + p.pad_right;
  const int64_t channels = video.channels, frame_size = height * width * channels;
  float* to = context.scratch_array<float>(static_cast<std::size_t>(frame_total * frame_size));
  VideoRows pixels = video;  // whose rows are the padded pixels themselves
  pixels.params.stride_t = pixels.params.stride_h = pixels.params.stride_w = 1;
  pixels.out_t = video.frame_count;
  pixels.out_h = height;
  pixels.out_w = width;
  parallel_ranges(context.threads(), frame_total * height * width, 4096,
                  [&](int64_t begin, int64_t end, int) {
                    VideoRows::Position position = pixels.position(begin);
                    for (int64_t i = begin; i < end; ++i, pixels.advance(position)) {
                      std::copy_n(pixels.pixel(position, 0, 0, 0, 0), channels, to + i * channels);
                    }
                  });
  Frame* frames = context.scratch_array<Frame>(static_cast<std::size_t>(frame_total));
  for (int64_t f = 0; f < frame_total; ++f) frames[f] = {to + f * frame_size, width * channels, channels};
  VideoRows joined = video;
  joined.frames = frames;
  joined.height = height;
  joined.width = width;
  joined.kernel_w = 1;
  joined.channels = video.kernel_w * channels;
  joined.params.pad_top = joined.params.pad_bottom = joined.params.pad_left = joined.params.pad_right = 0;
  joined.params.upsample = 1;
  return joined;
}

VideoRows describe(Context& context, const Tensor& input, const Tensor* carried, const Tensor& w,
                   const dio_conv3d_params& params, const Tensor& out) {
  const Tensor x = as_floats(context, input);
  const Tensor carry = carried ? as_floats(context, *carried) : x;
  VideoRows video;
  video.frame_count = params.frames_before + x.shape[1];
  const int64_t frame_total = x.shape[0] * video.frame_count;
  Frame* frames = context.scratch_array<Frame>(static_cast<std::size_t>(frame_total));
  const int64_t missing = params.frames_before - (carried ? carry.shape[1] : 0);
  for (int64_t i = 0; i < frame_total; ++i) {
    const int64_t b = i / video.frame_count, t = i % video.frame_count;
    if (t >= params.frames_before) {
      const int64_t offset = b * x.strides[0] + (t - params.frames_before) * x.strides[1];
      frames[i] = {data<float>(x) + offset, x.strides[2], x.strides[3]};
    } else if (t >= missing) {
      const int64_t offset = b * carry.strides[0] + (t - missing) * carry.strides[1];
      frames[i] = {data<float>(carry) + offset, carry.strides[2], carry.strides[3]};
    } else {
      frames[i] = {nullptr, 0, 0};
    }
  }
  video.frames = frames;
  video.height = x.shape[2] * params.upsample;
  video.width = x.shape[3] * params.upsample;
  video.channels = x.shape[4];
  video.kernel_t = w.shape[1];
  video.kernel_h = w.shape[2];
  video.kernel_w = w.shape[3];
  video.out_t = out.shape[1];
  video.out_h = out.shape[2];
  video.out_w = out.shape[3];
  video.params = params;
  float* zeros = context.scratch_array<float>(static_cast<std::size_t>(video.channels));
  std::fill_n(zeros, video.channels, 0.0f);
  video.zeros = zeros;
  return video.channels < kFewChannels && video.kernel_w > 1 ? join_taps(context, video, frame_total) : video;
}

// t with every row dense; a copy where it is not.
template <typename T>
const void* dense_copy(Context& context, const Tensor& t) {
  T* to = context.scratch_array<T>(static_cast<std::size_t>(element_count(t)));
  const int64_t run = t.shape[4];
  for (int64_t i = 0; i < element_count(t) / run; ++i) {
    int64_t rest = i, offset = 0;
    for (int axis = 3; axis >= 0; rest /= t.shape[axis--]) offset += rest % t.shape[axis] * t.strides[axis];
    std::copy_n(data<T>(t) + offset, run, to + i * run);
  }
  return to;
}

const void* dense(Context& context, const Tensor& t) {
  if (is_contiguous(t)) return t.data;
  return t.dtype == DIO_F32 ? dense_copy<float>(context, t) : dense_copy<uint16_t>(context, t);
}

void convolve(Context& context, const Tensor& x, const Tensor* carry, const Tensor& w, const Tensor* bias,
              const Tensor* residual, const dio_conv3d_params& params, const Tensor& out) {
  const int64_t columns = w.shape[0], rows = element_count(out) / std::max<int64_t>(columns, 1);
  if (element_count(out) == 0) return;
  const VideoRows video = describe(context, x, carry, w, params, out);
  Epilogue epilogue;
  if (bias) {
    float* offsets = context.scratch_array<float>(static_cast<std::size_t>(columns));
    widen(bias->data, bias->dtype, bias->strides[0], columns, offsets);
    epilogue.bias = offsets;
  }
  if (residual) {
    epilogue.residual = dense(context, *residual);
    epilogue.residual_stride = columns;
  }
  epilogue.out = out.data;
  epilogue.out_stride = columns;
  epilogue.dtype = out.dtype;
  const Weights weights{dense(context, w), w.dtype, video.depth(), columns, video.depth()};
  if (columns <= kFewColumns) {
    multiply_few_columns(context, video, rows, weights, epilogue);
  } else if (winograd::pays(video, rows, columns)) {
    winograd::convolve(context, video, rows, weights, epilogue);
  } else {
    multiply_tiles(context, video, rows, weights, epilogue);
  }
}

}  // namespace
}  // namespace product

void conv3d(Context& context, const Tensor& x, const Tensor* carry, const Tensor& w, const Tensor* bias,
            const Tensor* residual, const dio_conv3d_params& params, const Tensor& out) {
  product::convolve(context, x, carry, w, bias, residual, params, out);
}

}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace diorama {

HWY_EXPORT(conv3d);

void conv3d_cpu(Context& context, const Tensor& x, const Tensor* carry, const Tensor& w, const Tensor* bias,
                const Tensor* residual, const dio_conv3d_params& params, const Tensor& out) {
  HWY_DYNAMIC_DISPATCH(conv3d)(context, x, carry, w, bias, residual, params, out);
}

}  // namespace diorama
#endif

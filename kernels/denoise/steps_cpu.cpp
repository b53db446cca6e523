// Combination of tensors, activation and noise with SIMD and threads.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/denoise/steps_cpu.cpp"
#include <hwy/foreach_target.h>

#include <cmath>

#include "kernels/common/convert.h"
#include "kernels/common/simd-inl.h"
#include "kernels/common/strided.h"
#include "kernels/denoise/denoise_reference.h"
#include "kernels/denoise/noise.h"
#include "kernels/denoise/steps.h"

HWY_BEFORE_NAMESPACE();
namespace diorama {
namespace HWY_NAMESPACE {
namespace {

template <int kOutputs>
HWY_INLINE void combine_run(const CombineRun& run, int64_t n) {
  const FloatTag d;
  const int64_t step = lanes();
  int64_t e = 0;
  for (; e + step <= n;
       e += step) {  // all inputs are read before an output is written: they may be the same memory
    FloatVector sums[kOutputs];
    for (int j = 0; j < kOutputs; ++j) sums[j] = hn::Zero(d);
    for (int i = 0; i < run.input_count; ++i) {
      const FloatVector value = run.broadcast[i] ? splat(*run.inputs[i]) : hn::LoadU(d, run.inputs[i] + e);
      for (int j = 0; j < kOutputs; ++j) sums[j] = hn::MulAdd(splat(run.coefficients[j][i]), value, sums[j]);
    }
    for (int j = 0; j < kOutputs; ++j) hn::StoreU(sums[j], d, run.outputs[j] + e);
  }
  for (; e < n; ++e) {
    float sums[kOutputs] = {};
    for (int i = 0; i < run.input_count; ++i) {
      const float value = run.inputs[i][run.broadcast[i] ? 0 : e];
      for (int j = 0; j < kOutputs; ++j) sums[j] = std::fma(run.coefficients[j][i], value, sums[j]);
    }
    for (int j = 0; j < kOutputs; ++j) run.outputs[j][e] = sums[j];
  }
}

void Combine(const CombineRun& run, int64_t n) {
  switch (run.output_count) {
    case 1:
      return combine_run<1>(run, n);
    case 2:
      return combine_run<2>(run, n);
    case 3:
      return combine_run<3>(run, n);
    default:
      return combine_run<4>(run, n);
  }
}

void Activate(dio_activation_kind kind, const float* x, float* out, int64_t n) {
  with_activation(kind, [&](auto chosen) HWY_ATTR {
    const FloatTag d;
    const int64_t step = lanes();
    int64_t e = 0;
    for (; e + step <= n; e += step)
      hn::StoreU(activate<decltype(chosen)::value>(hn::LoadU(d, x + e)), d, out + e);
    if (e < n) store_first(activate<decltype(chosen)::value>(load_first(x + e, n - e)), out + e, n - e);
  });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace diorama
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace diorama {
namespace {

HWY_EXPORT(Combine);
HWY_EXPORT(Activate);

}  // namespace

void combine_cpu(Context& context, int input_count, const Tensor* const* inputs, int output_count,
                 Tensor* const* outputs, const double* coefficients) {
  constexpr int64_t kPiece = 2048;
  std::array<const Tensor*, kMaxInputs + kMaxOutputs> tensors = {};
  for (int j = 0; j < output_count; ++j) tensors[j] = outputs[j];
  for (int i = 0; i < input_count; ++i) tensors[output_count + i] = inputs[i];
  const auto walk = make_walk<kMaxInputs + kMaxOutputs>(tensors, input_count + output_count);
  CombineRun plan = {};
  plan.input_count = input_count;
  plan.output_count = output_count;
  for (int j = 0; j < output_count; ++j) {
    for (int i = 0; i < input_count; ++i) {
      plan.coefficients[j][i] = static_cast<float>(coefficients[j * input_count + i]);
    }
  }
  int64_t strides[kMaxInputs + kMaxOutputs];
  bool dense = true;
  for (int n = 0; n < input_count + output_count; ++n) {
    strides[n] = walk.strides[n][walk.rank - 1];
    dense = dense && (strides[n] == 1 || (n >= output_count && strides[n] == 0));
  }
  float* buffers = nullptr;
  constexpr int64_t kBuffer = kPiece * (kMaxInputs + kMaxOutputs);
  if (!dense) buffers = context.scratch_array<float>(static_cast<std::size_t>(context.threads() * kBuffer));
  for_each_run(
      context.threads(), walk, dense ? 4 * kPiece : kPiece,
      [&](const int64_t* offsets, int64_t n, int thread) {
        CombineRun run = plan;
        float* buffer = buffers + thread * kBuffer;
        for (int i = 0; i < input_count; ++i) {
          const int k = output_count + i;
          run.inputs[i] = data<float>(*inputs[i]) + offsets[k];
          run.broadcast[i] = strides[k] == 0;
          if (strides[k] == 0 || strides[k] == 1) continue;
          widen_floats(run.inputs[i], DIO_F32, strides[k], n, buffer + k * kPiece);
          run.inputs[i] = buffer + k * kPiece;
        }
        for (int j = 0; j < output_count; ++j) {
          run.outputs[j] = strides[j] == 1 ? data<float>(*outputs[j]) + offsets[j] : buffer + j * kPiece;
        }
        HWY_DYNAMIC_DISPATCH(Combine)(run, n);
        for (int j = 0; j < output_count; ++j) {
          if (strides[j] == 1) continue;
          narrow_floats(run.outputs[j], n, data<float>(*outputs[j]) + offsets[j], DIO_F32, strides[j]);
        }
      });
}

void activate_cpu(Context& context, const Tensor& x, dio_activation_kind kind, const Tensor& out) {
  constexpr int64_t kPiece = 2048;
  const auto walk = make_walk<2>({&out, &x});
  const int64_t out_stride = walk.strides[0][walk.rank - 1], x_stride = walk.strides[1][walk.rank - 1];
  for_each_run(context.threads(), walk, kPiece, [&](const int64_t* offsets, int64_t n, int) {
    alignas(64) float buffer[kPiece];
    char* to = data<char>(out) + offsets[0] * element_size(out.dtype);
    const char* from = data<char>(x) + offsets[1] * element_size(x.dtype);
    const bool write_in_place = out.dtype == DIO_F32 && out_stride == 1;
    const bool read_in_place = x.dtype == DIO_F32 && x_stride == 1;
    float* result = write_in_place ? reinterpret_cast<float*>(to) : buffer;
    if (!read_in_place) widen_floats(from, x.dtype, x_stride, n, buffer);
    HWY_DYNAMIC_DISPATCH(Activate)
    (kind, read_in_place ? reinterpret_cast<const float*>(from) : buffer, result, n);
    if (!write_in_place) narrow_floats(buffer, n, to, out.dtype, out_stride);
  });
}

// The uniforms come from one generator, one after the other; turning them into normal numbers, block by
// block, is the larger part and is shared out among the threads. See randn_plain.
void randn_cpu(Context& context, Generator& generator, const Tensor& out) {
  const int64_t count = element_count(out);
  float* values = data<float>(out);
  if (count < kNormalBlock) return draw_few(generator, values, count);
  for (int64_t i = 0; i < count; ++i) values[i] = generator.uniform24();
  constexpr int64_t kBlocksPerThread = 64;
  parallel_ranges(context.threads(), count / 16, kBlocksPerThread, [&](int64_t begin, int64_t end, int) {
    for (int64_t block = begin; block < end; ++block) normal_block(values + block * 16);
  });
  if (count % 16 == 0) return;
  float* last = values + count - 16;
  for (int j = 0; j < 16; ++j) last[j] = generator.uniform24();
  normal_block(last);
}

}  // namespace diorama
#endif

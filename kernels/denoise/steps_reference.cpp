// Combination of tensors, timestep embedding, activation and noise, as plain loops.
#include <cmath>

#include "denoise_reference.h"
#include "noise.h"

namespace diorama {

template <typename Real>
void combine_plain(Context&, int input_count, const Tensor* const* inputs, int output_count,
                   Tensor* const* outputs, const double* coefficients) {
  for_each_index(*outputs[0], [&](const int64_t* index) {
    Real values[8];  // all read before anything is written: an output may be an input
    for (int i = 0; i < input_count; ++i)
      values[i] = Elements<Real>(*inputs[i])[offset_at(*inputs[i], index)];
    for (int j = 0; j < output_count; ++j) {
      Real sum = 0;
      for (int i = 0; i < input_count; ++i)
        sum += static_cast<Real>(coefficients[j * input_count + i]) * values[i];
      Elements<Real>(*outputs[j]).set(offset_at(*outputs[j], index), sum);
    }
  });
}

// In float the products are rounded just as torch rounds them, so that the angles (up to 1000 radians) agree
// with a model's training to the last bit.
template <typename Real>
void timestep_embedding_plain(Context&, const Tensor& t, bool cosine_first, float max_period,
                              const Tensor& out) {
  const int64_t half = out.shape[1] / 2;
  const Elements<Real> result(out);
  const Real log_period = static_cast<Real>(-std::log(static_cast<double>(max_period)));
  for (int64_t i = 0; i < half; ++i) {
    const Real exponent = log_period * static_cast<Real>(i) / static_cast<Real>(half);
    const Real frequency = static_cast<Real>(std::exp(static_cast<double>(exponent)));
    for (int64_t n = 0; n < t.shape[0]; ++n) {
      const Real angle = Elements<Real>(t)[n * t.strides[0]] * frequency;
      const int64_t row = n * out.strides[0];
      result.set(row + (cosine_first ? i : i + half) * out.strides[1],
                 static_cast<Real>(std::cos(static_cast<double>(angle))));
      result.set(row + (cosine_first ? i + half : i) * out.strides[1],
                 static_cast<Real>(std::sin(static_cast<double>(angle))));
    }
  }
}

template <typename Real>
void activate_plain(Context&, const Tensor& x, dio_activation_kind kind, const Tensor& out) {
  const Elements<Real> in(x), result(out);
  for_each_index(x, [&](const int64_t* index) {
    result.set(offset_at(out, index), activation(kind, in[offset_at(x, index)]));
  });
}

void normal_block(float* block) {
  for (int j = 0; j < 8; ++j) {
    const float radius = std::sqrt(-2 * std::log(1 - block[j]));
    const float angle = static_cast<float>(kTwoPi) * block[j + 8];
    block[j] = radius * std::cos(angle);
    block[j + 8] = radius * std::sin(angle);
  }
}

// torch's two ways to draw on a CPU. Short tensors take one Box-Muller pair in double at a time and keep the
// second value for the next draw. From 16 elements on, all uniforms are drawn first, then blocks of 16 become
// normal in place: element j supplies the radius and element j + 8 the angle of the pair (j, j + 8). A ragged
// end draws its last 16 uniforms anew.
template <typename Real>
void randn_plain(Context&, Generator& generator, const Tensor& out) {
  const int64_t count = element_count(out);
  float* values = data<float>(out);
  if (count < kNormalBlock) return draw_few(generator, values, count);
  for (int64_t i = 0; i < count; ++i) values[i] = generator.uniform24();
  for (int64_t i = 0; i + 16 <= count; i += 16) normal_block(values + i);
  if (count % 16 != 0) {
    float* end = values + count - 16;
    for (int j = 0; j < 16; ++j) end[j] = generator.uniform24();
    normal_block(end);
  }
}

template void combine_plain<float>(Context&, int, const Tensor* const*, int, Tensor* const*, const double*);
template void combine_plain<double>(Context&, int, const Tensor* const*, int, Tensor* const*, const double*);
template void timestep_embedding_plain<float>(Context&, const Tensor&, bool, float, const Tensor&);
template void timestep_embedding_plain<double>(Context&, const Tensor&, bool, float, const Tensor&);
template void activate_plain<float>(Context&, const Tensor&, dio_activation_kind, const Tensor&);
template void activate_plain<double>(Context&, const Tensor&, dio_activation_kind, const Tensor&);
template void randn_plain<float>(Context&, Generator&, const Tensor&);
template void randn_plain<double>(Context&, Generator&, const Tensor&);

}  // namespace diorama

#pragma once

#include "operations.h"

namespace diorama {

constexpr int kMaxInputs = 8;
constexpr int kMaxOutputs = 4;

// One run of a combination: outputs[j][e] = sum over i of coefficients[j][i] * inputs[i][e]. An input of
// stride 0 is one value.
struct CombineRun {
  int input_count, output_count;
  const float* inputs[kMaxInputs];
  bool broadcast[kMaxInputs];
  float* outputs[kMaxOutputs];
  float coefficients[kMaxOutputs][kMaxInputs];
};

void combine_cpu(Context& context, int input_count, const Tensor* const* inputs, int output_count,
                 Tensor* const* outputs, const double* coefficients);
void activate_cpu(Context& context, const Tensor& x, dio_activation_kind kind, const Tensor& out);
void randn_cpu(Context& context, Generator& generator, const Tensor& out);

}  // namespace diorama

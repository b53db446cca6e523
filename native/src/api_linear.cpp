#include "api.h"

using namespace diorama;

dio_status dio_linear(dio_context* context, const dio_tensor* x, const dio_tensor* w, const dio_tensor* bias,
                      dio_activation_kind activation, const dio_tensor* gate, const dio_tensor* index,
                      const dio_tensor* residual, dio_tensor* out) {
  return operation(
      "linear", context, &Operations::linear,
      [&](Check& check) {
        const auto input = check.required("x", x).floating().shape({"M", "K"}).rows();
        const auto weight = check.required("w", w).floating().shape({"N", "K"}).rows();
        const auto offset = check.optional("bias", bias).floating().shape({"N"}).contiguous();
        check.activation(activation);
        const auto gates = check.optional("gate", gate).dtype(DIO_F32).shape({"G", "N"}).rows();
        const auto rows = check.optional("index", index);
        check.row_groups(rows, {gates});
        const auto result = check.required("out", out).floating().shape({"M", "N"}).rows().output();
        const auto added = check.optional("residual", residual).dtype_of(result).shape({"M", "N"}).rows();
        result.apart_from({input, weight, offset, gates, rows}).in_place_or_apart_from({added});
      },
      [&](auto linear, Context& c) { linear(c, *x, *w, bias, activation, gate, index, residual, *out); });
}

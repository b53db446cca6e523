#include "api.h"

using namespace diorama;

dio_status dio_attention(dio_context* context, const dio_tensor* q, const dio_tensor* k, const dio_tensor* v,
                         const dio_tensor* bias, const dio_tensor* key_lengths, float scale,
                         dio_tensor* out) {
  return operation(
      "attention", context, &Operations::attention,
      [&](Check& check) {
        const auto queries = check.required("q", q).floating().shape({"B", "Sq", "H", "D"}).rows();
        const auto keys = check.required("k", k).dtype_of(queries).shape({"B", "Sk", "H", "D"}).rows();
        const auto values = check.required("v", v).dtype_of(queries).shape({"B", "Sk", "H", "D"}).rows();
        check.between("head size D of q", check.size("D"), 1, 1024);
        const auto scores =
            check.optional("bias", bias).dtype(DIO_F32).shape({"1|B", "1|H", "Sq", "Sk"}).rows();
        const auto lengths =
            check.optional("key_lengths", key_lengths).dtype(DIO_I32).shape({"B"}).contiguous();
        lengths.values_between(1, check.size("Sk"));
        check.finite("scale", scale);
        check.required("out", out)
            .dtype_of(queries)
            .shape({"B", "Sq", "H", "D"})
            .rows()
            .output()
            .apart_from({queries, keys, values, scores, lengths});
      },
      [&](auto attention, Context& c) { attention(c, *q, *k, *v, bias, key_lengths, scale, *out); });
}

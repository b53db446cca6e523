#include "api.h"

using namespace diorama;

dio_status dio_embedding(dio_context* context, const dio_tensor* table, const dio_tensor* ids,
                         dio_tensor* out) {
  return operation(
      "embedding", context, &Operations::embedding,
      [&](Check& check) {
        const auto rows = check.required("table", table).floating().shape({"V", "C"}).rows();
        const auto chosen = check.required("ids", ids).dtype(DIO_I32).shape({"N"}).contiguous();
        chosen.values_between(0, check.size("V") - 1);
        check.required("out", out).floating().shape({"N", "C"}).rows().output().apart_from({rows, chosen});
      },
      [&](auto look_up, Context& c) { look_up(c, *table, *ids, *out); });
}

dio_status dio_t5_relative_bias(dio_context* context, const dio_tensor* table, int32_t max_distance,
                                dio_tensor* out) {
  return operation(
      "t5_relative_bias", context, &Operations::t5_relative_bias,
      [&](Check& check) {
        const auto buckets = check.required("table", table).floating().shape({"buckets", "H"}).rows();
        if (check.size("buckets") % 2 != 0 || check.size("buckets") < 4) {
          check.fail("table has " + std::to_string(check.size("buckets")) +
                     " buckets, expected an even number from 4 on");
        }
        check.between("max_distance", max_distance, check.size("buckets") / 4 + 1, int64_t{1} << 30);
        check.required("out", out)
            .dtype(DIO_F32)
            .shape({"H", "distances"})
            .contiguous()
            .apart_from({buckets});
        if (check.size("distances") % 2 == 0) {
          check.fail("out has an even innermost size, " + std::to_string(check.size("distances")) +
                     ", expected 2 * S - 1");
        }
      },
      [&](auto bias, Context& c) { bias(c, *table, max_distance, *out); });
}

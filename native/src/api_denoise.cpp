#include <cmath>

#include "api.h"

using namespace diorama;

namespace {

// The arguments layer norm and RMS norm share; RMS norm has no bias.
void check_norm(Check& check, const dio_tensor* x, const dio_tensor* weight, const dio_tensor* bias,
                const dio_tensor* scale, const dio_tensor* shift, const dio_tensor* index, float eps,
                const dio_tensor* out) {
  const auto input = check.required("x", x).floating().shape({"M", "C"}).rows();
  const auto factor = check.optional("weight", weight).floating().shape({"C"}).contiguous();
  const auto offset = check.optional("bias", bias).floating().shape({"C"}).contiguous();
  const auto scales = check.optional("scale", scale).dtype(DIO_F32).shape({"G", "C"}).rows();
  const auto shifts = check.optional("shift", shift).dtype(DIO_F32).shape({"G", "C"}).rows();
  const auto rows = check.optional("index", index);
  check.row_groups(rows, {scales, shifts});
  check.not_negative("eps", eps);
  check.required("out", out)
      .floating()
      .shape({"M", "C"})
      .rows()
      .output()
      .in_place_or_apart_from({input})
      .apart_from({factor, offset, scales, shifts, rows});
}

}  // namespace

dio_status dio_layer_norm(dio_context* context, const dio_tensor* x, const dio_tensor* weight,
                          const dio_tensor* bias, const dio_tensor* scale, const dio_tensor* shift,
                          const dio_tensor* index, float eps, dio_tensor* out) {
  return operation(
      "layer_norm", context, &Operations::layer_norm,
      [&](Check& check) { check_norm(check, x, weight, bias, scale, shift, index, eps, out); },
      [&](auto norm, Context& c) { norm(c, *x, weight, bias, scale, shift, index, eps, *out); });
}

dio_status dio_rms_norm(dio_context* context, const dio_tensor* x, const dio_tensor* weight,
                        const dio_tensor* scale, const dio_tensor* shift, const dio_tensor* index, float eps,
                        dio_tensor* out) {
  return operation(
      "rms_norm", context, &Operations::rms_norm,
      [&](Check& check) { check_norm(check, x, weight, nullptr, scale, shift, index, eps, out); },
      [&](auto norm, Context& c) { norm(c, *x, weight, scale, shift, index, eps, *out); });
}

dio_status dio_qk_norm_rope(dio_context* context, const dio_tensor* x, const dio_tensor* weight, float eps,
                            const dio_tensor* cosine, const dio_tensor* sine, dio_tensor* out) {
  return operation(
      "qk_norm_rope", context, &Operations::qk_norm_rope,
      [&](Check& check) {
        const auto input = check.required("x", x).floating().shape({"B", "S", "H", "D"}).rows();
        check.name_size("H*D", check.size("H") * check.size("D"), "x");
        const auto factor = check.optional("weight", weight).floating().shape({"H*D"}).contiguous();
        check.not_negative("eps", eps);
        if ((cosine == nullptr) != (sine == nullptr))
          check.fail("cosine and sine must be given both or not at all");
        if (cosine && check.size("D") % 2 != 0) {
          check.fail("x has head size " + std::to_string(check.size("D")) +
                     ", expected an even one with cosine and sine");
        }
        check.name_size("D/2", check.size("D") / 2, "x");
        const auto cosines = check.optional("cosine", cosine).dtype(DIO_F32).shape({"S", "D/2"}).rows();
        const auto sines = check.optional("sine", sine).dtype(DIO_F32).shape({"S", "D/2"}).rows();
        check.required("out", out)
            .floating()
            .shape_of(input)
            .rows()
            .output()
            .in_place_or_apart_from({input})
            .apart_from({factor, cosines, sines});
      },
      [&](auto norm, Context& c) { norm(c, *x, weight, eps, cosine, sine, *out); });
}

dio_status dio_gated_residual(dio_context* context, const dio_tensor* x, const dio_tensor* residual,
                              const dio_tensor* gate, const dio_tensor* index, dio_tensor* out) {
  return operation(
      "gated_residual", context, &Operations::gated_residual,
      [&](Check& check) {
        const auto input = check.required("x", x).floating().shape({"M", "C"}).rows();
        const auto added = check.required("residual", residual).floating().shape({"M", "C"}).rows();
        const auto gates = check.required("gate", gate).dtype(DIO_F32).shape({"G", "C"}).rows();
        const auto rows = check.optional("index", index);
        check.row_groups(rows, {gates});
        check.required("out", out)
            .floating()
            .shape({"M", "C"})
            .rows()
            .output()
            .in_place_or_apart_from({input, added})
            .apart_from({gates, rows});
      },
      [&](auto add, Context& c) { add(c, *x, *residual, *gate, index, *out); });
}

dio_status dio_gated_residual_norm(dio_context* context, const dio_tensor* x, const dio_tensor* residual,
                                   const dio_tensor* gate, const dio_tensor* weight, const dio_tensor* bias,
                                   const dio_tensor* scale, const dio_tensor* shift, const dio_tensor* index,
                                   float eps, dio_tensor* sum, dio_tensor* out) {
  return operation(
      "gated_residual_norm", context, &Operations::gated_residual_norm,
      [&](Check& check) {
        const auto input = check.required("x", x).floating().shape({"M", "C"}).rows();
        const auto added = check.required("residual", residual).floating().shape({"M", "C"}).rows();
        const auto gates = check.optional("gate", gate).dtype(DIO_F32).shape({"G", "C"}).rows();
        const auto factor = check.optional("weight", weight).floating().shape({"C"}).contiguous();
        const auto offset = check.optional("bias", bias).floating().shape({"C"}).contiguous();
        const auto scales = check.optional("scale", scale).dtype(DIO_F32).shape({"G", "C"}).rows();
        const auto shifts = check.optional("shift", shift).dtype(DIO_F32).shape({"G", "C"}).rows();
        const auto rows = check.optional("index", index);
        check.row_groups(rows, {gates, scales, shifts});
        check.not_negative("eps", eps);
        const auto kept = check.required("sum", sum).floating().shape({"M", "C"}).rows().output();
        kept.in_place_or_apart_from({added}).apart_from({input, gates, factor, offset, scales, shifts, rows});
        check.required("out", out)
            .floating()
            .shape({"M", "C"})
            .rows()
            .output()
            .in_place_or_apart_from({input})
            .apart_from({added, kept, gates, factor, offset, scales, shifts, rows});
      },
      [&](auto norm, Context& c) {
        norm(c, *x, *residual, gate, weight, bias, scale, shift, index, eps, *sum, *out);
      });
}

dio_status dio_combine(dio_context* context, int32_t input_count, const dio_tensor* const* inputs,
                       int32_t output_count, dio_tensor* const* outputs, const double* coefficients) {
  static const char* const kInputs[] = {"inputs[0]", "inputs[1]", "inputs[2]", "inputs[3]",
                                        "inputs[4]", "inputs[5]", "inputs[6]", "inputs[7]"};
  static const char* const kOutputs[] = {"outputs[0]", "outputs[1]", "outputs[2]", "outputs[3]"};
  return operation(
      "combine", context, &Operations::combine,
      [&](Check& check) {
        check.between("input_count", input_count, 1, 8);
        check.between("output_count", output_count, 1, 4);
        check.pointer("inputs", inputs);
        check.pointer("outputs", outputs);
        check.pointer("coefficients", coefficients);
        for (int i = 0; i < input_count * output_count; ++i) check.finite("a coefficient", coefficients[i]);
        const auto first = check.required(kOutputs[0], outputs[0]);
        for (int i = 0; i < input_count; ++i) {
          check.required(kInputs[i], inputs[i]).dtype(DIO_F32).shape_of(first);
        }
        for (int j = 0; j < output_count; ++j) {
          const auto out = check.required(kOutputs[j], outputs[j]).dtype(DIO_F32).shape_of(first).output();
          for (int i = 0; i < input_count; ++i)
            out.in_place_or_apart_from({check.required(kInputs[i], inputs[i])});
          for (int i = 0; i < j; ++i) out.apart_from({check.required(kOutputs[i], outputs[i])});
        }
      },
      [&](auto combine, Context& c) {
        combine(c, input_count, inputs, output_count, outputs, coefficients);
      });
}

dio_status dio_timestep_embedding(dio_context* context, const dio_tensor* t, int32_t cosine_first,
                                  float max_period, dio_tensor* out) {
  return operation(
      "timestep_embedding", context, &Operations::timestep_embedding,
      [&](Check& check) {
        const auto times = check.required("t", t).dtype(DIO_F32).shape({"N"}).contiguous();
        if (!std::isfinite(max_period) || max_period <= 0) {
          check.fail("max_period is " + std::to_string(max_period) + ", expected a finite number above 0");
        }
        check.required("out", out).dtype(DIO_F32).shape({"N", "dim"}).rows().output().apart_from({times});
        if (check.size("dim") % 2 != 0) {
          check.fail("out has an odd innermost size, " + std::to_string(check.size("dim")) +
                     ", expected an even one");
        }
      },
      [&](auto embed, Context& c) { embed(c, *t, cosine_first != 0, max_period, *out); });
}

dio_status dio_activate(dio_context* context, const dio_tensor* x, dio_activation_kind activation,
                        dio_tensor* out) {
  return operation(
      "activate", context, &Operations::activate,
      [&](Check& check) {
        const auto input = check.required("x", x).floating();
        check.activation(activation);
        check.required("out", out).floating().shape_of(input).output().in_place_or_apart_from({input});
      },
      [&](auto activate, Context& c) { activate(c, *x, activation, *out); });
}

dio_status dio_generator_create(uint64_t seed, dio_generator** generator) {
  return guarded([&] {
    Check("generator_create").pointer("generator", generator);
    *generator = new dio_generator(seed);
  });
}

dio_status dio_generator_destroy(dio_generator* generator) {
  return guarded([&] {
    if (generator == nullptr) return;
    if (generator->busy.exchange(true)) {
      throw Error(DIO_STATUS_BUSY,
                  "generator_destroy: another thread is using this generator; let it finish first");
    }
    delete generator;
  });
}

dio_status dio_randn(dio_context* context, dio_generator* generator, dio_tensor* out) {
  return operation(
      "randn", context, &Operations::randn,
      [&](Check& check) {
        check.pointer("generator", generator);
        check.required("out", out).dtype(DIO_F32).contiguous();
      },
      [&](auto randn, Context& c) {
        const Claim claim(generator->busy, "randn", "generator");
        randn(c, generator->generator, *out);
      });
}

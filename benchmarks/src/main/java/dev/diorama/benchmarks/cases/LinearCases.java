package dev.diorama.benchmarks.cases;

import dev.diorama.Activation;
import dev.diorama.DType;
import dev.diorama.Tensor;
import java.util.List;

/** Matrix products with bias and GELU. */
public final class LinearCases {
  private LinearCases() {}

  public static List<BenchmarkCase> all() {
    return List.of(
        linear(4096, 1536, 1536, DType.F32),
        linear(4096, 8960, 1536, DType.F32),
        linear(512, 4096, 4096, DType.F32),
        linear(512, 4096, 4096, DType.BF16),
        linear(1, 4096, 4096, DType.F32));
  }

  private static BenchmarkCase linear(long m, long n, long k, DType weights) {
    String name =
        "m%d n%d k%d gelu %s".formatted(m, n, k, weights == DType.F32 ? "f32" : "bf16 weights");
    return new BenchmarkCase(
        "linear",
        name,
        2.0 * m * n * k,
        4.0 * (m * k + m * n) + (double) weights.bytes() * n * k,
        w -> {
          Tensor x = w.random(m, k);
          Tensor weight = w.random(weights, n, k);
          Tensor bias = w.random(n);
          Tensor out = w.empty(DType.F32, m, n);
          return () ->
              w.kernels().linear(x, weight, bias, Activation.GELU_TANH, null, null, null, out);
        });
  }
}

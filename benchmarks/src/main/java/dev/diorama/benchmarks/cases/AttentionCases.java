package dev.diorama.benchmarks.cases;

import dev.diorama.DType;
import dev.diorama.Tensor;
import java.util.List;

/** Attention at the shapes of video models, and its growth with the sequence. */
public final class AttentionCases {
  private AttentionCases() {}

  public static List<BenchmarkCase> all() {
    return List.of(
        self(1, 1024, 12, 64),
        self(1, 1024, 12, 128),
        self(1, 4096, 12, 128),
        self(1, 8192, 4, 128),
        self(2, 2048, 8, 64),
        attention("cross b1 s4096 k512 h12 d128 f32", 1, 4096, 512, 12, 128, DType.F32),
        attention("b1 s4096 h12 d128 bf16", 1, 4096, 4096, 12, 128, DType.BF16));
  }

  /** One head of 128 over ever longer sequences. */
  public static List<BenchmarkCase> growth() {
    return List.of(1024, 2048, 4096, 8192, 16384, 32768).stream()
        .map(s -> self(1, s, 1, 128))
        .toList();
  }

  private static BenchmarkCase self(int batch, int sequence, int heads, int size) {
    String name = "b%d s%d h%d d%d f32".formatted(batch, sequence, heads, size);
    return attention(name, batch, sequence, sequence, heads, size, DType.F32);
  }

  private static BenchmarkCase attention(
      String name, long batch, long queries, long keys, long heads, long size, DType dtype) {
    double flops = 4.0 * batch * heads * queries * keys * size;
    double bytes = 2.0 * batch * heads * size * (queries + keys) * dtype.bytes();
    return new BenchmarkCase(
        "attention",
        name,
        flops,
        bytes,
        w -> {
          Tensor q = w.random(dtype, batch, queries, heads, size);
          Tensor k = w.random(dtype, batch, keys, heads, size);
          Tensor v = w.random(dtype, batch, keys, heads, size);
          Tensor out = w.empty(dtype, batch, queries, heads, size);
          return () -> w.kernels().attention(q, k, v, null, null, 0, out);
        });
  }
}

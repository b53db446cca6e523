package dev.diorama.benchmarks.cases;

import dev.diorama.DType;
import dev.diorama.Tensor;
import java.util.List;

/** Norms, rotary embedding and scheduler steps: memory bound. */
public final class DenoiseCases {
  private DenoiseCases() {}

  public static List<BenchmarkCase> all() {
    return List.of(layerNorm(8192, 1536), normRope(8192, 12, 128), step());
  }

  private static BenchmarkCase layerNorm(long tokens, long channels) {
    double elements = (double) tokens * channels;
    return new BenchmarkCase(
        "norm",
        "layer norm + modulate s%d c%d f32".formatted(tokens, channels),
        8 * elements,
        8 * elements,
        w -> {
          Tensor x = w.random(tokens, channels);
          Tensor scale = w.random(1, channels);
          Tensor shift = w.random(1, channels);
          Tensor out = w.empty(DType.F32, tokens, channels);
          return () -> w.kernels().layerNorm(x, null, null, scale, shift, null, 1e-6f, out);
        });
  }

  private static BenchmarkCase normRope(long tokens, long heads, long size) {
    double elements = (double) tokens * heads * size;
    return new BenchmarkCase(
        "rope",
        "rms norm across heads + rotary s%d h%d d%d f32".formatted(tokens, heads, size),
        7 * elements,
        8 * elements + 4.0 * tokens * size,
        w -> {
          Tensor x = w.random(1, tokens, heads, size);
          Tensor weight = w.random(heads * size);
          Tensor cosine = w.random(tokens, size / 2);
          Tensor sine = w.random(tokens, size / 2);
          Tensor out = w.empty(DType.F32, 1, tokens, heads, size);
          return () -> w.kernels().qkNormRope(x, weight, 1e-6f, cosine, sine, out);
        });
  }

  private static BenchmarkCase step() {
    long[] shape = {1, 16, 21, 60, 104};
    double elements = 16.0 * 21 * 60 * 104;
    // x * 0.9 + (uncond + 5 (cond - uncond)) * -0.1 + previous * 0.05
    double[] coefficients = {0.9, (1 - 5.0) * -0.1, 5.0 * -0.1, 0.05};
    return new BenchmarkCase(
        "step",
        "guidance + 2-term update 16x21x60x104 f32",
        7 * elements,
        20 * elements,
        w -> {
          Tensor[] inputs = {w.random(shape), w.random(shape), w.random(shape), w.random(shape)};
          Tensor[] outputs = {w.empty(DType.F32, shape)};
          return () -> w.kernels().combine(inputs, outputs, coefficients);
        });
  }
}

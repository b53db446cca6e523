package dev.diorama.benchmarks.cases;

import dev.diorama.Activation;
import dev.diorama.Conv3d;
import dev.diorama.DType;
import dev.diorama.PaddingMode;
import dev.diorama.Tensor;
import java.util.List;

/** Causal convolutions and channel norms of the Wan VAE. */
public final class CodecCases {
  private CodecCases() {}

  public static List<BenchmarkCase> all() {
    return List.of(conv3d(96, 4, 128), conv3d(192, 4, 64), conv3d(384, 2, 32), norm(4, 128, 96));
  }

  private static BenchmarkCase conv3d(long channels, long frames, long size) {
    String name = "c%d t%d %dx%d k3 f32".formatted(channels, frames, size, size);
    long pixels = frames * size * size;
    // As the peer: two frames more go in than come out, nothing is carried.
    Conv3d params = new Conv3d(1, 1, 1, 0, 1, 1, 1, 1, PaddingMode.ZERO, 1);
    return new BenchmarkCase(
        "conv3d",
        name,
        2.0 * 27 * channels * channels * pixels,
        4.0
            * (channels * (frames + 2) * size * size
                + 27 * channels * channels
                + channels * pixels),
        w -> {
          Tensor x = w.random(1, frames + 2, size, size, channels);
          Tensor weight = w.random(channels, 3, 3, 3, channels);
          Tensor bias = w.random(channels);
          Tensor out = w.empty(DType.F32, 1, frames, size, size, channels);
          return () -> w.kernels().conv3d(x, null, weight, bias, null, params, out);
        });
  }

  private static BenchmarkCase norm(long frames, long size, long channels) {
    long elements = frames * size * size * channels;
    return new BenchmarkCase(
        "channel_norm",
        "t%d %dx%d c%d silu f32".formatted(frames, size, size, channels),
        8.0 * elements,
        8.0 * elements,
        w -> {
          Tensor x = w.random(1, frames, size, size, channels);
          Tensor gamma = w.random(channels);
          Tensor out = w.empty(DType.F32, 1, frames, size, size, channels);
          return () -> w.kernels().channelNorm(x, gamma, null, Activation.SILU, out);
        });
  }
}

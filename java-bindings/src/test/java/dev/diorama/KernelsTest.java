package dev.diorama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

/**
 * Each method hands its arguments over in the right order; the kernels' own tests are elsewhere.
 */
class KernelsTest extends WithContext {
  @Test
  void shouldAttend() {
    Tensor q = scope.zeros(DType.F32, 1, 2, 1, 8);
    Tensor k = scope.zeros(DType.F32, 1, 2, 1, 8);
    Tensor v = scope.of(counting(16), 1, 2, 1, 8);
    Tensor out = scope.tensor(DType.F32, 1, 2, 1, 8);
    context.kernels().attention(q, k, v, null, null, 0, out);
    assertThat(out.toFloats()).startsWith(new float[] {4, 5, 6}, within(1e-5f));
    context.kernels().attention(q, k, v, null, scope.of(new int[] {1}, 1), 0, out);
    assertThat(out.toFloats()).startsWith(new float[] {0, 1, 2}, within(1e-5f));
  }

  @Test
  void shouldMultiplyWithEverythingFused() {
    Tensor x = scope.of(new float[] {1, 2, 3, 4}, 2, 2);
    Tensor w = scope.of(new float[] {1, 0, 0, 1, 1, 1}, 3, 2);
    Tensor out = scope.tensor(DType.F32, 2, 3);
    context.kernels().linear(x, w, scope.of(new float[] {0, 0, 10}, 3), out);
    assertThat(out.toFloats()).containsExactly(1, 2, 13, 3, 4, 17);
    Tensor gate = scope.of(new float[] {0, 0, 0, 1, 2, 3}, 2, 3);
    Tensor index = scope.of(new int[] {1, 0}, 2);
    context.kernels().linear(x, w, null, Activation.NONE, gate, index, out, out);
    assertThat(out.toFloats()).containsExactly(2, 6, 22, 3, 4, 17);
  }

  @Test
  void shouldNormalise() {
    Tensor x = scope.of(new float[] {1, 3}, 1, 2);
    Tensor out = scope.tensor(DType.F32, 1, 2);
    Tensor weight = scope.of(new float[] {2, 2}, 2);
    Tensor bias = scope.of(new float[] {1, 1}, 2);
    Tensor scale = scope.of(new float[] {1, 1}, 1, 2);
    Tensor shift = scope.of(new float[] {5, 5}, 1, 2);
    context.kernels().layerNorm(x, weight, bias, scale, shift, null, 0, out);
    assertThat(out.toFloats()).containsExactly(new float[] {3, 11}, within(1e-4f));
    context.kernels().rmsNorm(x, weight, scale, shift, null, 0, out);
    float rms = (float) Math.sqrt(5);
    assertThat(out.toFloats())
        .containsExactly(new float[] {4 / rms + 5, 12 / rms + 5}, within(1e-4f));
    context.kernels().gatedResidual(x, bias.view(1, 2), shift, null, out);
    assertThat(out.toFloats()).containsExactly(6, 16);
    Tensor sum = scope.tensor(DType.F32, 1, 2);
    Tensor residual = bias.view(1, 2);
    context
        .kernels()
        .gatedResidualNorm(x, residual, shift, weight, bias, scale, shift, null, 0, sum, out);
    assertThat(sum.toFloats()).containsExactly(6, 16);
    assertThat(out.toFloats()).containsExactly(new float[] {3, 11}, within(1e-4f));
    Tensor heads = scope.of(new float[] {3, 4}, 1, 1, 1, 2);
    Tensor cosine = scope.of(new float[] {0}, 1, 1);
    Tensor sine = scope.of(new float[] {1}, 1, 1);
    context.kernels().qkNormRope(heads, null, 0, cosine, sine, heads);
    float norm = (float) Math.sqrt(12.5);
    assertThat(heads.toFloats()).containsExactly(new float[] {-4 / norm, 3 / norm}, within(1e-4f));
  }

  @Test
  void shouldStep() {
    Tensor a = scope.of(new float[] {1, 2}, 2);
    Tensor b = scope.of(new float[] {10, 20}, 2);
    Tensor c = scope.tensor(DType.F32, 2);
    double[] coefficients = {1, 2, 3, -1};
    context.kernels().combine(new Tensor[] {a, b}, new Tensor[] {c, a}, coefficients);
    assertThat(c.toFloats()).containsExactly(21, 42);
    assertThat(a.toFloats()).containsExactly(-7, -14);
    assertThatThrownBy(
            () -> context.kernels().combine(new Tensor[9], new Tensor[] {c}, new double[9]))
        .hasMessage("combine: 9 inputs, expected 1 to 8");
    assertThatThrownBy(
            () -> context.kernels().combine(new Tensor[] {a}, new Tensor[] {c}, new double[2]))
        .hasMessageContaining("2 coefficients, expected one for each pair");
    Tensor times = scope.zeros(DType.F32, 1);
    Tensor embedding = scope.tensor(DType.F32, 1, 4);
    context.kernels().timestepEmbedding(times, true, 10000, embedding);
    assertThat(embedding.toFloats()).containsExactly(1, 1, 0, 0);
    try (Generator generator = context.generator(0)) {
      Tensor noise = scope.tensor(DType.F32, 4);
      context.kernels().randn(generator, noise);
      assertThat(noise.toFloats())
          .containsExactly(
              new float[] {1.5409961f, -0.2934289f, -2.1787894f, 0.56843126f}, within(2e-6f));
    }
  }

  @Test
  void shouldConvolveWithWhatCameBefore() {
    Tensor x = scope.of(new float[] {1, 2}, 1, 2, 1, 1, 1);
    Tensor carry = scope.of(new float[] {7, 8}, 1, 2, 1, 1, 1);
    Tensor w = scope.of(new float[] {100, 10, 1}, 1, 3, 1, 1, 1);
    Conv3d params = Conv3d.causal(3, 1, 1);
    assertThat(params.outputShape(x.shape(), w.shape())).containsExactly(1, 2, 1, 1, 1);
    Tensor out = scope.tensor(DType.F32, 1, 2, 1, 1, 1);
    context.kernels().conv3d(x, carry, w, null, null, params, out);
    assertThat(out.toFloats()).containsExactly(781, 812);
    context.kernels().carryUpdate(x, carry);
    assertThat(carry.toFloats()).containsExactly(1, 2);
  }

  @Test
  void shouldCodeAndDecode() {
    Kernels kernels = context.kernels();
    Tensor x = scope.of(new float[] {3, 4}, 1, 1, 1, 1, 2);
    Tensor out = scope.tensor(DType.F32, 1, 1, 1, 1, 2);
    Tensor ones = scope.of(new float[] {1, 1}, 2);
    kernels.channelNorm(x, ones, ones, Activation.NONE, out);
    float root = (float) Math.sqrt(2);
    assertThat(out.toFloats())
        .containsExactly(new float[] {0.6f * root + 1, 0.8f * root + 1}, within(1e-5f));
    kernels.channelAffine(x, ones, ones, 0, 4.5f, out);
    assertThat(out.toFloats()).containsExactly(4, 4.5f);

    Tensor video = scope.of(counting(8), 1, 2, 2, 2, 1);
    Tensor patches = scope.tensor(DType.F32, 1, 2, 4);
    Tensor back = scope.tensor(DType.F32, 1, 2, 2, 2, 1);
    kernels.patchify(video, 1, 2, 2, true, patches);
    kernels.unpatchify(patches, 1, 2, 2, true, back);
    assertThat(back.toFloats()).isEqualTo(video.toFloats());
    Tensor small = scope.tensor(DType.F32, 1, 1, 1, 1, 1);
    kernels.avgDown(video, 2, 2, small);
    assertThat(small.toFloats()).containsExactly(3.5f);
    Tensor large = scope.zeros(DType.F32, 1, 1, 2, 2, 1);
    kernels.dupUp(small, 2, 2, 1, large);
    assertThat(large.toFloats()).containsOnly(3.5f);

    Tensor pixels = scope.tensor(DType.U8, 1, 3);
    kernels.toRgb8(scope.of(new float[] {-1, 0.5f, 2}, 1, 3), pixels);
    assertThat(pixels.toInts()).containsExactly(0, 128, 255);
  }

  @Test
  void shouldLookUp() {
    Tensor table = scope.of(counting(6), 3, 2);
    Tensor out = scope.tensor(DType.F32, 2, 2);
    context.kernels().embedding(table, scope.of(new int[] {2, 0}, 2), out);
    assertThat(out.toFloats()).containsExactly(4, 5, 0, 1);
    Tensor bias = scope.tensor(DType.F32, 1, 3);
    context.kernels().t5RelativeBias(scope.of(counting(4), 4, 1), 8, bias);
    assertThat(bias.toFloats()).containsExactly(1, 0, 3);
  }

  @Test
  void shouldSayWhatABackendSupports() {
    assertThat(backend.supports("attention", DType.BF16)).isTrue();
    assertThat(backend.supports("combine", DType.F16)).isFalse();
    assertThatThrownBy(() -> backend.supports("flight", DType.F32))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("there is no operation flight");
    assertThatThrownBy(() -> Backend.open("gpu"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("backend gpu does not exist; there are auto, reference");
    assertThat(Backend.list()).extracting(BackendInfo::name).contains("cpu", "cuda");
    assertThat(Backend.libraryVersion()).isNotEmpty();
  }
}

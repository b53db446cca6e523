package dev.diorama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TensorTest extends WithContext {
  @Test
  void shouldHoldWhatItWasMadeOf() {
    Tensor tensor = scope.of(counting(6), 2, 3);
    assertThat(tensor.toFloats()).containsExactly(0, 1, 2, 3, 4, 5);
    assertThat(tensor.shape()).containsExactly(2, 3);
    assertThat(tensor.size(-1)).isEqualTo(3);
    assertThat(tensor.rank()).isEqualTo(2);
    assertThat(tensor.elements()).isEqualTo(6);
    assertThat(tensor).hasToString("F32 [2, 3]");
    assertThat(scope.of(new int[] {7, -8}, 2).toInts()).containsExactly(7, -8);
    assertThat(scope.zeros(DType.I32, 3).toInts()).containsOnly(0);
  }

  @Test
  void shouldGiveViewsWithoutACopy() {
    Tensor tensor = scope.of(counting(24), 2, 3, 4);
    assertThat(tensor.view(6, -1).shape()).containsExactly(6, 4);
    assertThat(tensor.permute(2, 0, 1).size(0)).isEqualTo(4);
    assertThat(tensor.permute(2, 0, 1).slice(0, 1, 2).toFloats())
        .containsExactly(1, 5, 9, 13, 17, 21);
    assertThat(tensor.slice(-1, 1, 3).select(0, 1).toFloats())
        .containsExactly(13, 14, 17, 18, 21, 22);
    assertThat(tensor.select(0, 1).select(0, 2).view(4, 1).expand(2, 4, 3).toFloats())
        .startsWith(20, 20, 20, 21)
        .hasSize(24);
    tensor.select(1, 0).slice(0, 0, 1).set(new float[] {-1, -2, -3, -4});
    assertThat(tensor.toFloats()).startsWith(-1, -2, -3, -4, 4);
  }

  @Test
  void shouldGiveAToeplitzView() {
    Tensor distances = scope.of(counting(5), 1, 5);
    Tensor bias = distances.strided(2, new long[] {1, 1, 3, 3}, new long[] {0, 5, -1, 1});
    assertThat(bias.toFloats()).containsExactly(2, 3, 4, 1, 2, 3, 0, 1, 2);
    assertThatThrownBy(() -> distances.strided(2, new long[] {4, 3}, new long[] {-1, 1}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("strided: elements -1 to 4 are not inside the memory of F32 [1, 5]");
  }

  @Test
  void shouldSayWhatDoesNotFit() {
    Tensor tensor = scope.of(counting(6), 2, 3);
    assertThatThrownBy(() -> tensor.view(4, -1))
        .hasMessage("view [4, -1] does not fit a tensor of 6 elements");
    assertThatThrownBy(() -> tensor.permute(1, 0).view(6))
        .hasMessage(
            "view needs a contiguous tensor, but this is F32 [3, 2] strided; copy it first");
    assertThatThrownBy(() -> tensor.permute(0, 0))
        .hasMessage("permute [0, 0] does not name each axis of F32 [2, 3] once");
    assertThatThrownBy(() -> tensor.slice(1, 2, 4))
        .hasMessage("slice [2, 4) of axis 1 is not inside F32 [2, 3]");
    assertThatThrownBy(() -> tensor.select(0, 2))
        .hasMessage("select 2 of axis 0 is not possible in F32 [2, 3]");
    assertThatThrownBy(() -> tensor.expand(4, 3))
        .hasMessage("expand [4, 3] does not fit F32 [2, 3]");
    assertThatThrownBy(() -> tensor.size(2)).hasMessage("axis 2 does not exist in F32 [2, 3]");
    assertThatThrownBy(() -> tensor.set(new float[5]))
        .hasMessage("5 floats do not fill F32 [2, 3], expected 6");
    assertThatThrownBy(() -> tensor.set(new int[6]))
        .hasMessage("a tensor F32 [2, 3] cannot be filled with ints");
    assertThatThrownBy(() -> context.of(new float[5], 2, 3))
        .hasMessage("5 values do not fill a tensor of 6 elements");
    assertThatThrownBy(() -> context.tensor(DType.F32, 1_000_000_000_000L, 1_000_000_000_000L))
        .hasMessageContaining("has more than 2^46 bytes");
    assertThatThrownBy(() -> context.tensor(DType.F32, 2, 0))
        .hasMessage("shape [2, 0] has a size of 0, expected at least 1");
    assertThatThrownBy(() -> context.tensor(DType.F32)).hasMessageContaining("has rank 0");
  }

  @Test
  void shouldSayWhenMemoryIsShort() {
    assertThatThrownBy(() -> context.tensor(DType.U8, 1L << 46))
        .isInstanceOf(DioramaException.class)
        .hasMessage(
            "the system has no 70368744177664 bytes of memory left; use smaller sizes or a machine"
                + " with more memory");
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "F16", "BF16"})
  void shouldRoundToNearestAndWiden(DType dtype) {
    float[] exact = {0, -0f, 1, -2.5f, 0.0078125f, Float.POSITIVE_INFINITY, Float.NaN};
    Tensor tensor = scope.tensor(dtype, exact.length);
    tensor.set(exact);
    assertThat(tensor.toFloats()).containsExactly(exact);
    assertThat(tensor.toBytes()).hasSize((int) (exact.length * dtype.bytes()));
    float half = dtype == DType.BF16 ? 0x1p-8f : dtype == DType.F16 ? 0x1p-11f : 0;
    tensor.slice(0, 0, 2).set(new float[] {1 + half, 1 + 3 * half});
    assertThat(tensor.slice(0, 0, 2).toFloats()).containsExactly(1, 1 + 4 * half);
  }

  @Test
  void shouldTakeAndGiveRawBytes() {
    Tensor bytes = scope.tensor(DType.U8, 2, 2);
    bytes.set(new byte[] {1, -1, 3, 4});
    assertThat(bytes.toInts()).containsExactly(1, 255, 3, 4);
    assertThat(bytes.permute(1, 0).toBytes()).containsExactly(1, 3, -1, 4);
    Tensor floats = scope.tensor(DType.F32, 2);
    floats.permute(0).set(new byte[] {0, 0, (byte) 0x80, 0x3F, 0, 0, 0, 0x40});
    assertThat(floats.toFloats()).containsExactly(1, 2);
  }

  @Test
  void shouldEndWithItsOwner() {
    Tensor tensor = context.zeros(DType.F32, 4);
    Tensor view = tensor.view(2, 2);
    view.close();
    assertThat(tensor.closed()).isFalse();
    tensor.close();
    tensor.close();
    assertThat(view.closed()).isTrue();
    assertThatThrownBy(view::toFloats)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the tensor is closed");
    assertThatThrownBy(() -> view.slice(0, 0, 1)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> context.kernels().activate(view, Activation.SILU, view))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the tensor is closed");
  }
}

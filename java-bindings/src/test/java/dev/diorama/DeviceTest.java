package dev.diorama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tensors on a device, by simt: its memory is as far from Java as a card's, and one touch of it
 * ends the JVM.
 */
class DeviceTest extends WithContext {
  DeviceTest() {
    super("simt");
  }

  @Test
  void shouldCopyValuesToTheDeviceAndBack() {
    assertThat(backend.onDevice()).isTrue();
    Tensor tensor = scope.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
    assertThat(tensor.toFloats()).containsExactly(1, 2, 3, 4, 5, 6);
    assertThat(tensor.permute(1, 0).toFloats()).containsExactly(1, 4, 2, 5, 3, 6);
    assertThat(tensor.select(0, 1).toFloats()).containsExactly(4, 5, 6);
    tensor.permute(1, 0).slice(0, 1, 2).set(new float[] {20, 50});
    assertThat(tensor.toFloats()).containsExactly(1, 20, 3, 4, 50, 6);
    assertThat(tensor.strided(5, new long[] {6}, new long[] {-1}).toFloats())
        .containsExactly(6, 50, 4, 3, 20, 1);
    Tensor halves = scope.tensor(DType.BF16, 2);
    halves.set(new float[] {1.5f, -2});
    assertThat(halves.toBytes()).hasSize(4);
    assertThat(halves.toFloats()).containsExactly(1.5f, -2);
    assertThat(scope.of(new int[] {7, -7}, 2).toInts()).containsExactly(7, -7);
  }

  @Test
  void shouldMakeZerosOfEveryType() {
    for (DType dtype : DType.values()) {
      assertThat(scope.zeros(dtype, 3, 5).toBytes())
          .hasSize((int) (15 * dtype.bytes()))
          .containsOnly(0);
    }
  }

  @Test
  void shouldUploadAMappedFile(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("weights");
    ByteBuffer bytes = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putFloat(0).putFloat(2).putFloat(-3);
    Files.write(file, bytes.array());
    try (MappedFile mapped = MappedFile.open(file)) {
      Tensor there = mapped.tensor(4, DType.F32, 2);
      assertThatThrownBy(() -> context.kernels().copy(there, scope.tensor(DType.F32, 2)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "the tensor F32 [2] lies on the host, and the backend simt cannot reach it; upload it"
                  + " first");
      assertThat(scope.keep(context.upload(there)).toFloats()).containsExactly(2, -3);
      assertThatThrownBy(() -> context.upload(there.expand(4, 2)))
          .hasMessageStartingWith("upload needs a contiguous tensor of the host");
    }
  }

  @Test
  void shouldPassPointersWithoutACopy() {
    Tensor own = scope.of(new float[] {1, 2, 3, 4}, 4);
    long pointer = own.slice(0, 2, 4).devicePointer();
    assertThat(pointer).isEqualTo(own.devicePointer() + 8);
    try (Tensor wrapped = context.wrap(pointer, DType.F32, 2)) {
      assertThat(wrapped.toFloats()).containsExactly(3, 4);
      wrapped.set(new float[] {30, 40});
    }
    assertThat(own.toFloats()).containsExactly(1, 2, 30, 40);
    assertThatThrownBy(() -> context.wrap(pointer + 1, DType.F32, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("must be a multiple of 4");
    try (Backend host = Backend.open("cpu", 1);
        Context other = host.newContext();
        Tensor tensor = other.zeros(DType.F32, 1)) {
      assertThatThrownBy(() -> other.wrap(pointer, DType.F32, 1))
          .hasMessage("wrap takes memory of a graphics card, but this context works on cpu");
      assertThatThrownBy(tensor::devicePointer)
          .hasMessage("the tensor F32 [1] lies on the host, not on a device");
      assertThatThrownBy(() -> other.record(() -> {})).isInstanceOf(DioramaException.class);
    }
  }

  /** 1 + 2^-12 has a bit more than TF32: allowed, it is rounded off. */
  @Test
  void shouldRoundProductsToTf32WhereThatIsAllowed() {
    float[] values = new float[64 * 64];
    Arrays.fill(values, 1 + 0x1p-12f);
    float[] ones = new float[64 * 64];
    Arrays.fill(ones, 1);
    Tensor x = scope.of(values, 64, 64);
    Tensor w = scope.of(ones, 64, 64);
    Tensor out = scope.tensor(DType.F32, 64, 64);
    for (boolean allowed : new boolean[] {false, true, false}) {
      context.allowTf32(allowed);
      context.kernels().linear(x, w, null, out);
      float expected = allowed ? 64 : 64 + 0x1p-6f;
      assertThat(out.toFloats()).containsOnly(expected);
    }
  }

  @Test
  void shouldTellWhoseProductsAreUsed() {
    context.allowCublas(false);
    assertThat(context.description())
        .startsWith("CUDA sources on the host")
        .endsWith("products by own kernels: cuBLASLt is not allowed");
    context.allowCublas(true);
    assertThat(context.description()).doesNotContain("not allowed");
    try (Backend host = Backend.open("cpu", 1);
        Context other = host.newContext()) {
      other.allowTf32(true);
      other.allowCublas(false);
      assertThat(other.description()).isEqualTo("cpu");
    }
  }

  @Test
  void shouldTellTheDevicesMemory() {
    DeviceMemory memory = context.deviceMemory();
    assertThat(memory.freeBytes()).isPositive().isLessThanOrEqualTo(memory.totalBytes());
  }

  @Test
  void shouldLaunchWhatWasRecorded() {
    Kernels kernels = context.kernels();
    Tensor x = scope.of(new float[] {1, 2}, 2);
    Tensor sum = scope.zeros(DType.F32, 2);
    Graph graph =
        context.record(() -> {
          try (Tensor twice = context.tensor(DType.F32, 2)) {
            kernels.combine(new Tensor[] {x}, new Tensor[] {twice}, new double[] {2});
            kernels.combine(new Tensor[] {sum, twice}, new Tensor[] {sum}, new double[] {1, 1});
          }
        });
    assertThat(sum.toFloats()).as("recorded, not run").containsExactly(0, 0);
    graph.launch();
    x.set(new float[] {10, 20});
    graph.launch();
    assertThat(sum.toFloats()).containsExactly(22, 44);
    assertThatThrownBy(x::close)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("an open graph");
    graph.close();
    graph.close();
    x.close();
    assertThatThrownBy(graph::launch).hasMessage("the graph is closed");
  }

  @Test
  void shouldLeaveNothingOfARecordingThatFails() {
    Tensor x = scope.of(new float[] {1, 2}, 2);
    assertThatThrownBy(() -> context.record(() -> x.set(new float[] {3, 4})))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("cannot be part of a graph");
    assertThatThrownBy(() ->
            context.record(() -> {
              context.kernels().activate(x, Activation.SILU, x);
              throw new IllegalStateException("mine");
            }))
        .hasMessage("mine");
    assertThat(x.toFloats()).containsExactly(1, 2);
    x.close();
  }

  @Test
  void shouldCloseGraphsWithTheirContext() {
    Context own = backend.newContext();
    Tensor x = own.zeros(DType.F32, 4);
    Graph graph = own.record(() -> own.kernels().activate(x, Activation.SILU, x));
    own.close();
    graph.close();
    assertThatThrownBy(graph::launch).hasMessage("the graph is closed");
  }
}

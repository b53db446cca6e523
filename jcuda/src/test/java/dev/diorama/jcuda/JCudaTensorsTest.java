package dev.diorama.jcuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diorama.Backend;
import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.DioramaException;
import dev.diorama.Tensor;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import jcuda.runtime.cudaStream_t;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Pointers and streams on their way, without JCuda's natives: simt's memory has addresses, too. */
class JCudaTensorsTest {
  private Backend backend;
  private Context context;

  @BeforeEach
  void open() {
    backend = Backend.open("simt", 1);
    context = backend.newContext();
  }

  @AfterEach
  void close() {
    context.close();
    backend.close();
  }

  @Test
  void shouldPassMemoryOfTheDriverApiBothWays() {
    Tensor own = context.of(new float[] {1, 2, 3, 4}, 4);
    CUdeviceptr pointer = JCudaTensors.pointer(own);
    try (Tensor wrapped = JCudaTensors.wrap(context, pointer.withByteOffset(4), DType.F32, 1, 3)) {
      assertThat(wrapped.toFloats()).containsExactly(2, 3, 4);
      wrapped.set(new float[] {20, 30, 40});
    }
    assertThat(own.toFloats()).containsExactly(1, 20, 30, 40);
  }

  @Test
  void shouldPassMemoryOfTheRuntimeApiBothWays() {
    Tensor own = context.of(new int[] {1, 2, 3}, 3);
    var pointer = JCudaTensors.runtimePointer(own.slice(0, 1, 3));
    assertThat(Handles.value(pointer)).isEqualTo(own.devicePointer() + 4);
    try (Tensor wrapped = JCudaTensors.wrap(context, pointer, DType.I32, 2)) {
      assertThat(wrapped.toInts()).containsExactly(2, 3);
      assertThat(wrapped.devicePointer()).isEqualTo(own.devicePointer() + 4);
    }
    own.close();
    assertThatThrownBy(() -> JCudaTensors.pointer(own)).hasMessage("the tensor I32 [3] is closed");
    assertThatThrownBy(() -> JCudaTensors.wrap(context, new CUdeviceptr(), DType.F32, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the pointer 0x0");
  }

  @Test
  void shouldCarryTheHandlesOfStreams() {
    CUstream stream = Handles.stream(0x1234);
    assertThat(Handles.value(stream)).isEqualTo(0x1234);
    assertThat(Handles.value(new cudaStream_t(stream))).isEqualTo(0x1234);
    assertThat(Handles.value(JCudaTensors.stream(context))).isEqualTo(context.stream());
    assertThat(Handles.value(JCudaTensors.runtimeStream(context))).isEqualTo(context.stream());
    JCudaTensors.useStream(context, (CUstream) null);
    try (Backend host = Backend.open("cpu", 1);
        Context other = host.newContext()) {
      assertThatThrownBy(() -> JCudaTensors.useStream(other, stream))
          .isInstanceOf(DioramaException.class);
    }
  }
}

package dev.diorama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MappedFileTest extends WithContext {
  @TempDir Path folder;

  @Test
  void shouldLendTensorsWithoutACopy() throws IOException {
    try (MappedFile file = MappedFile.open(write(8, 1, 2, 3, 4))) {
      assertThat(file.size()).isEqualTo(24);
      Tensor tensor = file.tensor(8, DType.F32, 2, 2);
      Tensor out = scope.tensor(DType.F32, 2, 2);
      context.kernels().copy(tensor.permute(1, 0), out);
      assertThat(out.toFloats()).containsExactly(1, 3, 2, 4);
      assertThat(file.bytes(8, 4).order(ByteOrder.LITTLE_ENDIAN).getFloat()).isEqualTo(1);
    }
  }

  @Test
  void shouldCopyWhatIsNotAligned() throws IOException {
    try (MappedFile file = MappedFile.open(write(7, 1, 2))) {
      Tensor out = scope.tensor(DType.F32, 2);
      context.kernels().copy(file.tensor(7, DType.F32, 2), out);
      assertThat(out.toFloats()).containsExactly(1, 2);
    }
  }

  @Test
  void shouldNotBeWritten() throws IOException {
    try (MappedFile file = MappedFile.open(write(0, 1, 2))) {
      Tensor tensor = file.tensor(0, DType.F32, 2);
      assertThatThrownBy(() -> tensor.set(new float[2]))
          .hasMessage("tensor F32 [2] lies in a file and cannot be written");
      assertThatThrownBy(() -> context.kernels().activate(tensor, Activation.SILU, tensor))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("the tensor F32 [2] lies in a file and cannot be written");
    }
  }

  @Test
  void shouldRefuseRangesOutside() throws IOException {
    Path path = write(0, 1, 2);
    try (MappedFile file = MappedFile.open(path)) {
      assertThatThrownBy(() -> file.tensor(4, DType.F32, 2))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("8 bytes from 4 are not inside " + path + " of 8 bytes");
      assertThatThrownBy(() -> file.bytes(-1, 1)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> file.tensor(Long.MAX_VALUE, DType.F32, 1))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> file.tensor(0, DType.F32, 1_000_000_000_000L))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> MappedFile.open(folder.resolve("absent")))
        .isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void shouldEndItsTensors() throws IOException {
    MappedFile file = MappedFile.open(write(0, 1, 2));
    Tensor tensor = file.tensor(0, DType.F32, 2);
    file.close();
    file.close();
    assertThat(tensor.closed()).isTrue();
    assertThatThrownBy(tensor::toFloats).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> file.bytes(0, 4)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> context.kernels().copy(tensor, tensor))
        .isInstanceOf(RuntimeException.class);
  }

  private Path write(int skip, float... values) throws IOException {
    ByteBuffer bytes =
        ByteBuffer.allocate(skip + values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.position(skip);
    for (float value : values) {
      bytes.putFloat(value);
    }
    return Files.write(folder.resolve("weights"), bytes.array());
  }
}

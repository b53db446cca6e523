package dev.diorama.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.diorama.model.SafetensorsWriter.Declaration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsTest {

  @TempDir Path folder;

  private Path write(String name, String tensor, float... values) throws IOException {
    Path file = folder.resolve(name);
    var declaration = new Declaration(tensor, ElementType.F32, values.length);
    try (var writer = SafetensorsWriter.create(file, Map.of("by", "test"), List.of(declaration))) {
      writer.write(values);
      writer.finish();
    }
    return file;
  }

  private static void assertRefused(Path file, String... parts) {
    assertThatExceptionOfType(ModelException.class)
        .isThrownBy(() -> Safetensors.open(file).close())
        .withMessageContainingAll(parts);
  }

  @Test
  void shouldReadWhatItWrote() throws IOException {
    Path file = folder.resolve("two.safetensors");
    float[] many = new float[200_001];
    for (int i = 0; i < many.length; i++) {
      many[i] = i * 0.5f;
    }
    var declarations =
        List.of(
            new Declaration("many", ElementType.F32, 3, 66_667),
            new Declaration("odd", ElementType.U8, 3),
            new Declaration("half", ElementType.F16, 1),
            new Declaration("nothing", ElementType.F32, 0));
    try (var writer =
        SafetensorsWriter.create(file, Map.of("prompt", "a \"ball\""), declarations)) {
      writer.write(Arrays.copyOf(many, 7));
      writer.write(Arrays.copyOfRange(many, 7, many.length));
      writer.write(new byte[] {1, 2, (byte) 255});
      writer.write(new byte[] {0, 0x3c});
      writer.finish();
    }
    try (Safetensors read = Safetensors.open(file)) {
      assertThat(read.names()).containsExactly("many", "odd", "half", "nothing");
      assertThat(read.floats("many")).isEqualTo(many);
      assertThat(read.longs("odd")).containsExactly(1, 2, 255);
      assertThat(read.floats("half")).containsExactly(1);
      assertThat(read.floats("nothing")).isEmpty();
      assertThat(read.metadata()).containsEntry("prompt", "a \"ball\"");
      assertThat(read.tensor("many").toFloats()).isEqualTo(many);
    }
    assertThat(folder).isDirectoryContaining(path -> path.equals(file));
    try (var files = Files.list(folder)) {
      assertThat(files).containsExactly(file);
    }
  }

  @Test
  void shouldNameWhatIsMissing() throws IOException {
    Path file = write("model.safetensors", "a", 1, 2);
    try (Safetensors read = Safetensors.open(file)) {
      assertThatExceptionOfType(ModelException.class)
          .isThrownBy(() -> read.tensor("b"))
          .withMessageContainingAll(file.toString(), "'b' is missing");
      assertThatExceptionOfType(ModelException.class)
          .isThrownBy(() -> read.tensor("a", 3))
          .withMessageContainingAll(file.toString(), "'a'", "[2]", "[3]");
      assertThatExceptionOfType(ModelException.class)
          .isThrownBy(() -> read.longs("a"))
          .withMessageContaining("whole numbers");
    }
  }

  @Test
  void shouldRefuseFilesThatAreNone() throws IOException {
    assertRefused(folder.resolve("absent.safetensors"), "does not exist");
    Path tiny = Files.write(folder.resolve("tiny.safetensors"), new byte[7]);
    assertRefused(tiny, "7 bytes are too few");
    Path cut = write("cut.safetensors", "a", 1, 2, 3);
    byte[] bytes = Files.readAllBytes(cut);
    Files.write(cut, Arrays.copyOf(bytes, bytes.length - 1));
    assertRefused(cut, "cut off");
    Files.write(cut, Arrays.copyOf(bytes, 20));
    assertRefused(cut, "cut off");
  }

  @Test
  void shouldFindAComponentsWeights() throws IOException {
    assertThatExceptionOfType(ModelException.class)
        .isThrownBy(() -> Safetensors.openFolder(folder))
        .withMessageContaining("holds no weights");
    write("model.safetensors", "a", 1);
    try (Safetensors read = Safetensors.openFolder(folder)) {
      assertThat(read.floats("a")).containsExactly(1);
    }
    write("shard-1.safetensors", "b", 2);
    write("shard-2.safetensors", "c", 3);
    index("{\"weight_map\":{\"b\":\"shard-1.safetensors\",\"c\":\"shard-2.safetensors\"}}");
    try (Safetensors read = Safetensors.openFolder(folder)) {
      assertThat(read.names()).containsExactly("b", "c");
      assertThat(read.floats("c")).containsExactly(3);
    }
  }

  private Path index(String json) throws IOException {
    return Files.writeString(folder.resolve("model.safetensors.index.json"), json);
  }

  @Test
  void shouldRefuseAnIndexThatLies() throws IOException {
    write("shard.safetensors", "a", 1);
    assertRefused(index("{\"weight_map\":{\"b\":\"shard.safetensors\"}}"), "'b'", "is not");
    assertRefused(index("{\"weight_map\":{\"a\":\"gone.safetensors\"}}"), "gone", "missing");
    assertRefused(index("{\"weight_map\":[]}"), "weight_map");
    assertRefused(index("{}"), "weight_map");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"../shard.safetensors\"",
        "\"/etc/passwd\"",
        "\"..\"",
        "\".\"",
        "\"\"",
        "\"a/b\"",
        "\"a\\\\b\"",
        "\"a\\u0000b\"",
        "7",
        "null"
      })
  void shouldRefuseShardsElsewhere(String shard) throws IOException {
    assertRefused(index("{\"weight_map\":{\"a\":%s}}".formatted(shard)), "model.safetensors.index");
  }

  @Test
  void shouldLeaveNothingBehindWhenNotFinished() throws IOException {
    Path file = folder.resolve("half.safetensors");
    var declaration = List.of(new Declaration("a", ElementType.F32, 2));
    try (var writer = SafetensorsWriter.create(file, Map.of(), declaration)) {
      writer.write(new float[] {1});
      assertThatIllegalStateException().isThrownBy(writer::finish);
      assertThatIllegalStateException().isThrownBy(() -> writer.write(new float[] {1, 2}));
    }
    assertThat(folder).isEmptyDirectory();
    assertThatExceptionOfType(NoSuchFileException.class)
        .isThrownBy(() ->
            SafetensorsWriter.create(folder.resolve("no/x.safetensors"), Map.of(), declaration));
  }
}

package dev.diorama.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsHeaderTest {

  private static final String FILE = "weights.safetensors";

  private static SafetensorsHeader parse(String json, long dataBytes) throws ModelException {
    byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
    return SafetensorsHeader.parse(
        FILE, bytes, SafetensorsHeader.LENGTH_BYTES + bytes.length + dataBytes);
  }

  private static void assertRefused(String json, long dataBytes, String... parts) {
    assertThatExceptionOfType(ModelException.class)
        .isThrownBy(() -> parse(json, dataBytes))
        .withMessageStartingWith(FILE)
        .withMessageMatching("[^\\n]*\\.")
        .satisfies(e -> List.of(parts).forEach(part -> assertThat(e).hasMessageContaining(part)));
  }

  private static String tensor(String name, String dtype, String shape, String offsets) {
    return "\"%s\":{\"dtype\":%s,\"shape\":%s,\"data_offsets\":%s}"
        .formatted(name, dtype, shape, offsets);
  }

  @Test
  void shouldReadTensorsInAnyOrder() throws ModelException {
    String json =
        "{\"__metadata__\":{\"format\":\"pt\"},"
            + tensor("b", "\"BF16\"", "[3]", "[8,14]")
            + ","
            + tensor("a", "\"F32\"", "[2,1]", "[0,8]")
            + ","
            + tensor("empty", "\"F32\"", "[0,5]", "[8,8]")
            + ","
            + tensor("one", "\"U8\"", "[]", "[14,15]")
            + "}   ";
    SafetensorsHeader header = parse(json, 15);
    assertThat(header.tensors().keySet()).containsExactly("b", "a", "empty", "one");
    assertThat(header.tensors().get("a"))
        .isEqualTo(new TensorEntry("a", ElementType.F32, new long[] {2, 1}, 0, 8));
    assertThat(header.tensors().get("one").elements()).isEqualTo(1);
    assertThat(header.metadata()).containsEntry("format", "pt");
  }

  @ParameterizedTest
  @CsvSource({"-1, 100", "100000001, 200000000", "93, 100", "1, 7"})
  void shouldRefuseALengthBeyondTheFile(long length, long fileSize) {
    assertThatExceptionOfType(ModelException.class)
        .isThrownBy(() -> SafetensorsHeader.checkLength(FILE, length, fileSize))
        .withMessageStartingWith(FILE);
  }

  @Test
  void shouldRefuseOverlaps() {
    assertRefused(
        "{%s,%s}"
            .formatted(
                tensor("a", "\"F32\"", "[2]", "[0,8]"), tensor("b", "\"F32\"", "[2]", "[4,12]")),
        12,
        "'a' and 'b' overlap");
  }

  @Test
  void shouldRefuseHoles() {
    assertRefused(
        "{%s,%s}"
            .formatted(
                tensor("a", "\"U8\"", "[2]", "[0,2]"), tensor("b", "\"U8\"", "[2]", "[3,5]")),
        5,
        "'b' belong to no tensor");
    assertRefused("{%s}".formatted(tensor("a", "\"U8\"", "[2]", "[0,2]")), 5, "last 3 bytes");
  }

  @Test
  void shouldRefuseDataBeyondTheFile() {
    assertRefused("{%s}".formatted(tensor("a", "\"F32\"", "[2]", "[0,8]")), 7, "'a'", "cut off");
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"F33\"", "\"f32\"", "\"\"", "7", "null", "{}"})
  void shouldRefuseUnknownTypes(String dtype) {
    assertRefused("{%s}".formatted(tensor("a", dtype, "[2]", "[0,8]")), 8, "'a'", "dtype");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[3]",
        "[]",
        "[1000000,1000000]",
        "[4294967296,4294967296]",
        "[9223372036854775807,9223372036854775807]",
        "[1000000000000]"
      })
  void shouldRefuseAShapeThatDoesNotFitItsBytes(String shape) {
    assertRefused("{%s}".formatted(tensor("a", "\"F32\"", shape, "[0,8]")), 8, "'a'", "span 8");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"[-1]", "[1.5]", "[\"2\"]", "[99999999999999999999]", "2", "null", "[[2]]"})
  void shouldRefuseShapesThatAreNoSizes(String shape) {
    assertRefused("{%s}".formatted(tensor("a", "\"F32\"", shape, "[0,8]")), 8, "'a'", "'shape'");
  }

  @ParameterizedTest
  @ValueSource(strings = {"[8,0]", "[0]", "[0,4,8]", "[-8,0]", "[]"})
  void shouldRefuseOffsetsThatAreNoRange(String offsets) {
    assertRefused("{%s}".formatted(tensor("a", "\"F32\"", "[2]", offsets)), 8, "'a'");
  }

  @Test
  void shouldRefuseDuplicates() {
    String a = tensor("a", "\"U8\"", "[1]", "[0,1]");
    assertRefused("{%s,%s}".formatted(a, a), 1, "'a' stands in the header twice");
    assertRefused(
        "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
        1,
        "'dtype' twice");
    assertRefused("{\"__metadata__\":{},\"__metadata__\":{}}", 0, "twice");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "null",
        "{",
        "{}}",
        "{} x",
        "{\"a\"}",
        "{\"a\":1}",
        "{\"a\":{}}",
        "{\"a\":{\"dtype\":\"F32\"}}",
        "{\"a\":{\"colour\":1}}",
        "{\"__metadata__\":1}",
        "{\"__metadata__\":{\"a\":1}}",
        "{\"a\":{\"dtype\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":{\"h\":{}}}}}}}}}}"
      })
  void shouldRefuseWhatIsNoHeader(String json) {
    assertRefused(json, 0);
  }

  @Test
  void shouldRefuseInvalidUtf8() {
    byte[] json = {'{', '"', (byte) 0xc3, '"', ':', '1', '}'};
    assertThatExceptionOfType(ModelException.class)
        .isThrownBy(() -> SafetensorsHeader.parse(FILE, json, 100))
        .withMessageContaining("UTF-8");
  }
}

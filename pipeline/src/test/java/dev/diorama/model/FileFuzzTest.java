package dev.diorama.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.diorama.model.wan.WanConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Any bytes are either read or refused with a sentence. Runs the seeds as tests; with {@code
 * JAZZER_FUZZ=1} it searches for more.
 */
class FileFuzzTest {

  @FuzzTest(maxDuration = "60s")
  void shouldReadOrRefuseAnySafetensorsFile(byte[] file) {
    if (file.length < SafetensorsHeader.LENGTH_BYTES) {
      return;
    }
    try {
      long length = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
      int checked = SafetensorsHeader.checkLength("fuzz", length, file.length);
      int from = SafetensorsHeader.LENGTH_BYTES;
      byte[] json = Arrays.copyOfRange(file, from, from + checked);
      SafetensorsHeader header = SafetensorsHeader.parse("fuzz", json, file.length);
      long data = 0;
      for (TensorEntry entry : header.tensors().values()) {
        assertThat(entry.begin()).isGreaterThanOrEqualTo(0);
        assertThat(entry.end()).isLessThanOrEqualTo(file.length - header.dataStart());
        data += entry.elements() * entry.type().bytes();
      }
      assertThat(data).isEqualTo(file.length - header.dataStart());
    } catch (ModelException e) {
      assertThat(e.getMessage()).isNotBlank();
    }
  }

  @FuzzTest(maxDuration = "60s")
  void shouldReadOrRefuseAnyConfiguration(byte[] file) throws IOException {
    try {
      Config config = Config.parse("fuzz", file);
      assertThat(WanConfig.of(config).width()).isPositive();
    } catch (ModelException e) {
      assertThat(e.getMessage()).isNotBlank();
    }
  }
}

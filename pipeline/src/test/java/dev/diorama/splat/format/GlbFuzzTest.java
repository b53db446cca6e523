package dev.diorama.splat.format;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.diorama.splat.SceneException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Any .glb is either read or refused with a sentence. Runs the seeds as tests; with {@code
 * JAZZER_FUZZ=1} it searches for more.
 */
class GlbFuzzTest {

  /** The lengths in the headers are made right, so that the search gets to the JSON. */
  @FuzzTest(maxDuration = "60s")
  void shouldReadOrRefuseAnyJson(byte[] bytes) throws IOException {
    int data = Math.min(1000, bytes.length / 2);
    int json = bytes.length - data;
    ByteBuffer out = ByteBuffer.allocate(28 + bytes.length).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(Gltf.MAGIC).putInt(2).putInt(out.capacity());
    out.putInt(json).putInt(Gltf.JSON_CHUNK).put(bytes, 0, json);
    out.putInt(data).putInt(Gltf.BINARY_CHUNK).put(bytes, json, data);
    readOrRefuse(out.array());
  }

  @FuzzTest(maxDuration = "60s")
  void shouldReadOrRefuseAnyFile(byte[] bytes) throws IOException {
    readOrRefuse(bytes);
  }

  private static void readOrRefuse(byte[] bytes) throws IOException {
    Path file = Files.createTempFile("fuzz", ".glb");
    try {
      Files.write(file, bytes);
      assertThat(new GlbFormat().read(file).count()).isPositive();
    } catch (SceneException e) {
      assertThat(e.getMessage()).isNotBlank();
    } finally {
      Files.delete(file);
    }
  }

  @Test
  void shouldReadOrRefuseASceneWithAByteChangedOrCutOff(@TempDir Path folder) throws IOException {
    Path whole = folder.resolve("whole.glb");
    new GlbFormat().write(Scenes.random(2, 1), whole);
    byte[] bytes = Files.readAllBytes(whole);
    for (int i = 0; i < bytes.length; i += i < 100 ? 1 : 11) {
      byte[] changed = bytes.clone();
      changed[i] ^= (byte) (1 << i % 8);
      readOrRefuse(changed);
      readOrRefuse(Arrays.copyOf(bytes, i));
    }
  }
}

package dev.diorama.splat.format;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SceneException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Any .sog is either read or refused with a sentence. Runs the seeds as tests; with {@code
 * JAZZER_FUZZ=1} it searches for more.
 */
class SogFuzzTest {

  @FuzzTest(maxDuration = "60s")
  void shouldReadOrRefuseAnyFile(byte[] bytes) throws IOException {
    Path file = Files.createTempFile("fuzz", ".sog");
    try {
      Files.write(file, bytes);
      readOrRefuse(file);
    } finally {
      Files.delete(file);
    }
  }

  /** The zip is whole, so that the search gets past its checksums to what is inside. */
  @FuzzTest(maxDuration = "60s")
  void shouldReadOrRefuseAnyMetaWithAnyImage(byte[] bytes) throws IOException {
    int split = bytes.length == 0 ? 0 : (bytes[0] & 255) * bytes.length / 256;
    Path folder = Files.createTempDirectory("fuzz");
    try {
      Files.write(folder.resolve("meta.json"), Arrays.copyOf(bytes, split));
      Files.write(folder.resolve("a"), Arrays.copyOfRange(bytes, split, bytes.length));
      readOrRefuse(folder);
    } finally {
      Files.delete(folder.resolve("meta.json"));
      Files.delete(folder.resolve("a"));
      Files.delete(folder);
    }
  }

  private static void readOrRefuse(Path file) throws IOException {
    try {
      Gaussians scene = new SogFormat().read(file);
      assertThat(scene.count()).isPositive();
    } catch (SceneException e) {
      assertThat(e.getMessage()).isNotBlank();
    }
  }

  /** Bytes of a small scene are changed one at a time, in the zip and in each of its files. */
  @Test
  void shouldReadOrRefuseASceneWithAByteChanged(@TempDir Path folder) throws IOException {
    Path whole = folder.resolve("whole.sog");
    Path damaged = folder.resolve("damaged.sog");
    new SogFormat().write(RandomScenes.of(3, 1, 1), whole);
    byte[] bytes = Files.readAllBytes(whole);
    for (int i = 0; i < bytes.length; i += 7) {
      byte[] changed = bytes.clone();
      changed[i] ^= (byte) (1 << i % 8);
      Files.write(damaged, changed);
      readOrRefuse(damaged);
    }
    try (ZipFile zip = new ZipFile(whole.toFile())) {
      for (ZipEntry entry : zip.stream().toList()) {
        byte[] content = zip.getInputStream(entry).readAllBytes();
        for (int i = 0; i < content.length; i += 1 + content.length / 32) {
          content[i] ^= (byte) (1 << i % 8);
          replace(zip, entry.getName(), content, damaged);
          content[i] ^= (byte) (1 << i % 8);
          readOrRefuse(damaged);
        }
      }
    }
  }

  private static void replace(ZipFile zip, String name, byte[] content, Path target)
      throws IOException {
    ByteArrayOutputStream memory = new ByteArrayOutputStream();
    try (ZipOutputStream out = new ZipOutputStream(memory)) {
      for (ZipEntry entry : zip.stream().toList()) {
        byte[] bytes =
            entry.getName().equals(name) ? content : zip.getInputStream(entry).readAllBytes();
        CRC32 crc = new CRC32();
        crc.update(bytes);
        ZipEntry copy = new ZipEntry(entry.getName());
        copy.setMethod(ZipEntry.STORED);
        copy.setSize(bytes.length);
        copy.setCrc(crc.getValue());
        out.putNextEntry(copy);
        out.write(bytes);
      }
    }
    Files.write(target, memory.toByteArray());
  }
}

package dev.diorama.splat.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diorama.splat.SceneException;
import io.airlift.compress.v3.zstd.ZstdOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Damaged and lying files: a sentence, and no more memory than the file's size can answer for. */
class HostileFilesTest {
  private static final int CHANGES = 400;
  private static final int ZEROS = 300 << 20;

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "scene-60-sh3.ply",
        "scene-300-sh2.compressed.ply",
        "scene-200-sh0.splat",
        "scene-150-sh2.v2.spz",
        "scene-150-sh3.v3.spz",
        "scene-150-sh3.v4.spz",
        "scene-100-sh1.level0.ksplat",
        "scene-150-sh2.level1.ksplat",
        "scene-200-sh2.level2.ksplat"
      })
  void shouldReadOrRefuseWhateverChanges(String name) throws Exception {
    byte[] whole = resource(name);
    Random random = new Random(7);
    Path file = folder.resolve(name);
    int refused = 0;
    for (int i = 0; i < CHANGES; i++) {
      byte[] bytes = whole.clone();
      switch (i % 4) {
        case 0 -> bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
        case 1 -> bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        case 2 -> bytes[random.nextInt(Math.min(64, bytes.length))] = (byte) random.nextInt();
        default -> absurd(bytes, random);
      }
      refused += reads(file, bytes) ? 0 : 1;
    }
    if (!name.endsWith(".splat")) {
      assertThat(refused).isGreaterThan(CHANGES / 4 - 10);
    }
  }

  /** The same inside the gzip stream, past its checksum. */
  @ParameterizedTest
  @ValueSource(strings = {"scene-150-sh2.v2.spz", "scene-150-sh3.v3.spz"})
  void shouldReadOrRefuseWhateverChangesInsideGzip(String name) throws Exception {
    byte[] whole;
    try (GZIPInputStream in =
        new GZIPInputStream(HostileFilesTest.class.getResourceAsStream(name))) {
      whole = in.readAllBytes();
    }
    Random random = new Random(8);
    Path file = folder.resolve(name);
    for (int i = 0; i < CHANGES; i++) {
      byte[] bytes = whole.clone();
      bytes[random.nextInt(i % 2 == 0 ? 16 : bytes.length)] = (byte) random.nextInt();
      ByteArrayOutputStream packed = new ByteArrayOutputStream();
      try (OutputStream out = new GZIPOutputStream(packed)) {
        out.write(bytes, 0, i % 3 == 0 ? random.nextInt(bytes.length) : bytes.length);
      }
      reads(file, packed.toByteArray());
    }
  }

  /** Writes a number that is too large where a count or an offset may be. */
  private static void absurd(byte[] bytes, Random random) {
    int[] values = {-1, Integer.MAX_VALUE, Integer.MIN_VALUE, 1_000_000_000, 0, 100_000};
    int at = random.nextInt(Math.min(bytes.length, 5200) / 4) * 4;
    ByteBuffer.wrap(bytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(at, values[random.nextInt(values.length)]);
  }

  private static boolean reads(Path file, byte[] bytes) throws IOException {
    Files.write(file, bytes);
    try {
      SceneFormats.read(file);
      return true;
    } catch (SceneException e) {
      assertThat(e.getMessage()).startsWith(file.toString()).doesNotContain("\n");
      return false;
    }
  }

  @Test
  void shouldRefuseAbsurdCountsAtOnce() throws Exception {
    byte[] ksplat = resource("scene-100-sh1.level0.ksplat");
    ByteBuffer.wrap(ksplat).order(ByteOrder.LITTLE_ENDIAN).putInt(4096, -1).putInt(4100, -1);
    assertRefused("a.ksplat", ksplat, "claims 4294967295 Gaussians of 80 bytes each");

    byte[] spz4 = resource("scene-150-sh3.v4.spz");
    ByteBuffer.wrap(spz4).order(ByteOrder.LITTLE_ENDIAN).putInt(8, -1);
    assertRefused("a.spz", spz4, "claims 4294967295 Gaussians");

    byte[] spz3 = spz3(0xffffffffL, 3, 1000);
    assertRefused("a.spz", spz3, "claims 4294967295 Gaussians of 65 bytes each");

    String ply =
        "ply\nformat binary_little_endian 1.0\nelement chunk 3906250000\nproperty float min_x\n"
            + "element vertex 1000000000000\nproperty uint packed_position\nend_header\n";
    assertRefused("a.ply", ply.getBytes(), "claims 3906250000 rows of chunk");

    assertRefused("a.splat", new byte[33], "has 33 bytes, expected a multiple of 32");
  }

  @Test
  void shouldStopAtTheCountOfAGzipBomb() throws IOException {
    byte[] bomb = spz3(10, 0, ZEROS);
    assertThat(bomb.length).isLessThan(ZEROS / 900);
    Path file = Files.write(folder.resolve("bomb.spz"), bomb);
    assertThat(peak(() -> assertThat(SceneFormats.read(file).count()).isEqualTo(10)))
        .isLessThan(ZEROS / 2);
  }

  @Test
  void shouldStopAtTheCountOfAZstdBomb() throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (OutputStream out = ZstdOutputStream.create(packed)) {
      byte[] zeros = new byte[1 << 20];
      for (int i = 0; i < ZEROS / zeros.length; i++) {
        out.write(zeros);
      }
    }
    byte[] bomb = packed.toByteArray();
    int[] rowBytes = {9, 1, 3, 3, 4};
    ByteBuffer file =
        ByteBuffer.allocate(32 + 16 * 5 + 5 * bomb.length).order(ByteOrder.LITTLE_ENDIAN);
    file.put(new SpzHeader(4, 10, 0, 12, 0, 5).toBytes()).putInt(32).position(32);
    for (int bytes : rowBytes) {
      file.putLong(bomb.length).putLong(10L * bytes);
    }
    for (int i = 0; i < rowBytes.length; i++) {
      file.put(bomb);
    }
    assertThat(peak(() -> assertRefused("bomb.spz", file.array(), "has more than 10")))
        .isLessThan(ZEROS / 2);
  }

  private interface Action {
    void run() throws IOException;
  }

  /** The most memory on the heap at once during an action, beyond what was there before. */
  private static long peak(Action action) throws IOException {
    System.gc();
    var pools =
        ManagementFactory.getMemoryPoolMXBeans().stream()
            .filter(pool -> pool.getType() == MemoryType.HEAP)
            .toList();
    pools.forEach(MemoryPoolMXBean::resetPeakUsage);
    long before = pools.stream().mapToLong(pool -> pool.getUsage().getUsed()).sum();
    action.run();
    return pools.stream().mapToLong(pool -> pool.getPeakUsage().getUsed()).sum() - before;
  }

  /** A .spz of version 3 with so many zeros behind its header. */
  private static byte[] spz3(long count, int degree, int zeros) throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(packed)) {
      out.write(new SpzHeader(3, count, degree, 12, 0, 0).toBytes());
      byte[] block = new byte[1 << 16];
      for (int left = zeros; left > 0; left -= block.length) {
        out.write(block, 0, Math.min(left, block.length));
      }
    }
    return packed.toByteArray();
  }

  private void assertRefused(String name, byte[] bytes, String sentence) throws IOException {
    Path file = Files.write(folder.resolve(name), bytes);
    assertThatThrownBy(() -> SceneFormats.read(file))
        .isInstanceOf(SceneException.class)
        .hasMessageContaining(sentence);
  }

  private static byte[] resource(String name) throws IOException, URISyntaxException {
    return Files.readAllBytes(Path.of(HostileFilesTest.class.getResource(name).toURI()));
  }
}

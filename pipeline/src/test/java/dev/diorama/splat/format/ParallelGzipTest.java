package dev.diorama.splat.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;

class ParallelGzipTest {

  @Test
  void shouldBeReadAsOneStream() throws IOException {
    Random random = new Random(3);
    List<byte[]> parts = new ArrayList<>();
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    // Noise grows when deflated: some of these fill the writer's buffer to the last byte.
    for (int size = 65_490; size < 65_540; size++) {
      byte[] noise = new byte[size];
      random.nextBytes(noise);
      parts.add(noise);
      parts.add(new byte[size]);
    }
    parts.add(new byte[0]);
    parts.add(new byte[3 << 20]);
    for (byte[] part : parts) {
      all.write(part);
    }
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    ParallelGzip.write(packed, parts.size(), parts::get);
    byte[] bytes = packed.toByteArray();
    assertThat(bytes.length).isLessThan(all.size() / 2);
    try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
      assertThat(in.readAllBytes()).isEqualTo(all.toByteArray());
    }
  }

  @Test
  void shouldHoldNothing() throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    ParallelGzip.write(packed, 0, i -> new byte[i]);
    try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(packed.toByteArray()))) {
      assertThat(in.readAllBytes()).isEmpty();
    }
  }
}

package dev.diorama.splat.data;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.diorama.media.MediaException;
import dev.diorama.splat.Camera;
import dev.diorama.splat.SceneException;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Any bytes are either read or refused with a sentence. Runs the seeds as tests; with {@code
 * JAZZER_FUZZ=1} it searches for more.
 */
class DatasetFuzzTest {
  private static final Path PLACE = Path.of("fuzz", "transforms.json");

  private static final int MUTATIONS = 300;
  private static final byte[] INTERESTING = {
    0, 1, -1, 127, -128, '0', '9', '-', '.', 'e', '"', '['
  };

  private interface Reading {
    void run() throws IOException;
  }

  private static void readOrRefuse(Reading reading) throws IOException {
    try {
      reading.run();
    } catch (SceneException | MediaException e) {
      assertThat(e.getMessage()).isNotBlank().doesNotContain("\n");
    }
  }

  private static void check(Camera camera) {
    assertThat(camera.width()).isBetween(1, Lens.MAX_SIDE);
    assertThat(camera.fx()).isPositive();
    assertThat(Arrays.stream(camera.worldToCamera()).allMatch(Double::isFinite)).isTrue();
  }

  @FuzzTest(maxDuration = "60s")
  void shouldReadOrRefuseAnyJson(byte[] bytes) throws IOException {
    readOrRefuse(() -> {
      JsonFile json = JsonFile.parse("fuzz", bytes);
      // A path of a million frames is right, and slow to make.
      if (!json.node().path("frames").isNumber()) {
        CameraFiles.parse(PLACE, json).cameras().forEach(DatasetFuzzTest::check);
      }
    });
  }

  private static BinaryInput input(byte[] bytes) {
    return new BinaryInput("fuzz", new ByteArrayInputStream(bytes), bytes.length);
  }

  @FuzzTest(maxDuration = "60s")
  void shouldReadOrRefuseAnyBinaryModel(byte[] bytes) throws IOException {
    readOrRefuse(() -> {
      ColmapBuilder builder = new ColmapBuilder(null);
      BinaryInput in = input(bytes);
      ColmapBinary.cameras("fuzz", in, builder);
      ColmapBinary.images("fuzz", in, builder);
      PointCloud points = ColmapBinary.points(in);
      assertThat(points.count()).isLessThanOrEqualTo(bytes.length / 43);
      builder.capture("fuzz", points).shots().forEach(shot -> check(shot.camera()));
    });
  }

  private static ColmapText text(String text) {
    return new ColmapText("fuzz", new BufferedReader(new StringReader(text)));
  }

  /** The three files follow each other, parted by a line of "---". */
  @FuzzTest(maxDuration = "60s")
  void shouldReadOrRefuseAnyTextModel(byte[] bytes) throws IOException {
    String[] parts = new String(bytes, StandardCharsets.UTF_8).split("---\n", 3);
    readOrRefuse(() -> {
      ColmapBuilder builder = new ColmapBuilder(null);
      text(parts[0]).cameras(builder);
      text(parts.length > 1 ? parts[1] : "").images(builder);
      PointCloud points = text(parts.length > 2 ? parts[2] : "").points();
      builder.capture("fuzz", points).shots().forEach(shot -> check(shot.camera()));
    });
  }

  @FuzzTest(maxDuration = "60s")
  void shouldReadOrRefuseAnyArchive(byte[] bytes) throws IOException {
    Path file = Files.createTempFile("fuzz", ".npz");
    try {
      Files.write(file, bytes);
      readOrRefuse(() -> {
        assertThat(NpzCapture.points(file).count()).isNotNegative();
        NpzCapture.cameras(file).forEach(DatasetFuzzTest::check);
      });
    } finally {
      Files.delete(file);
    }
  }

  private interface Target {
    void run(byte[] bytes) throws IOException;
  }

  /** A search without a search engine: the seeds with some bytes changed, cut out or doubled. */
  @Test
  void shouldReadOrRefuseMutationsOfTheSeeds() throws Exception {
    Map<String, Target> targets =
        Map.of(
            "shouldReadOrRefuseAnyJson", this::shouldReadOrRefuseAnyJson,
            "shouldReadOrRefuseAnyBinaryModel", this::shouldReadOrRefuseAnyBinaryModel,
            "shouldReadOrRefuseAnyTextModel", this::shouldReadOrRefuseAnyTextModel,
            "shouldReadOrRefuseAnyArchive", this::shouldReadOrRefuseAnyArchive);
    Path seeds = Path.of(getClass().getResource("DatasetFuzzTestInputs").toURI());
    Random random = new Random(4);
    for (Map.Entry<String, Target> target : targets.entrySet()) {
      try (Stream<Path> files = Files.list(seeds.resolve(target.getKey()))) {
        for (Path file : files.sorted().toList()) {
          byte[] seed = Files.readAllBytes(file);
          for (int i = 0; i < MUTATIONS && seed.length > 0; i++) {
            target.getValue().run(mutated(seed, random));
          }
        }
      }
    }
  }

  private static byte[] mutated(byte[] seed, Random random) {
    byte[] bytes = seed.clone();
    int changes = 1 + random.nextInt(4);
    for (int i = 0; i < changes; i++) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(4)) {
        case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> bytes[at] = INTERESTING[random.nextInt(INTERESTING.length)];
        case 2 -> bytes = Arrays.copyOf(bytes, at + 1);
        default -> {
          int length = random.nextInt(bytes.length - at) + 1;
          byte[] longer = Arrays.copyOf(bytes, bytes.length + length);
          System.arraycopy(bytes, at, longer, bytes.length, length);
          bytes = longer;
        }
      }
    }
    return bytes;
  }
}

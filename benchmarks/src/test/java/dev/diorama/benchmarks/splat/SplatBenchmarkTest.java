package dev.diorama.benchmarks.splat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.diorama.Backend;
import dev.diorama.Context;
import dev.diorama.benchmarks.Machine;
import dev.diorama.benchmarks.Measurement;
import dev.diorama.benchmarks.Peer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is timed is what the reference and the rival draw. */
class SplatBenchmarkTest {
  private static final SplatScene SCENE = SplatScene.procedural(2_000, 1).at(80, 48);

  @Test
  void shouldDrawAsTheReferenceDoes() {
    float[] expected = picture("reference");
    float[] actual = picture("cpu");
    same(actual, expected);
    assertThat(coverage(expected)).isBetween(0.2, 1.0);
  }

  @Test
  void shouldDrawAsPyTorchDoes(@TempDir Path folder) throws IOException {
    Path home = Path.of("").toAbsolutePath().getParent();
    Optional<Peer> peer = Peer.start(home, "torch_splat.py", 1);
    assumeTrue(peer.isPresent(), "Python with PyTorch is absent");
    Path file = folder.resolve("picture.f32");
    try (Peer torch = peer.orElseThrow()) {
      SplatRivals.Answer answer = SplatRivals.measure(torch, SCENE, SCENE.label(), true, file);
      assertThat(answer.medianMs()).isPositive();
    }
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    float[] drawn = new float[bytes.remaining() / Float.BYTES];
    bytes.asFloatBuffer().get(drawn);
    same(picture("cpu"), drawn);
  }

  @Test
  void shouldMeasureTheWholeAndItsParts() throws IOException {
    List<String> said = new ArrayList<>();
    try (Backend backend = Backend.open("cpu", 2);
        Context context = backend.newContext()) {
      SplatBenchmark benchmark =
          new SplatBenchmark(
              context,
              new Machine("test", 2, 1e11, 1e10),
              new SplatRivals(Optional.empty(), Optional.empty()),
              2,
              said::add);
      List<Measurement> results = benchmark.measure(SCENE, true, true);
      assertThat(results).hasSize(7);
      Measurement whole = results.getFirst();
      double parts = results.stream().skip(1).mapToDouble(Measurement::minMs).sum();
      assertThat(parts).isPositive().isLessThan(whole.maxMs() + 1);
      assertThat(whole.floorMs()).isPositive();
      assertThat(said.getLast()).containsPattern("19\\d\\d visible");
    }
  }

  @Test
  void shouldCopyAndEnlarge() {
    SplatScene more = SCENE.withCount(5_000);
    assertThat(more.gaussians().count()).isEqualTo(5_000);
    assertThat(more.gaussians().means()[0]).isEqualTo(SCENE.gaussians().means()[0]);
    assertThat(more.gaussians().means()[6_000]).isNotEqualTo(SCENE.gaussians().means()[0]);
    assertThat(SCENE.scaled(2).gaussians().logScales()[0] - SCENE.gaussians().logScales()[0])
        .isCloseTo((float) Math.log(2), within(1e-6f));
  }

  private static float[] picture(String name) {
    try (Backend backend = Backend.open(name, 2);
        Context context = backend.newContext();
        SplatRun run = new SplatRun(context, SCENE, false)) {
      run.render();
      return run.picture();
    }
  }

  /** But for pixels at a threshold, as the fixtures allow. */
  private static void same(float[] actual, float[] expected) {
    assertThat(actual).hasSameSizeAs(expected);
    int off = 0;
    for (int i = 0; i < actual.length; i++) {
      off += Math.abs(actual[i] - expected[i]) > 1e-4 ? 1 : 0;
    }
    assertThat(off).isLessThanOrEqualTo(actual.length / 1000);
  }

  private static double coverage(float[] picture) {
    int lit = 0;
    for (float value : picture) {
      lit += value > 0.05 ? 1 : 0;
    }
    return lit / (double) picture.length;
  }
}

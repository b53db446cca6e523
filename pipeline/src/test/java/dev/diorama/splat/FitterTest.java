package dev.diorama.splat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diorama.Backend;
import dev.diorama.media.Picture;
import dev.diorama.splat.data.Dataset;
import dev.diorama.splat.data.View;
import dev.diorama.splat.fit.Densification;
import dev.diorama.splat.fit.Evaluation;
import dev.diorama.splat.fit.FitListener;
import dev.diorama.splat.fit.FitOptions;
import dev.diorama.splat.fit.FitOptionsBuilder;
import dev.diorama.splat.fit.LearningRates;
import dev.diorama.splat.fit.Strategy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FitterTest {
  private static Backend backend;
  private static Dataset dataset;

  @TempDir private Path folder;

  @BeforeAll
  static void open() {
    backend = Backend.open("cpu");
    dataset = TinyDatasets.of(backend);
  }

  @AfterAll
  static void close() {
    backend.close();
  }

  /** Constant colours, as the scene's are, and larger steps than for real scenes: few are taken. */
  private static FitOptionsBuilder quick(int iterations) {
    LearningRates rates = new LearningRates(8e-4, 0.1, 5e-3, 2e-2, 5e-2, 1e-2, 0);
    return FitOptions.builder().iterations(iterations).rates(rates).shDegree(0).testEvery(3);
  }

  /** Densification from the start and often, so that short runs see all of it. */
  private static FitOptionsBuilder busy(Strategy strategy, int iterations) {
    return FitOptions.builder()
        .iterations(iterations)
        .shDegree(1)
        .testEvery(3)
        .densification(new Densification(strategy, 60, 0, iterations, 10, 0.01, 0.01));
  }

  @ParameterizedTest
  @EnumSource(Strategy.class)
  void shouldFindASceneThatIsKnown(Strategy strategy) {
    FitOptions options = quick(400).strategy(strategy).cap(60).build();
    try (Fitter fitter = Fitter.begin(backend, dataset, options)) {
      Evaluation before = fitter.evaluate();
      List<Double> losses = new ArrayList<>();
      assertThat(fitter.run((i, n, loss, g) -> losses.add(loss.getAsDouble()), () -> false))
          .isTrue();
      Evaluation after = fitter.evaluate();
      assertThat(losses).hasSize(400);
      assertThat(after.heldOut()).isTrue();
      assertThat(after.views()).isEqualTo(6);
      // Found when this was written: 34.1 dB by MCMC, 28.9 dB by the classic strategy.
      assertThat(after.psnr()).isGreaterThan(27).isGreaterThan(before.psnr() + 8);
      assertThat(after.ssim()).isGreaterThan(0.92);
      assertThat(fitter.history()).containsExactly(before, after);
      assertThat(fitter.step()).isFalse();
    }
  }

  @Test
  void shouldMeasureWhatThePicturesSay() {
    FitOptions options = FitOptions.builder().iterations(30).testEvery(0).build();
    try (Fitter fitter = Fitter.begin(backend, dataset, options)) {
      fitter.run(FitListener.NONE, () -> false);
      Evaluation measured = fitter.evaluate();
      assertThat(measured.heldOut()).isFalse();
      assertThat(measured.views()).isEqualTo(TinyDatasets.VIEWS);
      double psnr = 0;
      for (View view : dataset.views()) {
        psnr += psnr(view.picture(), fitter.picture(view.camera())) / TinyDatasets.VIEWS;
      }
      // The pictures are rounded to bytes once more than what was measured.
      assertThat(measured.psnr()).isCloseTo(psnr, within(0.05));
    }
  }

  private static double psnr(Picture a, Picture b) {
    double sum = 0;
    for (int i = 0; i < a.rgb().length; i++) {
      double difference = ((a.rgb()[i] & 0xff) - (b.rgb()[i] & 0xff)) / 255.0;
      sum += difference * difference;
    }
    return -10 * Math.log10(sum / a.rgb().length);
  }

  @Test
  void shouldGrowToTheCapAndNotBeyond() {
    try (Fitter fitter = Fitter.begin(backend, dataset, busy(Strategy.MCMC, 150).build())) {
      int before = fitter.count();
      assertThat(before).isEqualTo(TinyDatasets.GAUSSIANS);
      fitter.run(
          (i, n, loss, gaussians) -> assertThat(gaussians).isBetween(before, 60), () -> false);
      assertThat(fitter.count()).isEqualTo(60);
      Gaussians scene = fitter.scene();
      assertThat(scene.count()).isEqualTo(60);
      for (float value : scene.means()) {
        assertThat(value).isFinite();
      }
    }
  }

  @Test
  void shouldSplitCloneAndPrune() {
    try (Fitter fitter = Fitter.begin(backend, dataset, busy(Strategy.CLASSIC, 150).build())) {
      List<Integer> counts = new ArrayList<>();
      fitter.run((i, n, loss, gaussians) -> counts.add(gaussians), () -> false);
      assertThat(counts).allMatch(count -> count <= 60);
      assertThat(counts.getLast()).isGreaterThan(TinyDatasets.GAUSSIANS);
    }
  }

  @ParameterizedTest
  @EnumSource(Strategy.class)
  void shouldGoOnFromACheckpointAsIfNothingHadHappened(Strategy strategy) throws IOException {
    Path file = folder.resolve("fit.safetensors");
    Gaussians whole;
    try (Fitter fitter = Fitter.begin(backend, dataset, busy(strategy, 60).build())) {
      fitter.run(FitListener.NONE, () -> fitter.iteration() == 33);
      fitter.evaluate();
      fitter.save(file);
      assertThat(fitter.run(FitListener.NONE, () -> false)).isTrue();
      whole = fitter.scene();
    }
    try (Fitter fitter = Fitter.resume(backend, dataset, file)) {
      assertThat(fitter.iteration()).isEqualTo(33);
      assertThat(fitter.history()).hasSize(1);
      assertThat(fitter.options()).isEqualTo(busy(strategy, 60).build());
      fitter.run(FitListener.NONE, () -> false);
      Gaussians again = fitter.scene();
      assertThat(again.means()).isEqualTo(whole.means());
      assertThat(again.quats()).isEqualTo(whole.quats());
      assertThat(again.logScales()).isEqualTo(whole.logScales());
      assertThat(again.logitOpacities()).isEqualTo(whole.logitOpacities());
      assertThat(again.sh()).isEqualTo(whole.sh());
    }
  }

  @Test
  void shouldStopWhenAskedAndKeepWhatIsThere() {
    try (Fitter fitter = Fitter.begin(backend, dataset, busy(Strategy.MCMC, 50).build())) {
      assertThat(fitter.run(FitListener.NONE, () -> fitter.iteration() == 7)).isFalse();
      assertThat(fitter.iteration()).isEqualTo(7);
      assertThat(fitter.scene().count()).isEqualTo(fitter.count());
    }
  }

  @Test
  void shouldBeginAtRandomWhereThereAreNoPoints() {
    Dataset bare = new Dataset(dataset.views(), null);
    FitOptions options = quick(200).initialPoints(200).cap(200).build();
    try (Fitter fitter = Fitter.begin(backend, bare, options)) {
      double before = fitter.evaluate().psnr();
      assertThat(fitter.count()).isEqualTo(200);
      fitter.run(FitListener.NONE, () -> false);
      assertThat(fitter.evaluate().psnr()).isGreaterThan(before + 5);
    }
  }

  @Test
  void shouldIgnoreWhatIsMasked() {
    List<View> spoilt = new ArrayList<>();
    for (View view : dataset.views()) {
      byte[] rgb = view.picture().rgb().clone();
      byte[] mask = new byte[32 * 24];
      for (int i = 0; i < mask.length; i++) {
        boolean kept = i % 32 >= 8;
        mask[i] = (byte) (kept ? 255 : 0);
        for (int c = 0; c < 3 && !kept; c++) {
          rgb[3 * i + c] = (byte) 255;
        }
      }
      spoilt.add(new View(view.name(), view.camera(), new Picture(32, 24, rgb), mask));
    }
    Dataset masked = new Dataset(spoilt, dataset.points());
    FitOptions options = quick(300).cap(60).build();
    try (Fitter fitter = Fitter.begin(backend, masked, options)) {
      fitter.run(FitListener.NONE, () -> false);
      assertThat(fitter.evaluate().psnr()).isGreaterThan(28);
    }
  }

  @Test
  void shouldRefuseACheckpointOfAnotherDatasetOrADamagedOne() throws IOException {
    Path file = folder.resolve("fit.safetensors");
    try (Fitter fitter = Fitter.begin(backend, dataset, busy(Strategy.CLASSIC, 20).build())) {
      fitter.run(FitListener.NONE, () -> fitter.iteration() == 5);
      fitter.save(file);
    }
    Dataset other = new Dataset(dataset.views().subList(1, 18), dataset.points());
    assertThatThrownBy(() -> Fitter.resume(backend, other, file))
        .isInstanceOf(SceneException.class)
        .hasMessageContaining("another dataset");
    byte[] bytes = Files.readAllBytes(file);
    String header = new String(bytes, 0, 4000, java.nio.charset.StandardCharsets.ISO_8859_1);
    String[][] damages = {
      {"\"iteration\":\"5\"", "\"iteration\":\"9\"", null},
      {"\"iteration\":\"5\"", "\"iteration\":\"x\"", "damaged"},
      {"\"iteration\":\"5\"", "\"iterat_on\":\"5\"", "no iteration"},
      {"iterations\\\":20", "iterations\\\":-2", "damaged"},
      {"\"diorama.fit\":\"1\"", "\"diorama.fit\":\"2\"", "not a checkpoint"},
      {"\"means\":", "\"meanz\":", "'means' is missing"},
    };
    for (String[] damage : damages) {
      assertThat(header).contains(damage[0]);
      byte[] changed = bytes.clone();
      byte[] with = damage[1].getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
      System.arraycopy(with, 0, changed, header.indexOf(damage[0]), with.length);
      Path spoilt = folder.resolve("spoilt.safetensors");
      Files.write(spoilt, changed);
      if (damage[2] == null) {
        Fitter.resume(backend, dataset, spoilt).close();
      } else {
        assertThatThrownBy(() -> Fitter.resume(backend, dataset, spoilt))
            .isInstanceOf(IOException.class)
            .hasMessageContaining(damage[2]);
      }
    }
    Files.write(folder.resolve("short"), java.util.Arrays.copyOf(bytes, bytes.length - 100));
    assertThatThrownBy(() -> Fitter.resume(backend, dataset, folder.resolve("short")))
        .isInstanceOf(IOException.class);
  }

  @Test
  void shouldRefuseOptionsThatCannotBe() {
    FitOptions two = FitOptions.builder().testEvery(2).build();
    Dataset one = new Dataset(dataset.views().subList(0, 1), null);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Fitter.begin(backend, one, two))
        .withMessageContaining("leave none to learn from");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> FitOptions.builder().iterations(0).build())
        .withMessageContaining("0 iterations");
    assertThatIllegalArgumentException().isThrownBy(() -> FitOptions.builder().cap(0).build());
    assertThatIllegalArgumentException().isThrownBy(() -> FitOptions.builder().shDegree(4).build());
    assertThatIllegalArgumentException()
        .isThrownBy(() -> FitOptions.builder().ssimWeight(Double.NaN).build());
    assertThatIllegalArgumentException()
        .isThrownBy(() -> FitOptions.builder().testEvery(1).build());
  }
}

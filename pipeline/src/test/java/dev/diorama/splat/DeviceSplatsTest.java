package dev.diorama.splat;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diorama.Backend;
import dev.diorama.CameraModel;
import dev.diorama.SplatSettings;
import dev.diorama.splat.Rendering.Channel;
import dev.diorama.splat.data.Dataset;
import dev.diorama.splat.data.View;
import dev.diorama.splat.fit.Densification;
import dev.diorama.splat.fit.Evaluation;
import dev.diorama.splat.fit.FitListener;
import dev.diorama.splat.fit.FitOptions;
import dev.diorama.splat.fit.LearningRates;
import dev.diorama.splat.fit.Strategy;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Rendering and fitting on a device: cuda where there is a card, else simt, whose memory is as far
 * from Java and which is slow, so that scenes and pictures are small.
 */
@Timeout(300)
class DeviceSplatsTest {
  /** What pictures may differ by, but for one pixel in a thousand: those at thresholds. */
  private static final double PICTURE = 1e-4;

  private Backend device;
  private Backend host;

  @BeforeEach
  void open() {
    device = Backend.open(name(), 2);
    host = Backend.open("cpu", 2);
  }

  @AfterEach
  void close() {
    device.close();
    host.close();
  }

  static String name() {
    boolean card =
        Backend.list().stream().anyMatch(row -> row.name().equals("cuda") && row.available());
    return card ? "cuda" : "simt";
  }

  private static Gaussians cloud(int count, int degree) {
    Random random = new Random(7);
    Gaussians scene = Gaussians.zeros(count, degree);
    for (float[] values : new float[][] {scene.means(), scene.quats(), scene.sh()}) {
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) random.nextGaussian() * 0.5f;
      }
    }
    for (int i = 0; i < scene.logScales().length; i++) {
      scene.logScales()[i] = (float) (random.nextGaussian() * 0.3 - 2);
    }
    return scene;
  }

  private static Camera camera(CameraModel model, double x) {
    double focal = model == CameraModel.ORTHOGRAPHIC ? 14 : 34;
    return Camera.lookAt(
        model, 45, 27, focal, new double[] {x, 0.2, -3}, new double[3], new double[] {0, -1, 0});
  }

  @ParameterizedTest
  @EnumSource(CameraModel.class)
  void shouldDrawWhatTheHostDraws(CameraModel model) {
    Set<Channel> all = EnumSet.allOf(Channel.class);
    Gaussians scene = cloud(250, 3);
    SplatSettings settings = SplatSettings.DEFAULT.withBackground(0.2f, 0.5f, 1);
    try (Renderer here = Renderer.open(host, scene);
        Renderer there = Renderer.open(device, scene)) {
      Rendering expected = here.render(camera(model, 0.5), settings, all);
      Rendering found = there.render(camera(model, 0.5), settings, all);
      check(found.rgb(), expected.rgb(), 3);
      check(found.alpha(), expected.alpha(), 1);
      check(found.depth(), expected.depth(), 1);
      check(found.normals(), expected.normals(), 3);
      assertThat(there.stats().visible()).isEqualTo(here.stats().visible()).isPositive();
    }
  }

  private static void check(float[] found, float[] expected, int channels) {
    assertThat(found).hasSameSizeAs(expected);
    int off = 0;
    int pixels = expected.length / channels;
    for (int i = 0; i < pixels; i++) {
      boolean close = true;
      for (int k = i * channels; k < (i + 1) * channels; k++) {
        close &= Math.abs(found[k] - expected[k]) <= PICTURE;
      }
      off += close ? 0 : 1;
    }
    assertThat(off).as("pixels that are off").isLessThanOrEqualTo(pixels / 1000);
  }

  /** With Gaussians that move and more of them, noise, masks and a checkpoint on the way. */
  @ParameterizedTest
  @EnumSource(Strategy.class)
  void shouldFitAndDoSoTheSameTwice(Strategy strategy, @TempDir Path folder) throws IOException {
    Dataset dataset = masked(TinyDatasets.of(host));
    FitOptions options =
        FitOptions.builder()
            .iterations(40)
            .shDegree(1)
            .rates(new LearningRates(8e-4, 0.1, 5e-3, 2e-2, 5e-2, 1e-2, 0))
            .testEvery(3)
            .densification(new Densification(strategy, 60, 0, 40, 10, 0.01, 0.01))
            .build();
    Gaussians once;
    try (Fitter fitter = Fitter.begin(device, dataset, options)) {
      Evaluation before = fitter.evaluate();
      assertThat(fitter.run(FitListener.NONE, () -> false)).isTrue();
      assertThat(fitter.evaluate().psnr()).isGreaterThan(before.psnr() + 1);
      once = fitter.scene();
    }
    Path file = folder.resolve("fit.safetensors");
    try (Fitter fitter = Fitter.begin(device, dataset, options)) {
      fitter.run(FitListener.NONE, () -> fitter.iteration() == 17);
      fitter.save(file);
    }
    try (Fitter fitter = Fitter.resume(device, dataset, file)) {
      fitter.run(FitListener.NONE, () -> false);
      Gaussians again = fitter.scene();
      assertThat(again.means()).isEqualTo(once.means());
      assertThat(again.quats()).isEqualTo(once.quats());
      assertThat(again.logScales()).isEqualTo(once.logScales());
      assertThat(again.logitOpacities()).isEqualTo(once.logitOpacities());
      assertThat(again.sh()).isEqualTo(once.sh());
    }
  }

  /** The left quarter of each picture does not count. */
  private static Dataset masked(Dataset dataset) {
    List<View> views = new ArrayList<>();
    for (View view : dataset.views()) {
      byte[] mask = new byte[view.picture().width() * view.picture().height()];
      for (int i = 0; i < mask.length; i++) {
        mask[i] = (byte) (i % view.picture().width() < view.picture().width() / 4 ? 0 : 255);
      }
      views.add(new View(view.name(), view.camera(), view.picture(), mask));
    }
    return new Dataset(views, dataset.points());
  }

  @Test
  void shouldDrawTheSameBytesTwiceAndSeveralAtOnce() throws IOException {
    List<Camera> cameras = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      cameras.add(camera(CameraModel.PINHOLE, 0.4 * i - 0.8));
    }
    Gaussians scene = cloud(150, 1);
    try (Renderer renderer = Renderer.open(device, scene);
        RenderQueue queue = RenderQueue.of(renderer)) {
      List<byte[]> alone = new ArrayList<>();
      cameras.forEach(camera -> alone.add(renderer.renderRgb8(camera, SplatSettings.DEFAULT)));
      List<byte[]> queued = new ArrayList<>();
      Set<Renderer> drawers = java.util.concurrent.ConcurrentHashMap.newKeySet();
      queue.draw(
          cameras,
          (drawer, camera) -> {
            drawers.add(drawer);
            return drawer.renderRgb8(camera, SplatSettings.DEFAULT);
          },
          (index, picture) -> queued.add(picture));
      assertThat(drawers).as("on a device two draw").hasSize(2);
      assertThat(queued).usingRecursiveComparison().isEqualTo(alone);
    }
  }
}

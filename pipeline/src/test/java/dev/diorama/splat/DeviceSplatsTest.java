package dev.diorama.splat;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diorama.Backend;
import dev.diorama.CameraModel;
import dev.diorama.SplatSettings;
import dev.diorama.splat.Rendering.Channel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Rendering on a device: cuda where there is a card, else simt, whose memory is as far from Java
 * and which is slow, so that scenes and pictures are small.
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

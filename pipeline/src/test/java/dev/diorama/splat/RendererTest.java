package dev.diorama.splat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diorama.Backend;
import dev.diorama.CameraModel;
import dev.diorama.DType;
import dev.diorama.SplatSettings;
import dev.diorama.media.Samples;
import dev.diorama.splat.Rendering.Channel;
import java.util.EnumSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class RendererTest {
  private static final Camera CAMERA =
      Camera.lookAt(
          CameraModel.PINHOLE,
          33,
          17,
          30,
          new double[] {0, 0, -4},
          new double[3],
          new double[] {0, -1, 0});

  private static final SplatSettings WHITE =
      new SplatSettings(false, -1, 0.01f, 1e10f, 0.3f, 1 / 255f, 0.99f, 0, 1e-4f, 1, 1, 1);

  /** A large red ball at the origin, as opaque as may be. */
  private static Gaussians ball() {
    Gaussians scene = Gaussians.zeros(1, 0);
    scene.quats()[0] = 1;
    scene.logitOpacities()[0] = 20;
    scene.sh()[0] = (float) (0.5 / 0.28209479177387814);
    scene.sh()[1] = (float) (-0.5 / 0.28209479177387814);
    scene.sh()[2] = scene.sh()[1];
    return scene;
  }

  private static Gaussians cloud(int count, int degree) {
    Random random = new Random(7);
    Gaussians scene = Gaussians.zeros(count, degree);
    for (float[] values : new float[][] {scene.means(), scene.quats(), scene.sh()}) {
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) random.nextGaussian() * 0.5f;
      }
    }
    java.util.Arrays.fill(scene.logScales(), -2);
    return scene;
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void shouldDrawEveryChannel(String name) {
    try (Backend backend = Backend.open(name, 2);
        Renderer renderer = Renderer.open(backend, ball())) {
      Rendering picture = renderer.render(CAMERA, WHITE, EnumSet.allOf(Channel.class));
      int middle = 8 * 33 + 16;
      // alpha_max is 0.99: a hundredth of the white background is seen.
      assertThat(picture.alpha()[middle]).isCloseTo(0.99f, within(1e-4f));
      assertThat(picture.rgb()[3 * middle]).isCloseTo(1f, within(1e-4f));
      assertThat(picture.rgb()[3 * middle + 1]).isCloseTo(0.01f, within(1e-4f));
      assertThat(picture.depth()[middle]).isCloseTo(0.99f * 4, within(1e-3f));
      assertThat(picture.expectedDepth()[middle]).isCloseTo(4f, within(1e-3f));
      assertThat(picture.normals()).hasSize(33 * 17 * 3);
      assertThat(renderer.stats().gaussians()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @EnumSource(CameraModel.class)
  void shouldDrawTheSameOnBothBackends(CameraModel model) {
    Camera camera = new Camera(model, 33, 17, 12, 12, 16.5, 8.5, CAMERA.worldToCamera());
    Rendering[] pictures = new Rendering[2];
    for (int i = 0; i < 2; i++) {
      try (Backend backend = Backend.open(i == 0 ? "cpu" : "reference", 2);
          Renderer renderer = Renderer.open(backend, cloud(300, 2))) {
        pictures[i] = renderer.render(camera, SplatSettings.DEFAULT, Set.of(Channel.RGB));
      }
    }
    int off = 0;
    for (int i = 0; i < pictures[0].rgb().length; i++) {
      off += Math.abs(pictures[0].rgb()[i] - pictures[1].rgb()[i]) > 1e-4 ? 1 : 0;
    }
    // The bound: but for a few pixels at thresholds.
    assertThat(off).isLessThanOrEqualTo(pictures[0].rgb().length / 1000);
  }

  @Test
  void shouldLeaveOutWhatIsNotAskedFor() {
    try (Backend backend = Backend.open("cpu", 1);
        Renderer renderer = Renderer.open(backend, ball())) {
      Rendering picture = renderer.render(CAMERA, WHITE, Set.of(Channel.ALPHA));
      assertThat(picture.rgb()).isNull();
      assertThat(picture.alpha()).isNotNull();
      assertThatThrownBy(() -> renderer.render(CAMERA, WHITE, Set.of()))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void shouldRoundColoursToBytesAsFilesHoldThem() {
    try (Backend backend = Backend.open("cpu", 2);
        Renderer renderer = Renderer.open(backend, cloud(300, 2))) {
      for (int size : new int[] {33, 8, 33}) {
        Camera camera = CAMERA.scaled(size, size);
        float[] rgb = renderer.render(camera, WHITE, Set.of(Channel.RGB)).rgb();
        assertThat(renderer.renderRgb8(camera, WHITE)).isEqualTo(Samples.toBytes(rgb));
      }
    }
  }

  @Test
  void shouldDrawSizesOneAfterTheOther() {
    try (Backend backend = Backend.open("cpu", 2);
        Renderer renderer = Renderer.open(backend, ball())) {
      for (int size : new int[] {1, 40, 7, 40}) {
        Rendering picture =
            renderer.render(CAMERA.scaled(size, size), WHITE, Set.of(Channel.RGB, Channel.DEPTH));
        assertThat(picture.rgb()).hasSize(3 * size * size);
        assertThat(picture.depth()).hasSize(size * size);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void shouldUploadOnlyTheDegreesThatAreDrawn(int degree) {
    Gaussians scene = cloud(100_000, 3);
    Gaussians cut = Gaussians.zeros(scene.count(), degree);
    int all = 3 * scene.coefficients();
    int used = 3 * cut.coefficients();
    for (int i = 0; i < scene.count(); i++) {
      System.arraycopy(scene.sh(), i * all, cut.sh(), i * used, used);
    }
    Gaussians same =
        new Gaussians(
            scene.means(),
            scene.quats(),
            scene.logScales(),
            scene.logitOpacities(),
            cut.sh(),
            degree);
    try (Backend backend = Backend.open("cpu", 2);
        Renderer whole = Renderer.open(backend, scene, degree);
        Renderer part = Renderer.open(backend, same)) {
      float[] expected = part.render(CAMERA, WHITE, Set.of(Channel.RGB)).rgb();
      assertThat(whole.render(CAMERA, WHITE, Set.of(Channel.RGB)).rgb()).isEqualTo(expected);
    }
  }

  /**
   * Coefficients below 2.5 are off by 2.5 * 2^-11 at most, and the 16 harmonics' squares add up to
   * 16 / (4 pi): by Cauchy and Schwarz a colour is off by sqrt(16 * 16 / (4 pi)) times as much.
   */
  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference", "simt"})
  void shouldDrawWithHarmonicsOfHalfTheSize(String name) {
    Gaussians scene = cloud(200, 3);
    try (Backend backend = Backend.open(name, 2);
        Renderer wide = Renderer.open(backend, scene, 3, DType.F32);
        Renderer narrow = Renderer.open(backend, scene, 3, DType.F16);
        Renderer part = Renderer.open(backend, scene, 1, DType.F16)) {
      float[] expected = wide.render(CAMERA, WHITE, Set.of(Channel.RGB)).rgb();
      float[] found = narrow.render(CAMERA, WHITE, Set.of(Channel.RGB)).rgb();
      assertThat(found).isNotEqualTo(expected);
      for (int i = 0; i < found.length; i++) {
        assertThat(found[i]).isCloseTo(expected[i], within(0.0056f));
      }
      assertThat(part.render(CAMERA, WHITE, Set.of(Channel.RGB)).rgb()).isNotEqualTo(found);
      assertThatThrownBy(() -> Renderer.open(backend, scene, 3, DType.BF16))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("harmonics are F32 or F16, got BF16");
    }
  }

  @Test
  void shouldShowTheBackgroundOfAnEmptyScene() {
    for (int degree = 0; degree <= 3; degree++) {
      try (Backend backend = Backend.open("cpu", 1);
          Renderer renderer = Renderer.open(backend, Gaussians.zeros(0, degree))) {
        Rendering picture = renderer.render(CAMERA, WHITE, Set.of(Channel.RGB));
        assertThat(picture.rgb()).containsOnly(1f);
      }
    }
  }

  @Test
  void shouldRefuseUseAfterCloseAndCamerasThatAreNone() {
    try (Backend backend = Backend.open("cpu", 1)) {
      Renderer renderer = Renderer.open(backend, ball());
      Camera flat = new Camera(CameraModel.PINHOLE, 8, 8, 0, 8, 4, 4, CAMERA.worldToCamera());
      assertThatThrownBy(() -> renderer.render(flat, WHITE, Set.of(Channel.RGB)))
          .isInstanceOf(RuntimeException.class)
          .hasMessageContaining("fx");
      renderer.close();
      renderer.close();
      assertThatThrownBy(() -> renderer.render(CAMERA, WHITE, Set.of(Channel.RGB)))
          .isInstanceOf(IllegalStateException.class);
    }
  }

  /** What 200,000 take, times 25, and Java's own 300 MB. */
  @Test
  void shouldDrawFiveMillionInLessThanFourGigabytes() {
    int count = 200_000;
    Gaussians scene = cloud(count, 3);
    java.util.Arrays.fill(scene.logScales(), -5);
    long floats = 3 + 4 + 3 + 1 + 48;
    try (Backend backend = Backend.open("cpu", 2);
        Renderer renderer = Renderer.open(backend, scene)) {
      renderer.render(CAMERA.scaled(1920, 1080), WHITE, Set.of(Channel.RGB));
      long picture = 3L * 1920 * 1080 * Float.BYTES;
      // Once on the heap, while it is read, and once in the backend's memory.
      long scenes = 2 * count * floats * Float.BYTES;
      double five = 25.0 * (scenes + renderer.stats().bytes()) + 2 * picture + 3e8;
      assertThat(renderer.stats().visible()).isGreaterThan(count / 2);
      assertThat(five).isLessThan(4e9);
    }
  }
}

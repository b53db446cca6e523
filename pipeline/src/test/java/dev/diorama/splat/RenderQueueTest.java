package dev.diorama.splat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diorama.Backend;
import dev.diorama.CameraModel;
import dev.diorama.SplatSettings;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class RenderQueueTest {
  private static final SplatSettings SETTINGS = SplatSettings.DEFAULT;

  private Backend backend;
  private Renderer renderer;

  @BeforeEach
  void open() {
    backend = Backend.open("cpu", 2);
    renderer = Renderer.open(backend, cloud());
  }

  /** Nothing of a queue is left: the backend would refuse to close. */
  @AfterEach
  void close() {
    renderer.close();
    backend.close();
  }

  private static Gaussians cloud() {
    Random random = new Random(3);
    Gaussians scene = Gaussians.zeros(200, 1);
    for (float[] values : new float[][] {scene.means(), scene.quats(), scene.sh()}) {
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) random.nextGaussian();
      }
    }
    java.util.Arrays.fill(scene.logScales(), -2);
    return scene;
  }

  private static List<Camera> cameras(int count) {
    List<Camera> cameras = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      cameras.add(
          Camera.lookAt(
              CameraModel.PINHOLE,
              24 + i,
              18,
              20,
              new double[] {0.3 * i - 1, 0, -4},
              new double[3],
              new double[] {0, -1, 0}));
    }
    return cameras;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 8})
  void shouldHandOverAllPicturesInOrder(int atOnce) throws IOException {
    List<Camera> cameras = cameras(7);
    List<byte[]> expected = new ArrayList<>();
    cameras.forEach(camera -> expected.add(renderer.renderRgb8(camera, SETTINGS)));
    List<byte[]> pictures = new ArrayList<>();
    try (RenderQueue queue = RenderQueue.of(renderer, atOnce)) {
      for (int round = 0; round < 2; round++) {
        pictures.clear();
        queue.draw(
            cameras,
            (drawer, camera) -> drawer.renderRgb8(camera, SETTINGS),
            (index, picture) -> {
              assertThat(index).isEqualTo(pictures.size());
              pictures.add(picture);
            });
        assertThat(pictures).usingRecursiveComparison().isEqualTo(expected);
      }
      queue.draw(List.of(), (drawer, camera) -> 1, (index, picture) -> pictures.clear());
    }
    assertThat(pictures).isNotEmpty();
  }

  /** The second picture's drawing begins before the first one's use ends, or nothing would end. */
  @Test
  void shouldDrawThePictureAfterTheOneThatIsUsed() throws IOException {
    CountDownLatch second = new CountDownLatch(2);
    try (RenderQueue queue = RenderQueue.of(renderer, 2)) {
      queue.draw(
          cameras(3),
          (drawer, camera) -> {
            second.countDown();
            return drawer.renderRgb8(camera, SETTINGS);
          },
          (index, picture) -> assertThat(await(second)).isTrue());
    }
  }

  private static boolean await(CountDownLatch latch) {
    try {
      return latch.await(50, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void shouldNeverHaveMoreUnderWay(int atOnce) throws IOException {
    AtomicInteger drawn = new AtomicInteger();
    try (RenderQueue queue = RenderQueue.of(renderer, atOnce)) {
      queue.draw(
          cameras(9),
          (drawer, camera) -> drawn.incrementAndGet(),
          (index, picture) -> assertThat(drawn.get() - index - 1).isLessThanOrEqualTo(atOnce));
    }
    assertThat(drawn).hasValue(9);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void shouldThrowWhatADrawingThrows(int atOnce) {
    AtomicInteger used = new AtomicInteger();
    IllegalStateException mine = new IllegalStateException("mine");
    try (RenderQueue queue = RenderQueue.of(renderer, atOnce)) {
      List<Camera> cameras = cameras(6);
      assertThatThrownBy(() ->
              queue.draw(
                  cameras,
                  (drawer, camera) -> {
                    if (camera == cameras.get(2)) {
                      throw mine;
                    }
                    return drawer.renderRgb8(camera, SETTINGS);
                  },
                  (index, picture) -> used.incrementAndGet()))
          .isSameAs(mine);
    }
    assertThat(used).hasValue(2);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void shouldStopWhereAUseThrows(int atOnce) throws IOException {
    AtomicInteger under = new AtomicInteger();
    try (RenderQueue queue = RenderQueue.of(renderer, atOnce)) {
      assertThatThrownBy(() ->
              queue.draw(
                  cameras(8),
                  (drawer, camera) -> {
                    under.incrementAndGet();
                    byte[] picture = drawer.renderRgb8(camera, SETTINGS);
                    under.decrementAndGet();
                    return picture;
                  },
                  (index, picture) -> {
                    if (index == 3) {
                      throw new IOException("the disk is full");
                    }
                  }))
          .isInstanceOf(IOException.class)
          .hasMessage("the disk is full");
      assertThat(under).as("pictures under way").hasValue(0);
      // And it can be used again.
      queue.draw(cameras(2), (drawer, camera) -> 1, (index, picture) -> under.incrementAndGet());
    }
    assertThat(under).hasValue(2);
  }

  @Test
  void shouldEndWhenItIsInterrupted() {
    try (RenderQueue queue = RenderQueue.of(renderer, 2)) {
      Thread.currentThread().interrupt();
      assertThatThrownBy(() ->
              queue.draw(
                  cameras(4),
                  (drawer, camera) -> drawer.renderRgb8(camera, SETTINGS),
                  (index, picture) -> {}))
          .isInstanceOf(CancellationException.class);
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void shouldRefuseNumbersThatCannotBe() {
    for (int atOnce : new int[] {-1, 0, 9}) {
      assertThatThrownBy(() -> RenderQueue.of(renderer, atOnce))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("a queue has 1 to 8 pictures under way, got " + atOnce);
    }
  }
}

package dev.diorama.splat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.diorama.Backend;
import dev.diorama.SplatSettings;
import dev.diorama.splat.Rendering.Channel;
import dev.diorama.splat.data.CameraFiles;
import dev.diorama.splat.data.SceneSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Real points and cameras: gsplat's garden, read where it lies beside the clone. */
class GardenTest {
  private static final Path GARDEN =
      Path.of(System.getProperty("diorama.home", "."), "../shared/data/test_garden.npz");
  private static final int POINTS = 138_766;

  @Test
  void shouldDrawAsTheReferenceDoes() throws Exception {
    assumeTrue(Files.exists(GARDEN), "the garden is not beside this clone");
    Gaussians scene = SceneSource.read(GARDEN).scene();
    assertThat(scene.count()).isEqualTo(POINTS);
    CameraPath path = CameraFiles.read(GARDEN);
    assertThat(path.cameras()).hasSize(3).allMatch(c -> c.width() == 648 && c.height() == 420);
    Set<Channel> channels = Set.of(Channel.RGB, Channel.ALPHA);
    List<Rendering> wanted = draw("reference", scene, path.fitted(162, 105), channels);
    List<Rendering> found = draw("cpu", scene, path.fitted(162, 105), channels);
    for (int c = 0; c < 3; c++) {
      float[] a = wanted.get(c).rgb();
      float[] b = found.get(c).rgb();
      int off = 0;
      for (int pixel = 0; pixel < a.length; pixel += 3) {
        boolean near = true;
        for (int i = pixel; i < pixel + 3; i++) {
          near &= Math.abs(a[i] - b[i]) <= 1e-4f;
        }
        off += near ? 0 : 1;
      }
      // But for a thousandth of the pixels, at thresholds.
      assertThat(off).as("pixels that differ from camera %d", c).isLessThanOrEqualTo(17);
    }
  }

  @Test
  void shouldShowTheTableInFrontOfTheTrees() throws Exception {
    assumeTrue(Files.exists(GARDEN), "the garden is not beside this clone");
    SceneSource source = SceneSource.read(GARDEN);
    CameraPath path = new CameraPath(source.cameras(), 24);
    Set<Channel> channels = Set.of(Channel.EXPECTED_DEPTH, Channel.ALPHA);
    Rendering picture = draw("cpu", source.scene(), path, channels).get(1);
    // The table's edge, and the trees above it.
    double table = picture.expectedDepth()[255 * 648 + 320];
    double trees = picture.expectedDepth()[60 * 648 + 500];
    assertThat(table).isPositive().isLessThan(trees);
    OrbitShape shape = OrbitShape.of(source.cameras(), Framing.up(source.cameras()));
    assertThat(shape.radius()).isBetween(table / 2, table * 2);
  }

  private static List<Rendering> draw(
      String name, Gaussians scene, CameraPath path, Set<Channel> channels) {
    List<Rendering> pictures = new ArrayList<>();
    try (Backend backend = Backend.open(name, 2);
        Renderer renderer = Renderer.open(backend, scene)) {
      for (Camera camera : path.cameras()) {
        pictures.add(renderer.render(camera, SplatSettings.DEFAULT, channels));
      }
    }
    return pictures;
  }
}

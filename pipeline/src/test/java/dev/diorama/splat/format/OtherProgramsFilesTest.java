package dev.diorama.splat.format;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diorama.splat.Gaussians;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Files that other programs made of our scenes; the resources' README names them. */
class OtherProgramsFilesTest {
  @Test
  void shouldReadPlyWithoutNormals() throws Exception {
    Gaussians scene = read("scene-60-sh3.ply", 60, 3);
    Gaussians made = Scenes.random(60, 3);
    assertThat(scene.means()).containsExactly(made.means());
    assertThat(scene.quats()).containsExactly(made.quats());
    assertThat(scene.logScales()).containsExactly(made.logScales());
    assertThat(scene.logitOpacities()).containsExactly(made.logitOpacities());
    assertThat(scene.sh()).containsExactly(made.sh());
  }

  @Test
  void shouldReadCompressedPly() throws Exception {
    check("scene-300-sh2.compressed.ply", 300, 2, Bounds.COMPRESSED_PLY);
  }

  @Test
  void shouldReadSplat() throws Exception {
    check("scene-200-sh0.splat", 200, 0, Bounds.SPLAT_CUT);
  }

  @Test
  void shouldReadSpzOfEveryVersion() throws Exception {
    check("scene-150-sh2.v2.spz", 150, 2, Bounds.SPZ_2);
    check("scene-150-sh3.v3.spz", 150, 3, Bounds.SPZ);
    check("scene-150-sh3.v4.spz", 150, 3, Bounds.SPZ);
  }

  @Test
  void shouldReadKsplatOfEveryLevel() throws Exception {
    check("scene-100-sh1.level0.ksplat", 100, 1, Bounds.KSPLAT_0);
    check("scene-150-sh2.level1.ksplat", 150, 2, Bounds.KSPLAT_1);
    check("scene-200-sh2.level2.ksplat", 200, 2, Bounds.KSPLAT_2);
  }

  private static void check(String name, int count, int degree, Bounds bounds) throws Exception {
    bounds.check(read(name, count, degree), Scenes.random(count, degree));
  }

  private static Gaussians read(String name, int count, int degree)
      throws IOException, URISyntaxException {
    Path file = Path.of(OtherProgramsFilesTest.class.getResource(name).toURI());
    Gaussians scene = SceneFormats.read(file);
    assertThat(scene.count()).isEqualTo(count);
    assertThat(scene.shDegree()).isEqualTo(degree);
    return scene;
  }
}

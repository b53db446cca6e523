package dev.diorama.programs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.diorama.programs.NodePrograms.Outcome;
import dev.diorama.splat.Gaussians;
import dev.diorama.splat.format.SceneFormats;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The Khronos Group's validator finds nothing wrong with our .glb. */
class GltfValidatorTest {
  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(ints = {0, 3})
  void shouldFindNothing(int degree) throws IOException {
    NodePrograms programs = NodePrograms.install("tests/programs");
    Random random = new Random(1);
    Gaussians scene = Gaussians.zeros(999, degree);
    for (float[] values :
        new float[][] {
          scene.means(), scene.quats(), scene.logScales(), scene.logitOpacities(), scene.sh()
        }) {
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) random.nextGaussian();
      }
    }
    scene.logitOpacities()[3] = Float.POSITIVE_INFINITY;
    scene.logScales()[4] = Float.NEGATIVE_INFINITY;
    Path file = folder.resolve("a.glb");
    SceneFormats.write(scene, file);
    Outcome outcome = programs.node("validate.mjs", file.toString());
    assertThat(outcome.status()).as(outcome.errors()).isZero();
    JsonNode issues = new ObjectMapper().readTree(outcome.output());
    // That it does not know the extension is all that it says.
    assertThat(issues).as(outcome.output()).hasSize(1);
    assertThat(issues.at("/0/code").asText()).isEqualTo("UNSUPPORTED_EXTENSION");
    assertThat(issues.at("/0/message").asText()).contains("KHR_gaussian_splatting");
  }
}

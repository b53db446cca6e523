package dev.diorama.model.clip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.diorama.model.Component;
import dev.diorama.model.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClipPreprocessorTest {

  private static final String CROP = "\"crop_size\":{\"width\":2,\"height\":4}";

  @TempDir Path folder;

  private ClipPreprocessor open(String more) throws IOException {
    Files.writeString(
        folder.resolve("preprocessor_config.json"),
        """
        {"size": {"shortest_edge": 4}, %s,
         "image_mean": [0.5, 0.25, 0], "image_std": [0.5, 1, 2]}
        """
            .formatted(more));
    return ClipPreprocessor.open(new Component("image_processor", folder, "CLIPImageProcessor"));
  }

  @Test
  void shouldKeepTheAspectRatio() throws IOException {
    ClipPreprocessor rules = open(CROP);
    assertThat(rules.resizedWidth(8, 5)).isEqualTo(6);
    assertThat(rules.resizedHeight(8, 5)).isEqualTo(4);
    assertThat(rules.resizedWidth(5, 9)).isEqualTo(4);
    assertThat(rules.resizedHeight(5, 9)).isEqualTo(7);
  }

  @Test
  void shouldCutTheMiddleAndNormalize() throws IOException {
    byte[] rgb = new byte[4 * 5 * 3];
    for (int pixel = 0; pixel < 20; pixel++) {
      rgb[3 * pixel] = (byte) 255;
      rgb[3 * pixel + 1] = (byte) pixel;
    }
    float[] values = open(CROP).normalize(rgb, 5, 4);
    assertThat(values).hasSize(3 * 4 * 2);
    assertThat(values[0]).isEqualTo(1);
    assertThat(values[8]).isEqualTo((float) (1 / 255.0 - 0.25));
    assertThat(values[15]).isEqualTo((float) (17 / 255.0 - 0.25));
    assertThat(values[16]).isZero();
    assertThatIllegalArgumentException().isThrownBy(() -> open(CROP).normalize(rgb, 4, 5 * 5));
  }

  @Test
  void shouldRefuseRulesThatAreNotImplemented() {
    for (String change :
        new String[] {
          CROP + ",\"do_center_crop\":false",
          CROP + ",\"resample\":2",
          "\"crop_size\":{\"width\":5,\"height\":4}"
        }) {
      assertThatExceptionOfType(ModelException.class)
          .isThrownBy(() -> open(change))
          .withMessageContaining("preprocessor_config.json");
    }
  }
}

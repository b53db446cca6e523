package dev.diorama.video.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diorama.model.Config;
import dev.diorama.model.ModelException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SchedulerConfigTest {
  private static final String UNIPC =
      "\"_class_name\":\"UniPCMultistepScheduler\",\"use_flow_sigmas\":true,"
          + "\"prediction_type\":\"flow_prediction\"";

  private static SchedulerConfig config(String values) throws IOException {
    byte[] json = ("{" + values + "}").getBytes(StandardCharsets.UTF_8);
    return new SchedulerConfig(Config.parse("scheduler_config.json", json));
  }

  @Test
  void shouldReadTheShiftUnderBothNames() throws IOException {
    assertThat(config(UNIPC + ",\"flow_shift\":3.5").flowShift()).isEqualTo(3.5);
    assertThat(config("\"shift\":7").flowShift()).isEqualTo(7);
    assertThat(config(UNIPC).flowShift()).isEqualTo(1);
  }

  @Test
  void shouldTakeInfiniteNumbersThatDoNotMatter() throws IOException {
    String values =
        "\"_class_name\":\"DPMSolverMultistepScheduler\",\"use_flow_sigmas\":true,"
            + "\"prediction_type\":\"flow_prediction\",\"lambda_min_clipped\":-Infinity";
    assertThat(config(values).create(4, 3.0).steps()).isEqualTo(4);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"use_karras_sigmas\":true",
        "\"use_beta_sigmas\":true",
        "\"use_dynamic_shifting\":true",
        "\"thresholding\":true",
        "\"predict_x0\":false",
        "\"prediction_type\":\"epsilon\"",
        "\"solver_order\":5",
        "\"solver_order\":0",
        "\"solver_type\":\"bh3\"",
        "\"final_sigmas_type\":\"none\"",
        "\"solver_p\":{}",
        "\"flow_shift\":\"three\"",
        "\"shift_terminal\":1.5",
        "\"_class_name\":\"DDIMScheduler\""
      })
  void shouldRefuseWhatItDoesNotDo(String value) throws IOException {
    String key = value.substring(1, value.indexOf(':') - 1);
    String kept = UNIPC.replaceFirst("\"" + key + "\":\"[^\"]*\",?", "");
    SchedulerConfig config = config(kept.replaceFirst(",$", "") + "," + value);
    assertThatThrownBy(() -> config.create(4, null))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining(key)
        .hasMessageContaining("scheduler_config.json");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, 10_001})
  void shouldRefuseOtherNumbersOfSteps(int steps) throws IOException {
    SchedulerConfig config = config(UNIPC);
    assertThatThrownBy(() -> config.create(steps, null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("steps");
  }
}

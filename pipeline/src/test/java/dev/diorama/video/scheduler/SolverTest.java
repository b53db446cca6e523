package dev.diorama.video.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.diorama.model.Config;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every solver must do, of whatever order. */
class SolverTest {

  static Stream<String> solvers() {
    List<String> all = new ArrayList<>();
    for (String prediction : List.of("flow_prediction", "sample")) {
      String common = ",\"use_flow_sigmas\":true,\"prediction_type\":\"" + prediction + "\"";
      for (int order = 1; order <= 4; order++) {
        for (String type : List.of("bh1", "bh2")) {
          String solver =
              "\"_class_name\":\"UniPCMultistepScheduler\",\"solver_order\":%d,\"solver_type\":\"%s\""
                  .formatted(order, type);
          all.add(solver + common);
          all.add(solver + common + ",\"lower_order_final\":false");
          all.add(solver + common + ",\"disable_corrector\":[0,2]");
        }
      }
      for (String type : List.of("midpoint", "heun")) {
        all.add(
            "\"_class_name\":\"DPMSolverMultistepScheduler\",\"solver_type\":\""
                + type
                + "\""
                + common);
      }
    }
    all.add("\"_class_name\":\"FlowMatchEulerDiscreteScheduler\"");
    return all.stream();
  }

  private static Scheduler scheduler(String values, int steps) throws IOException {
    byte[] json = ("{" + values + "}").getBytes(StandardCharsets.UTF_8);
    return new SchedulerConfig(Config.parse("test", json)).create(steps, 3.0);
  }

  /** A model that always knows the clean sample leads to it along a straight line. */
  @ParameterizedTest
  @MethodSource("solvers")
  void shouldFollowTheStraightLineToAKnownSample(String solver) throws IOException {
    double clean = 0.75;
    for (int steps : new int[] {1, 2, 3, 5, 20}) {
      Scheduler scheduler = scheduler(solver, steps);
      double noise = -1.25;
      double first = scheduler.sigma(0);
      double sample = clean * (1 - first) + noise * first;
      double[] state = new double[Update.FIRST_SLOT + scheduler.slots()];
      Arrays.fill(state, Double.NaN);
      state[Update.SAMPLE] = sample;
      for (int step = 0; step < steps; step++) {
        boolean flow = !solver.contains("\"sample\"");
        double sigma = scheduler.sigma(step);
        state[Update.PREDICTION] = flow ? (state[Update.SAMPLE] - clean) / sigma : clean;
        apply(scheduler.update(step), state);
        double next = scheduler.sigma(step + 1);
        assertThat(state[Update.SAMPLE])
            .as("%d steps, after step %d", steps, step)
            .isCloseTo(clean * (1 - next) + noise * next, within(1e-6));
      }
    }
  }

  private static void apply(Update update, double[] state) {
    double[] results = new double[update.targets().size()];
    for (int row = 0; row < results.length; row++) {
      double[] weights = update.weights().get(row);
      for (int i = 0; i < weights.length; i++) {
        assertThat(weights[i]).isFinite();
        results[row] += update.uses(i) ? weights[i] * state[i] : 0;
      }
    }
    for (int row = 0; row < results.length; row++) {
      int target = update.targets().get(row);
      state[target == Scheduler.SAMPLE ? Update.SAMPLE : Update.FIRST_SLOT + target] = results[row];
    }
  }

  /** Timesteps and levels fall, and end without noise. */
  @ParameterizedTest
  @MethodSource("solvers")
  void shouldFallToZero(String solver) throws IOException {
    Scheduler scheduler = scheduler(solver, 30);
    for (int step = 0; step < 30; step++) {
      assertThat(scheduler.sigma(step + 1)).isLessThan(scheduler.sigma(step));
      assertThat(scheduler.timestep(step)).isBetween(0f, 1000f);
    }
    assertThat(scheduler.sigma(30)).isZero();
  }
}

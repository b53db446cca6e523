package dev.diorama.splat.fit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diorama.Backend;
import dev.diorama.Context;
import dev.diorama.splat.data.Dataset;
import dev.diorama.splat.data.ProceduralScene;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class TrainingTest {

  /** Below black no picture has a gradient for a colour: by steps alone it would stay there. */
  @Test
  void shouldLearnColoursOfWhatFellBelowBlack() {
    try (Backend backend = Backend.open("cpu");
        Context context = backend.newContext()) {
      Dataset dataset = ProceduralScene.SOLIDS.dataset(backend, 32);
      // Larger steps than for real scenes: few are taken.
      LearningRates rates = new LearningRates(8e-4, 0.1, 5e-3, 2e-2, 5e-2, 5e-2, 0);
      FitOptions options =
          FitOptions.builder().iterations(400).rates(rates).shDegree(0).testEvery(0).build();
      Training training = Training.begin(context, dataset, options);
      float[] belowBlack = training.scene().sh();
      Arrays.fill(belowBlack, -3);
      training.parameters().sh.x.set(belowBlack);
      double before = training.evaluate().psnr();
      while (training.iteration() < 200) {
        training.step();
      }
      assertThat(training.evaluate().psnr()).isGreaterThan(before + 5);
    }
  }
}

package dev.diorama.model.wan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class RotaryTableTest {

  @Test
  void shouldTurnPairsWithTimeThenRowThenColumn() throws Exception {
    WanConfig config = WanConfigs.with("\"attention_head_dim\":14");
    PatchGrid grid = new PatchGrid(2, 3, 4);
    RotaryTable table = RotaryTable.of(config, grid);
    // 14 channels are 7 pairs: 2 for the column, 2 for the row, 3 for the frame.
    assertThat(table.cosine()).hasSize(24 * 7);
    int token = (1 * 3 + 2) * 4 + 3;
    double[] angles = {
      1,
      1 / Math.pow(10000, 1 / 3.0),
      1 / Math.pow(10000, 2 / 3.0),
      2,
      2 / Math.sqrt(10000),
      3,
      3 / Math.sqrt(10000)
    };
    for (int pair = 0; pair < angles.length; pair++) {
      float cosine = table.cosine()[token * 7 + pair];
      float sine = table.sine()[token * 7 + pair];
      assertThat(cosine).isCloseTo((float) Math.cos(angles[pair]), within(1e-7f));
      assertThat(sine).isCloseTo((float) Math.sin(angles[pair]), within(1e-7f));
    }
  }
}

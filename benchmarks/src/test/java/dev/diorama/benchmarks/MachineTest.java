package dev.diorama.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MachineTest {

  @Test
  void shouldTakeTheLargerOfBothFloors() {
    Machine machine = new Machine("", 2, 1e9, 1e6);

    assertThat(machine.floorMs(1e6, 10)).isEqualTo(1);
    assertThat(machine.floorMs(1, 2000)).isEqualTo(2);
  }

  @Test
  void shouldCountOnlyTheRunsAfterTheWarmUp() {
    int[] runs = {0};

    Timing timing = Timing.of(() -> runs[0]++, 4);

    assertThat(runs[0]).isEqualTo(6);
    assertThat(timing.min()).isLessThanOrEqualTo(timing.median());
    assertThat(timing.median()).isLessThanOrEqualTo(timing.max());
  }
}

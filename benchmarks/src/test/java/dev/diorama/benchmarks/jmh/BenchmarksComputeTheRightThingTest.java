package dev.diorama.benchmarks.jmh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** A benchmark that computes something else than its rival measures nothing. */
class BenchmarksComputeTheRightThingTest {

  @Test
  void shouldDoubleANumber() {
    CallBenchmark benchmark = new CallBenchmark();
    benchmark.setUp();
    try {
      float expected = 2 * benchmark.input();
      assertThat(benchmark.combineOneNumber().toFloats()).containsExactly(expected);
    } finally {
      benchmark.tearDown();
    }
  }

  @Test
  void shouldCallTheBareFunction() throws Throwable {
    assertThat(new CallBenchmark().bareDowncall()).isEqualTo(1);
  }

  @Test
  void shouldAttendAsTheLoopsDo() {
    AttentionBenchmark benchmark = new AttentionBenchmark();
    benchmark.setUp();
    try {
      same(benchmark.diorama().toFloats(), benchmark.javaLoops(), within(1e-5f));
    } finally {
      benchmark.tearDown();
    }
  }

  @Test
  void shouldMultiplyAsTheLoopsDo() {
    LinearBenchmark benchmark = new LinearBenchmark();
    benchmark.setUp();
    try {
      // Sums of 512 products of size 1: rounding of about 23 * 2^-24 * sqrt(512) on either side.
      same(benchmark.diorama().toFloats(), benchmark.javaLoops(), within(2e-4f));
    } finally {
      benchmark.tearDown();
    }
  }

  @Test
  void shouldNormaliseAndStepAsTheLoopsDo() {
    DenoiseBenchmark benchmark = new DenoiseBenchmark();
    benchmark.setUp();
    try {
      same(benchmark.layerNorm().toFloats(), benchmark.layerNormJavaLoops(), within(2e-5f));
      same(benchmark.step().toFloats(), benchmark.stepJavaLoops(), within(2e-6f));
    } finally {
      benchmark.tearDown();
    }
  }

  @Test
  void shouldConvolveAsTheLoopsDo() {
    CodecBenchmark benchmark = new CodecBenchmark();
    benchmark.setUp();
    try {
      same(benchmark.diorama().toFloats(), benchmark.javaLoops(), within(2e-4f));
    } finally {
      benchmark.tearDown();
    }
  }

  @Test
  void shouldMakeEveryFrameTheSameTwice() throws Exception {
    PipelineBenchmark benchmark = new PipelineBenchmark();
    benchmark.setUp();
    try {
      var first = benchmark.promptToFrames();
      var second = benchmark.promptToFrames();
      assertThat(first).hasSize(17);
      for (int i = 0; i < first.size(); i++) {
        assertThat(second.get(i).rgb()).isEqualTo(first.get(i).rgb());
      }
    } finally {
      benchmark.tearDown();
    }
  }

  private static void same(float[] ours, float[] loops, Offset<Float> tolerance) {
    assertThat(ours).hasSameSizeAs(loops);
    boolean anything = false;
    for (int i = 0; i < ours.length; i++) {
      assertThat(ours[i]).as("element %d", i).isCloseTo(loops[i], tolerance);
      anything |= loops[i] != 0;
    }
    assertThat(anything).isTrue();
  }
}

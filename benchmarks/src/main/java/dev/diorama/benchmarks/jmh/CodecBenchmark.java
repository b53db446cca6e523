package dev.diorama.benchmarks.jmh;

import dev.diorama.Conv3d;
import dev.diorama.Tensor;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A causal 3x3x3 convolution of two frames of 32x32 pixels and 32 channels, beside loops in Java.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class CodecBenchmark extends KernelState {
  static final int FRAMES = 2;
  static final int SIZE = 32;
  static final int CHANNELS = 32;

  private Tensor x;
  private Tensor weight;
  private Tensor out;
  private float[] heapX;
  private float[] heapWeight;

  @Setup
  public void setUp() {
    open();
    x = random(1, FRAMES, SIZE, SIZE, CHANNELS);
    weight = random(CHANNELS, 3, 3, 3, CHANNELS);
    out = empty(1, FRAMES, SIZE, SIZE, CHANNELS);
    heapX = x.toFloats();
    heapWeight = weight.toFloats();
  }

  @TearDown
  public void tearDown() {
    close();
  }

  @Benchmark
  public Tensor diorama() {
    kernels().conv3d(x, null, weight, null, null, Conv3d.causal(3, 3, 3), out);
    return out;
  }

  @Benchmark
  public float[] javaLoops() {
    float[] result = new float[FRAMES * SIZE * SIZE * CHANNELS];
    for (int t = 0; t < FRAMES; t++) {
      for (int row = 0; row < SIZE; row++) {
        for (int column = 0; column < SIZE; column++) {
          convolve(t, row, column, result);
        }
      }
    }
    return result;
  }

  private void convolve(int t, int row, int column, float[] result) {
    int target = ((t * SIZE + row) * SIZE + column) * CHANNELS;
    for (int dt = 0; dt < 3; dt++) {
      for (int dy = 0; dy < 3; dy++) {
        for (int dx = 0; dx < 3; dx++) {
          int frame = t + dt - 2;
          int y = row + dy - 1;
          int x0 = column + dx - 1;
          if (frame < 0 || y < 0 || y >= SIZE || x0 < 0 || x0 >= SIZE) {
            continue;
          }
          int source = ((frame * SIZE + y) * SIZE + x0) * CHANNELS;
          int tap = ((dt * 3 + dy) * 3 + dx) * CHANNELS;
          for (int o = 0; o < CHANNELS; o++) {
            float sum = 0;
            for (int i = 0; i < CHANNELS; i++) {
              sum += heapX[source + i] * heapWeight[o * 27 * CHANNELS + tap + i];
            }
            result[target + o] += sum;
          }
        }
      }
    }
  }
}
